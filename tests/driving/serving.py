"""The app on a port of its own, and the browser to visit it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import PROJECT, HourglassError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60
# Streamlit's own server for a script, as it is without what app.py puts around it.
BARE = """
import sys
from streamlit.web import bootstrap
options = {"server_headless": True, "server_port": int(sys.argv[2])}
bootstrap.load_config_options(options)
bootstrap.run(sys.argv[1], False, [], options)
"""


@contextmanager
def serving(
    log: Path, environment: Mapping[str, str] | None = None, script: str = "app.py"
) -> Iterator[str]:
    """The address of an app that runs as long as the block does.

    log: where the server writes.  environment: added to ours.  script: what is run.
    Raises HourglassError with the log if it does not start.
    """
    with process(log, environment, script) as (address, _):
        yield address


@contextmanager
def process(
    log: Path,
    environment: Mapping[str, str] | None = None,
    script: str = "app.py",
    bare: bool = False,
    watched: Sequence[str] = (),
) -> Iterator[tuple[str, int]]:
    """Context with a running server's address and process id.

    bare: without what app.py puts around Streamlit.  watched: a command that runs the server's, as
    strace does.
    """
    port = free_port()
    options = ["--server.headless", "true", "--server.port", str(port)]
    run = ["-c", BARE, script, str(port)] if bare else ["-m", "streamlit", "run", script, *options]
    with log.open("w") as out:
        server = subprocess.Popen(
            [*watched, sys.executable, *run],
            cwd=PROJECT,
            env=os.environ | dict(environment or {}),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(port, server, log)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
            server.wait(10)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def browser_path() -> str:
    """The Chromium named in HOURGLASS_CHROMIUM, or the first one found; HourglassError if none."""
    found = os.environ.get("HOURGLASS_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), ""
    )
    if not found:
        raise HourglassError(
            "No Chromium or Chrome here: install one, or name it in HOURGLASS_CHROMIUM."
        )
    return found


@contextmanager
def browsing() -> Iterator["Browser"]:
    """A headless browser that runs as long as the block does; HourglassError if there is none."""
    from playwright.sync_api import sync_playwright  # where it is missing, servers still can be run

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser_path(), args=QUIET) as browser,
    ):
        yield browser


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise HourglassError(f"The server did not start:\n{log.read_text()}")
