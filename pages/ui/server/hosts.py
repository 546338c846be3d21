"""Which requests are answered: one rule for pages, files, uploads and the websocket.

A request must name this server by a name in `allowedHosts` of .streamlit/config.toml; otherwise any
web page could reach it under a name of its own (DNS rebinding). A request with an Origin header was
sent by a page, which must then be one of ours: same name, same port. A websocket must have one.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NO_HOST = "This request has no valid Host header: send exactly one, NAME[:PORT]."
OTHER_HOST = (
    "This server does not answer to that name. Whoever runs it can add the name to allowedHosts in "
    ".streamlit/config.toml."
)
OTHER_ORIGIN = (
    "This request comes from a page of another site, which may not use this server. A proxy in "
    "between has to pass the Host header on unchanged, port included."
)
NO_ORIGIN = "A websocket is opened only for a page of this server: send its Origin header."
NO_METRICS = "Metrics are off: start the server with HOURGLASS_METRICS=1 to have them."
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused.  status: HTTP status code."""

    status: int
    sentence: str


class OnlyOurs:
    """ASGI middleware that refuses requests by the rule of this module."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass allowed requests on; answer others with one sentence."""
        refused = refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self.app(_as_streamlit_compares(scope), receive, send)
            return
        if scope["type"] == "websocket":
            _log_once(refused)
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = PlainTextResponse(f"{refused.sentence}\n", refused.status)
            await answer(scope, receive, send)


def refusal(scope: Scope) -> Refusal | None:
    """Why a request or websocket is refused; None if it is allowed."""
    headers = Headers(scope=scope)
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or (named := place(f"http://{hosts[0]}")) is None:
        return Refusal(400, NO_HOST)
    if not is_allowed(named[0], st.get_option("server.allowedHosts")):
        return Refusal(403, OTHER_HOST)
    if origins and not _same_place(origins, hosts[0]):
        return Refusal(403, OTHER_ORIGIN)
    if scope["type"] == "websocket" and not origins:
        return Refusal(403, NO_ORIGIN)
    if scope["path"].endswith("/_stcore/metrics") and os.environ.get("HOURGLASS_METRICS") != "1":
        return Refusal(404, NO_METRICS)
    return None


def place(address: str) -> tuple[str, int] | None:
    """Lower-case name and port of SCHEME://NAME[:PORT]; None for anything else."""
    try:
        parts = urlsplit(address)
        name, port = parts.hostname, parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):  # an invalid port, or a scheme other than HTTP
        return None
    if not name or address != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return None
    return name.rstrip("."), port


def is_allowed(name: str, allowed: Sequence[str]) -> bool:
    """Whether a host name matches Streamlit's `allowedHosts`.

    allowed: NAME, *.NAME for all its subdomains, or * for any; empty = any.
    """
    patterns = [pattern.strip().lower().rstrip(".") for pattern in allowed]
    below = tuple(pattern[1:] for pattern in patterns if pattern.startswith("*."))
    return not patterns or "*" in patterns or name in patterns or name.endswith(below)


def _same_place(origins: Sequence[str], host: str) -> bool:
    """Whether there is exactly one origin and it has the name and port of the Host header.

    A proxy that terminates TLS uses HTTP to this server, and default ports are left out.
    """
    scheme = origins[0].partition(":")[0]
    here = place(f"{scheme}://{host}")
    return len(origins) == 1 and here is not None and place(origins[0]) == here


def _as_streamlit_compares(scope: Scope) -> Scope:
    """The scope with the Origin spelt like the Host header.

    Streamlit compares both literally; if they differ it looks up its own address on the network.
    """
    if scope["type"] != "websocket":
        return scope
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers["origin"] = f"{headers['origin'].partition(':')[0]}://{headers['host']}"
    return {**scope, "headers": headers.raw}


@cache
def _log_once(refused: Refusal) -> None:
    """Log a refusal once for the administrator, because browsers do not show the reason."""
    logging.getLogger(__name__).warning("A websocket was refused. %s", refused.sentence)
