"""A web server on this machine alone, whose files can be whole, damaged, cut short or stalled."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch


class Loopback:
    """files: what each path holds.  faults: what goes wrong with a path; asked: paths so far.

    A fault is "missing", "short", "damaged", "stalled", "silent" or "endless".
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.released = threading.Event()


@contextmanager
def loopback() -> Iterator[Loopback]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shared = Loopback(server.server_port)
    server.shared = shared  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with patch.dict(os.environ, {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}):
            yield shared
    finally:
        shared.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        shared: Loopback = self.server.shared  # type: ignore[attr-defined]
        path = self.path.lstrip("/")
        shared.asked.append(path)
        fault = shared.faults.get(path, "")
        if fault == "silent":
            shared.released.wait(10)
            return
        if fault == "missing" or path not in shared.files:
            self.send_error(404)
            return
        content = shared.files[path]
        self.send_response(200)
        if path.endswith("/"):  # a list of files, for pip
            self.send_header("Content-Type", "text/html")
        if fault != "endless":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(content, fault, shared)

    def _send(self, content: bytes, fault: str, shared: Loopback) -> None:
        half = len(content) // 2
        if fault == "damaged":
            content = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        self.wfile.write(content[:half] if fault in ("short", "stalled") else content)
        self.wfile.flush()
        if fault == "stalled":
            shared.released.wait(10)
        while fault == "endless":
            self.wfile.write(content)
