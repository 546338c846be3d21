"""Streamlit's server for app.py, which gets ready for the first visitor while his browser starts.

`python -m pages.ui.serve run app.py` takes the arguments of `streamlit`, and prints its address as
soon; what the pages need is then loaded in the background. `streamlit run app.py` shows the same
pages, later.
"""

import os
import socket
import sys
import threading
import time

from streamlit import runtime
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_server

from core.machine import cores

POLL_SECONDS = 0.01
PAUSE_SECONDS = 3.0  # in which the first page is drawn: the rest would take its processor


def main() -> None:
    """Become `streamlit` with the arguments given."""
    spare_the_others()
    send_at_once()
    threading.Thread(target=get_ready, name="get-ready", daemon=True).start()
    sys.argv[0] = "streamlit"
    cli.main()


def get_ready() -> None:
    """Load what pages need, once the server is there: components are registered with it."""
    while not runtime.exists():
        time.sleep(POLL_SECONDS)
    from pages.ui import preloading

    preloading.first_page()
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


if __name__ == "__main__":
    main()
