"""The runner on a page of its own, in any browser, and a server that receives what it posts.

The page's policy allows nothing but its own script, WebAssembly and the worker that it makes: a
page that is saved to a file is as strict.
"""

import base64
import hashlib
import json
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.config import HourglassError
from pages.ui.components import runner
from tests.driving.serving import QUIET, browser_path

WASM, WORKER = "'wasm-unsafe-eval'", "blob:"
FIREFOXES = ("firefox-esr", "firefox")
MINUTES = 6  # until a browser must have posted
POSTING = """
fetch("task")
  .then((answer) => answer.json())
  .then(main)
  .catch((error) => ({ error: String(error) }))
  .then((found) => fetch("found", { method: "POST", body: JSON.stringify(found) }));
"""


@dataclass(frozen=True)
class Browser:
    """How a browser is started headless.  profile: the start of its option for a profile folder."""

    name: str
    command: Sequence[str]
    profile: Sequence[str]

    def started(self, folder: str, address: str) -> list[str]:
        """The command that opens an address with a profile of its own."""
        *words, last = self.profile
        own = [*words, f"{last}{folder}"]
        return [*self.command, *own, address]


@dataclass(frozen=True)
class RunnerServer:
    """A server of this machine alone.  address: of the page.  posted: what the page has sent."""

    address: str
    posted: "queue.Queue[bytes]" = field(default_factory=queue.Queue)


def browsers() -> list[Browser]:
    """Chromium, and Firefox where it is installed; HourglassError if there is no Chromium."""
    found = [Browser("Chromium", [browser_path(), *QUIET], ["--user-data-dir="])]
    if firefox := next(filter(None, map(shutil.which, FIREFOXES)), None):
        command = [firefox, "--headless", "--no-remote"]
        found.append(Browser("Firefox", command, ["--profile", ""]))
    return found


def posted_by(browser: Browser, script: str, task: object, files: Mapping[str, bytes]) -> Any:
    """What `main(task)` of a script returns in a browser.

    files: what the script can fetch, by name.
    Raises HourglassError if the script fails, or posts nothing in MINUTES.
    """
    files = {"task": json.dumps(task).encode(), **files}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        serving_page(files, page(script + POSTING)) as served,
    ):
        process = subprocess.Popen(
            browser.started(folder, served.address),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = json.loads(served.posted.get(timeout=60 * MINUTES))
        except queue.Empty:
            raise HourglassError(f"{browser.name} posted nothing in {MINUTES} minutes.") from None
        finally:
            process.terminate()
            process.wait(20)
    if isinstance(found, dict) and "error" in found:
        raise HourglassError(f"{browser.name} failed: {found['error']}")
    return found


def page(script: str = "", wasm: str = WASM, worker: str = WORKER) -> str:
    """The page as HTML, its content security policy in it.

    script: runs after `hourglassRunner` is defined.  wasm, worker: what the policy says of them;
    "" and "'none'" forbid them.
    """
    text = runner.script() + script
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}' {wasm}; worker-src {worker}; "
        "connect-src 'self'"
    )
    return (
        '<!doctype html><meta charset="utf-8"><title>Runner</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><script>{text}</script>'
    )


@contextmanager
def serving_page(files: Mapping[str, bytes], html: str) -> Iterator[RunnerServer]:
    """The page under / and the files under their names, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    shared = RunnerServer(f"http://127.0.0.1:{server.server_port}/")
    server.content = {"": html.encode(), **files}  # type: ignore[attr-defined]
    server.shared = shared  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shared
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        name = self.path.lstrip("/").partition("?")[0]
        content = self.server.content.get(name)  # type: ignore[attr-defined]
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/octet-stream" if name else "text/html")
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.shared.posted.put(body)  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()
