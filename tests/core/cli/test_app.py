"""`python -m core app`: the port, the browser, and what is started."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli import app as command
from core.config import OptionError

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listening:
        listening.bind((command.HOST, 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_port_that_is_free_is_taken(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind((command.HOST, 0))
        port = probe.getsockname()[1]
    assert command.free_port(port) == port


def test_port_in_use_gives_the_next_free_one(taken: int) -> None:
    assert not command.is_free(taken)
    assert taken < command.free_port(taken) < taken + command.PORTS_TRIED


def test_port_bound_by_somebody_who_does_not_listen_is_in_use() -> None:
    with socket.socket() as bound:
        bound.bind((command.HOST, 0))
        assert not command.is_free(bound.getsockname()[1])


def test_no_free_port_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "is_free", lambda port: False)
    with pytest.raises(OptionError, match="--port"):
        command.free_port(65500)


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":10", "SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
        ("win32", {}, True),
    ],
)
def test_browser_opens_only_where_its_window_would_be_seen(
    platform: str, environment: dict[str, str], expected: bool
) -> None:
    assert command.can_open_browser(platform, environment) is expected


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_dashboard_on_a_port_in_use_starts_on_another_and_ends_by_ctrl_c(
    taken: int, tmp_path: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if "DISPLAY" not in k}
    with open(tmp_path / "out", "w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "app", "--port", str(taken)],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(tmp_path / "out", process)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=60)
    text = (tmp_path / "out").read_text()
    assert f"Port {taken} is in use, so Hourglass takes " in text
    assert "Open http://127.0.0.1:" in text
    assert code == 0
    assert "Traceback" not in text


def wait_until_healthy(out: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, out.read_text()
        _, found, rest = out.read_text().partition("Open ")
        if found:
            try:
                with urllib.request.urlopen(f"{rest.split()[0]}/_stcore/health", timeout=5) as ok:
                    assert ok.read() == b"ok"
                    return
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(out.read_text())
