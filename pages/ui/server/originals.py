"""Answers requests for originals of own images: read, compared and encoded anew, never as a file
was offered.
"""

import asyncio
import threading
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "hourglass/original"  # as in pages/ui/originals.py
NOTHING = "There is no such original."
HEADERS = {"Cache-Control": "private, max-age=600", "X-Content-Type-Options": "nosniff"}
AT_ONCE = threading.Semaphore(2)  # pictures that are decoded: each may take some 200 MB


def answer(scope: Scope) -> ASGIApp:
    """A PNG or JPEG of the image named in the query, else 404 and a sentence that says why not."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    data_id, image_id = (query.get(name, [""])[0] for name in ("set", "id"))

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await (await asyncio.to_thread(_response, data_id, image_id))(scope, receive, send)

    return answered


def _response(data_id: str, image_id: str) -> Response:
    from core.data.own import (
        originals as own_originals,
    )  # late, because it is loaded with the pages that need it
    from pages.ui.originals import encoded

    with AT_ONCE:
        found = own_originals.find(data_id, image_id)
        if found.image is None:
            return PlainTextResponse(found.why or NOTHING, 404, {"Cache-Control": "no-store"})
        content, kind = encoded(found.image)
    return Response(content, media_type=kind, headers=HEADERS)
