"""Streamlit's server for app.py, which gets ready for the first visitor while his browser starts.

`python -m pages.ui.server.serve run app.py` takes the arguments of `streamlit`, and prints its
address as soon; what the pages need is then loaded in the background. `streamlit run app.py` shows
the same pages, later.
"""

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from streamlit import runtime
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_server, starlette_static_routes

from core.machine import cores
from pages.ui.server import shell

Answer = Callable[[str, MutableMapping[str, Any]], Awaitable[Response]]
GET_READY = "get-ready"
NO_SESSION = "streamlit.runtime.scriptrunner_utils.script_run_context"  # warns of our thread
POLL_SECONDS = 0.01
PAUSE_SECONDS = 3.0  # in which the first page is drawn: the rest would take its processor


def main() -> None:
    """Become `streamlit` with the arguments given."""
    spare_the_others()
    send_at_once()
    index = Index()
    index.install()
    threading.Thread(target=get_ready, args=(index,), name=GET_READY, daemon=True).start()
    sys.argv[0] = "streamlit"
    cli.main()


def get_ready(index: "Index") -> None:
    """Load what pages need, once the server is there: components are registered with it."""
    logging.getLogger(NO_SESSION).addFilter(lambda record: GET_READY not in record.getMessage())
    while not runtime.exists():
        time.sleep(POLL_SECONDS)
    from pages.ui.server import preloading

    preloading.first_page()
    index.landing = preloading.landing()
    time.sleep(PAUSE_SECONDS)
    preloading.other_pages()


def spare_the_others() -> None:
    """Have NumPy's products use as many threads as the networks do; before NumPy is loaded.

    With a thread a core, each small product costs twice the processor time: threads wait by
    spinning, and take what the other visitors and a training run need.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, cores() // 2))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", threads)


def send_at_once() -> None:
    """Have small messages sent without waiting for the answer to the one before.

    Streamlit 1.67 leaves Nagle's algorithm on: with a Linux browser's delayed answers each rerun
    takes 40 ms longer (github.com/Kludex/uvicorn/issues/3149 says why). Connections inherit the
    option from the socket that is listened on.
    """
    bind = starlette_server._bind_socket  # the only place to reach the socket

    def bind_without_delay(address: str, port: int, backlog: int) -> socket.socket:
        listening = bind(address, port, backlog)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    starlette_server._bind_socket = bind_without_delay


class Index:
    """Has every page of the app begin with our index.html (shell.py) instead of Streamlit's.

    landing: what moves on the first page, once it is known.
    """

    landing: shell.Landing | None = None

    def install(self) -> None:
        """To be called before the server starts: the only place to reach what it answers."""
        make = starlette_static_routes.create_streamlit_static_handler

        def make_ours(directory: str, base_url: str | None) -> StaticFiles:
            files = make(directory, base_url)
            theirs = files.get_response

            async def ours(path: str, scope: MutableMapping[str, Any]) -> Response:
                return self.answer(path, scope) or await self.instead(theirs, path, scope)

            files.get_response = ours  # type: ignore[method-assign]
            return files

        starlette_static_routes.create_streamlit_static_handler = make_ours

    def answer(self, path: str, scope: MutableMapping[str, Any]) -> Response | None:
        """What moves, if that is asked for."""
        landing = self.landing
        if landing is None or path != landing.name or scope["method"] != "GET":
            return None
        kept = {"Cache-Control": "public, immutable, max-age=31536000"}
        return Response(landing.message, media_type="application/octet-stream", headers=kept)

    async def instead(self, theirs: Answer, path: str, scope: MutableMapping[str, Any]) -> Response:
        """Streamlit's answer, unless that is its index.html: given for all that is no file."""
        response = await theirs(path, scope)
        if not str(getattr(response, "path", "")).endswith("index.html"):
            return response
        page = path.strip("./")
        landing = None if page or scope["query_string"] else self.landing
        return HTMLResponse(shell.index(page, landing), headers={"Cache-Control": "no-cache"})


if __name__ == "__main__":
    main()
