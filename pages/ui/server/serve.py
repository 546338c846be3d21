"""Everything that app.py adds to Streamlit: access rules, our index.html, preloading.

All of it is passed to st.App, so that it is the same however the server is started: by
`make app`, by `streamlit run app.py`, or as `app:app` by another ASGI server.
"""

import contextlib
import logging
import os
import socket
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.machine import cores
from pages.ui.server import halfway, originals, shell, waiting
from pages.ui.server.hosts import OnlyOurs

GET_READY = "get-ready"
NO_SESSION = "streamlit.runtime.scriptrunner_utils.script_run_context"  # warns about our thread
PAUSE_SECONDS = 3.0  # before loading the rest, which would slow down the first page
NEW_EACH_TIME = {"Cache-Control": "no-cache"}
KEPT = {"Cache-Control": "public, immutable, max-age=31536000"}
# Pages may load from and connect to this server only. Otherwise a link could make Streamlit's
# scripts load content from the servers of its vendor (?staticAppId=...).
POLICY = "; ".join(
    (
        "default-src 'self' data: blob:",
        "script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'",  # our shell; Plotly's WebGL
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' data: blob: ws://{host} wss://{host}",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)


@dataclass
class Known:
    """Results of the preparation.  landing: content of the first page, None until it is ready."""

    landing: shell.Landing | None = None


KNOWN = Known()


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Context of the server's life: preparation starts as soon as it listens."""
    send_at_once()
    stopped = threading.Event()
    for work in (get_ready, lambda: halfway.watch(stopped)):
        threading.Thread(target=work, name=GET_READY, daemon=True).start()
    yield
    stopped.set()


def get_ready() -> None:
    """Open the browser, load what pages need, and clean up after killed processes."""
    logging.getLogger(NO_SESSION).addFilter(lambda record: GET_READY not in record.getMessage())
    if address := address_to_open():
        webbrowser.open(address)
    from pages.ui.server import preloading

    preloading.first_page()
    KNOWN.landing = preloading.landing()
    time.sleep(PAUSE_SECONDS)
    preloading.other_pages()
    from core.imports import control as import_control
    from core.runs import control as run_control

    with contextlib.suppress(OSError):  # a read-only folder
        run_control.tidy()
        import_control.tidy()


def address_to_open() -> str | None:
    """The address of the first page to open in a browser.

    None with --server.headless, and under another ASGI server, whose port is not known.
    """
    port = st.get_option("server.port")
    if st.get_option("server.headless") or port not in (c.laddr.port for c in _listening()):
        return None
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{st.get_option('browser.serverAddress')}:{port}{base()}/"


def base() -> str:
    """The base path of all addresses of this server: "" or, for example, "/hourglass"."""
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


def spare_the_others() -> None:
    """Limit NumPy's matrix products to as many threads as networks use; call before NumPy loads.

    With a thread for each core, small products cost twice the processor time, because threads spin
    while they wait, which slows down other visitors and training runs.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // 2))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", threads)


def send_at_once() -> None:
    """Set TCP_NODELAY, so that small messages are sent without waiting for an acknowledgement.

    Streamlit 1.67 creates its socket in a way that keeps asyncio from setting it, and with the
    delayed acknowledgements of Linux each rerun takes 40 ms longer. Connections inherit the option
    from the listening socket of this process.
    """
    for connection in _listening():
        if connection.fd >= 0:  # Windows does not give it
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _listening() -> Iterator[Any]:
    """The listening TCP sockets of this process; none if the system does not list them."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.Process().net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                yield connection


class OurIndex:
    """ASGI middleware that answers pages with our index.html (shell.py) and a security policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer our own paths, and pass other requests on to Streamlit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ours = answer(scope) if scope["method"] in ("GET", "HEAD") else None
        await (ours or self.app)(scope, receive, _kept_here(Headers(scope=scope)["host"], send))


def answer(scope: Scope) -> ASGIApp | None:
    """The answer to one of our paths: a page, the first page's content, the progress of a bar,
    the original of an own image, or an archive of them.

    None for any other path.
    """
    root = scope.get("root_path", "") + base()
    if not scope["path"].startswith(f"{root}/"):
        return None
    name, landing = scope["path"].removeprefix(f"{root}/"), KNOWN.landing
    if landing and name == landing.name:
        return Response(landing.message, media_type="application/octet-stream", headers=KEPT)
    if name == waiting.PATH:
        return waiting.answer(scope)
    if name == originals.PATH:
        return originals.answer(scope)
    if name == originals.ZIP_PATH:
        return originals.archive(scope)
    if not shell.is_page(name):
        return None
    moves = None if name or scope["query_string"] else landing
    return GZipMiddleware(HTMLResponse(shell.index(name, moves), headers=NEW_EACH_TIME))


def _kept_here(host: str, send: Send) -> Send:
    """Wrap send, adding POLICY to every HTML page.  host: of the request."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["content-security-policy"] = POLICY.format(host=host)
        await send(message)

    return sent


MIDDLEWARE = (Middleware(halfway.Asking), Middleware(OnlyOurs), Middleware(OurIndex))
spare_the_others()
logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # without messages about start and end
