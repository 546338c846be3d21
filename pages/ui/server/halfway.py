"""Connections that ask for nothing are closed: each takes a place and memory.

Uvicorn closes a connection that was answered and then is silent, and one whose request stops in the
middle of its body; it waits for ever for the rest of a request line or of headers. So it is noted
here which connections have a request or a websocket of ours, and now and then the others are shut.
Behind a proxy, which sees to that itself, a request does not tell its connection: then none is.
"""

import contextlib
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import psutil
from starlette.types import ASGIApp, Receive, Scope, Send

SECONDS = 15.0  # that a connection may be open without a whole request
LOOK_SECONDS = 5.0


class Peer(NamedTuple):
    """Who is at the other end."""

    host: str
    port: int


class Asking:
    """ASGI middleware, the first that a request meets: notes whose request is being answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        client = scope.get("client")
        if client is None:
            await self.app(scope, receive, send)
            return
        peer = Peer(*client)
        KNOWN.begin(peer)
        try:
            await self.app(scope, receive, send)
        finally:
            KNOWN.end(peer)


class Known:
    """How many requests of each peer are being answered, and since when the others are silent."""

    def __init__(self) -> None:
        self._is_behind_proxy = False
        self._asking: Counter[Peer] = Counter()
        self._silent: dict[Peer, float] = {}
        self._lock = threading.Lock()

    def begin(self, peer: Peer) -> None:
        """A request of a peer has arrived."""
        with self._lock:
            self._is_behind_proxy |= peer.port == 0  # what Uvicorn says of X-Forwarded-For
            self._asking[peer] += 1
            self._silent.pop(peer, None)

    def end(self, peer: Peer) -> None:
        """It is answered."""
        with self._lock:
            self._asking[peer] -= 1
            if self._asking[peer] <= 0:
                del self._asking[peer]

    def too_long(self, peers: set[Peer], now: float) -> set[Peer]:
        """Those of the connected peers that have asked for nothing for SECONDS."""
        with self._lock:
            waiting = peers - self._asking.keys()
            self._silent = {peer: self._silent.get(peer, now) for peer in waiting}
            if self._is_behind_proxy:
                return set()
            return {peer for peer, since in self._silent.items() if now - since > SECONDS}


KNOWN = Known()


def watch(stopped: threading.Event) -> None:
    """Shut such connections, until the server ends."""
    while not stopped.wait(LOOK_SECONDS):
        with contextlib.suppress(psutil.Error, OSError):
            look()


def look() -> None:
    """Shut the connections that are silent for too long now."""
    connected = {Peer(*one.raddr): one.fd for one in _connections()}
    for peer in KNOWN.too_long(set(connected), time.monotonic()):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connected[peer])) as found:
            if found.getpeername()[:2] == peer:
                found.shutdown(socket.SHUT_RDWR)


def _connections() -> Iterator[Any]:
    """The connections that others have opened to this process; none where that is not told."""
    every = psutil.Process().net_connections("tcp")
    ports = {one.laddr.port for one in every if one.status == psutil.CONN_LISTEN}
    for one in every:
        is_open = one.status == psutil.CONN_ESTABLISHED and one.laddr.port in ports
        if is_open and one.raddr and one.fd >= 0:  # Windows does not tell which it is
            yield one
