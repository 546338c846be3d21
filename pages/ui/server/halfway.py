"""Closes connections without a complete request, because each takes a file descriptor and memory.

Uvicorn closes idle connections after an answer, and requests that stop within their body, but waits
without limit for the rest of a request line or of headers. So this module records which connections
have a request or a websocket, and at intervals closes the others. Behind a proxy, which does this
itself, requests cannot be matched to connections, so none is closed.
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

SECONDS = 15.0  # for which a connection may stay open without a complete request
LOOK_SECONDS = 5.0


class Peer(NamedTuple):
    """Address of the other end of a connection."""

    host: str
    port: int


class Asking:
    """The outermost ASGI middleware: records which peers have a request in progress."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
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
    """Number of requests in progress for each peer, and since when other peers are idle."""

    def __init__(self) -> None:
        self._is_behind_proxy = False
        self._asking: Counter[Peer] = Counter()
        self._silent: dict[Peer, float] = {}
        self._lock = threading.Lock()

    def begin(self, peer: Peer) -> None:
        """Record the start of a peer's request."""
        with self._lock:
            self._is_behind_proxy |= peer.port == 0  # Uvicorn's value with X-Forwarded-For
            self._asking[peer] += 1
            self._silent.pop(peer, None)

    def end(self, peer: Peer) -> None:
        """Record the end of a peer's request."""
        with self._lock:
            self._asking[peer] -= 1
            if self._asking[peer] <= 0:
                del self._asking[peer]

    def too_long(self, peers: set[Peer], now: float) -> set[Peer]:
        """The connected peers without a request for SECONDS."""
        with self._lock:
            waiting = peers - self._asking.keys()
            self._silent = {peer: self._silent.get(peer, now) for peer in waiting}
            if self._is_behind_proxy:
                return set()
            return {peer for peer, since in self._silent.items() if now - since > SECONDS}


KNOWN = Known()


def watch(stopped: threading.Event) -> None:
    """Close idle connections at intervals, until the server ends."""
    while not stopped.wait(LOOK_SECONDS):
        with contextlib.suppress(psutil.Error, OSError):
            look()


def look() -> None:
    """Close the connections that are idle for too long now."""
    connected = {Peer(*one.raddr): one.fd for one in _connections()}
    for peer in KNOWN.too_long(set(connected), time.monotonic()):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connected[peer])) as found:
            if found.getpeername()[:2] == peer:
                found.shutdown(socket.SHUT_RDWR)


def _connections() -> Iterator[Any]:
    """Incoming connections of this process; none if the system does not list them."""
    every = psutil.Process().net_connections("tcp")
    ports = {one.laddr.port for one in every if one.status == psutil.CONN_LISTEN}
    for one in every:
        is_open = one.status == psutil.CONN_ESTABLISHED and one.laddr.port in ports
        if is_open and one.raddr and one.fd >= 0:  # Windows does not give the descriptor
            yield one
