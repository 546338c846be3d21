"""What app.py puts around Streamlit: who is answered, our index.html, getting ready.

All of it goes in through st.App, so that it is the same however the server is started: by
`make app`, by `streamlit run app.py`, or as `app:app` by an ASGI server of your own.
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
from pages.ui.server import halfway, shell, waiting
from pages.ui.server.hosts import OnlyOurs

GET_READY = "get-ready"
NO_SESSION = "streamlit.runtime.scriptrunner_utils.script_run_context"  # warns of our thread
PAUSE_SECONDS = 3.0  # in which the first page is drawn: the rest would take its processor
NEW_EACH_TIME = {"Cache-Control": "no-cache"}
KEPT = {"Cache-Control": "public, immutable, max-age=31536000"}
# What a page may load and whom it may speak to: this server alone. Otherwise a link could make
# Streamlit's scripts ask its maker's servers for what they show (?staticAppId=...).
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
    """What the server finds out while it gets ready.  landing: what moves on the first page."""

    landing: shell.Landing | None = None


KNOWN = Known()


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Around the life of the server, which begins to get ready as soon as it listens."""
    send_at_once()
    stopped = threading.Event()
    for work in (get_ready, lambda: halfway.watch(stopped)):
        threading.Thread(target=work, name=GET_READY, daemon=True).start()
    yield
    stopped.set()


def get_ready() -> None:
    """Open the browser, load what pages need, and tidy up after processes that were killed."""
    logging.getLogger(NO_SESSION).addFilter(lambda record: GET_READY not in record.getMessage())
    if address := address_to_open():
        webbrowser.open(address)
    from pages.ui.server import preloading

    preloading.first_page()
    KNOWN.landing = preloading.landing()
    time.sleep(PAUSE_SECONDS)
    preloading.other_pages()
    from core.runs import control as run_control

    with contextlib.suppress(OSError):  # a folder that may not be written to
        run_control.tidy()


def address_to_open() -> str | None:
    """Where the first page is, if whoever started this server wants to see it now.

    None with --server.headless, and if another server than Streamlit's listens, which chose its
    port itself.
    """
    port = st.get_option("server.port")
    if st.get_option("server.headless") or port not in (c.laddr.port for c in _listening()):
        return None
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{st.get_option('browser.serverAddress')}:{port}{base()}/"


def base() -> str:
    """What all paths of this server begin with: "" or, for example, "/hourglass"."""
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


def spare_the_others() -> None:
    """Have NumPy's products use as many threads as the networks do; before NumPy is loaded.

    With a thread a core, each small product costs twice the processor time: threads wait by
    spinning, and take what the other visitors and a training run need.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // 2))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", threads)


def send_at_once() -> None:
    """Have small messages sent without waiting for the answer to the one before.

    Streamlit 1.67 makes its socket in a way that keeps asyncio from doing so, and with a Linux
    browser's delayed answers each rerun takes 40 ms longer. Connections inherit the option from
    the socket that is listened on, which is this process's own.
    """
    for connection in _listening():
        if connection.fd >= 0:  # Windows does not tell
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _listening() -> Iterator[Any]:
    """The TCP sockets on which this process waits for visitors; none where that is not told."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.Process().net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                yield connection


class OurIndex:
    """ASGI middleware: every page of the app begins with our index.html (shell.py), and whatever
    page it is keeps to this server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is ours, and have Streamlit answer the rest."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ours = answer(scope) if scope["method"] in ("GET", "HEAD") else None
        await (ours or self.app)(scope, receive, _kept_here(Headers(scope=scope)["host"], send))


def answer(scope: Scope) -> ASGIApp | None:
    """The index.html of a page, what moves on the first one, or what bars ask; None if it is none
    of these.
    """
    root = scope.get("root_path", "") + base()
    if not scope["path"].startswith(f"{root}/"):
        return None
    name, landing = scope["path"].removeprefix(f"{root}/"), KNOWN.landing
    if landing and name == landing.name:
        return Response(landing.message, media_type="application/octet-stream", headers=KEPT)
    if name == waiting.PATH:
        return waiting.answer(scope)
    if not shell.is_page(name):
        return None
    moves = None if name or scope["query_string"] else landing
    return GZipMiddleware(HTMLResponse(shell.index(name, moves), headers=NEW_EACH_TIME))


def _kept_here(host: str, send: Send) -> Send:
    """Sends on, and gives every HTML page POLICY.  host: what this server is called."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["content-security-policy"] = POLICY.format(host=host)
        await send(message)

    return sent


MIDDLEWARE = (Middleware(halfway.Asking), Middleware(OnlyOurs), Middleware(OurIndex))
spare_the_others()
logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it would tell how it starts and ends
