"""No process of ours looks up or connects to another host, and none is known by a number.

What native code does shows in its system calls only: strace sees them, where there is one.
"""

import ast
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.driving.serving import process
from tests.driving.visitor import Visitor
from tests.pages.tiny_models import save_tiny_models

PROJECT = Path(__file__).resolve().parents[1]
SWITCH = "ORT_DISABLE_TELEMETRY"
FIRST = ("core", "pages.ui", "benchmarks")  # what is imported before anything below it
TRACE = ("strace", "-f", "-q", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o")
ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
RESOLVER = re.compile(r'sun_path="[^"]*resolve')
DNS = 53


def environment(home: Path) -> dict[str, str]:
    """Ours, with everything that is kept in a home of its own, and nothing switched off."""
    places = {"HOME": home, "XDG_CACHE_HOME": home / "cache", "HOURGLASS_HOME": home / "hourglass"}
    places["HOURGLASS_CHECKPOINTS"] = home / "checkpoints"
    kept = {name: value for name, value in os.environ.items() if name != SWITCH}
    return kept | {name: str(place) for name, place in places.items()}


def ran(home: Path, *command: object) -> str:
    result = subprocess.run(
        [*map(str, command)],
        cwd=PROJECT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def imports_runtime(path: Path) -> bool:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return any(name.split(".")[0] == "onnxruntime" for name in names)


@pytest.mark.parametrize("package", FIRST)
def test_runtime_is_told_to_report_nothing_by_whatever_is_imported_first(
    package: str, tmp_path: Path
) -> None:
    code = f"import {package}, os, sys; print(os.environ['{SWITCH}'], 'onnxruntime' in sys.modules)"
    assert ran(tmp_path, sys.executable, "-c", code).split() == ["1", "False"]


def test_runtime_is_imported_below_these_packages_only() -> None:
    assert os.environ[SWITCH] == "1"  # tests/conftest.py imports core
    folders = [PROJECT / name.replace(".", "/") for name in FIRST]
    for path in [PROJECT / "app.py", *sorted((PROJECT / "pages").rglob("*.py"))]:
        if imports_runtime(path):
            assert any(folder in path.parents for folder in folders), path


def test_runtime_keeps_no_number_for_this_machine(tmp_path: Path) -> None:
    save_tiny_models(tmp_path / "checkpoints")
    code = (
        "from core.inference import Autoencoder; import sys, numpy; "
        "Autoencoder.load('tiny-dense').encode(numpy.zeros((1, 1, 28, 28), numpy.float32)); "
        "assert 'onnxruntime' in sys.modules"
    )
    ran(tmp_path, sys.executable, "-c", code)
    assert not (tmp_path / "cache").exists()


@pytest.fixture(scope="module")
def strace() -> str:
    """What runs a command and writes down where it connects to; the test is skipped without."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: nobody sees what native code connects to")
    tried = subprocess.run([*TRACE, os.devnull, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.decode().strip()}")
    return "strace"


def outside(calls: Path) -> list[str]:
    """The calls, of those that were written down, that go to another host or ask for its name."""
    return [line for line in calls.read_text().splitlines() if _is_outside(line)]


def _is_outside(call: str) -> bool:
    found = ADDRESS.search(call)
    if found is None:
        return RESOLVER.search(call) is not None
    address = ipaddress.ip_address(found[2])
    address = getattr(address, "ipv4_mapped", None) or address
    return int(found[1]) == DNS or not address.is_loopback


INET = '7 connect(3, {{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr("{}")}}, 16) = 0'
INET6 = (
    "7 connect(3, {{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl(0), "
    'inet_pton(AF_INET6, "{}", &sin6_addr), sin6_scope_id=0}}, 28) = 0'
)
UNIX = '7 connect(3, {{sa_family=AF_UNIX, sun_path="{}"}}, 110) = 0'


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (INET.format(8501, "127.0.0.1"), False),
        (INET.format(53, "127.0.0.53"), True),
        (INET.format(443, "8.8.8.8"), True),
        (INET.format(443, "8.8.8.8").replace("connect(3, ", 'sendto(3, "abc", 3, 0, '), True),
        (INET6.format(443, "2001:db8::1"), True),
        (INET6.format(443, "::1"), False),
        (INET6.format(443, "::ffff:127.0.0.1"), False),
        (UNIX.format("/run/nscd/socket"), False),
        (UNIX.format("/run/systemd/resolve/io.systemd.Resolve"), True),
        ('7 sendto(3, "abc", 3, MSG_NOSIGNAL, NULL, 0) = 3', False),
    ],
)
def test_call_that_leaves_this_machine_is_told_from_others(call: str, expected: bool) -> None:
    assert _is_outside(call) is expected


def test_look_up_is_seen(strace: str, tmp_path: Path) -> None:
    code = "import socket\ntry: socket.getaddrinfo('example.invalid', 80)\nexcept OSError: pass"
    ran(tmp_path, *TRACE, tmp_path / "calls", sys.executable, "-c", code)
    assert outside(tmp_path / "calls")


@pytest.mark.slow
def test_training_and_what_follows_it_stays_on_this_machine(strace: str, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (600, 28, 28), np.uint8)
    (tmp_path / "photos").mkdir()
    for i, image in enumerate(images):  # enough of them to be decoded by other processes
        Image.fromarray(image).save(tmp_path / "photos" / f"{i}.png")
    scores = tmp_path / "scores.csv"
    for i, command in enumerate(
        (
            "train --dataset mnist-5k --arch dense --latent-dim 2 --epochs 1 --name small",
            f"score small {tmp_path / 'photos'} --out {scores}",
            "evaluate small --sigma 0.5",
            "outliers small --outlier-class 5",
        )
    ):
        calls = tmp_path / f"calls-{i}"
        ran(tmp_path, *TRACE, calls, sys.executable, "-m", "core", *command.split())
        assert outside(calls) == [], command
    assert len(scores.read_text().splitlines()) == len(images) + 1
    assert not (tmp_path / "cache" / "Microsoft").exists()


@pytest.mark.slow
def test_server_and_its_visitors_stay_on_this_machine(strace: str, tmp_path: Path) -> None:
    save_tiny_models(tmp_path / "checkpoints")
    calls = tmp_path / "calls"
    watched = [TRACE[0], "-D", *TRACE[1:], str(calls)]  # beside the server, which ends by itself
    with process(tmp_path / "log", environment(tmp_path), watched=watched) as (address, pid):
        for page in ("", "latent", "outliers", "train"):
            with Visitor(address, page) as visitor:
                visitor.again()
        refuse(address, None, "http://evil.com", "http://localhost:1")
    wait_for_the_end(pid, calls)
    assert outside(calls) == []
    assert not (tmp_path / "cache" / "Microsoft").exists()


def wait_for_the_end(pid: int, calls: Path) -> None:
    """Until strace has written that this process is no more."""
    until = time.monotonic() + 30
    while not re.search(rf"^{pid} +\+\+\+", calls.read_text(), re.MULTILINE):
        assert time.monotonic() < until, "strace does not come to an end"
        time.sleep(0.05)


def refuse(address: str, *origins: str | None) -> None:
    """Be refused a websocket."""
    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    for origin in origins:
        with pytest.raises(InvalidStatus):
            connect(stream, origin=Origin(origin) if origin else None)
