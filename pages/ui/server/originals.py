"""Answers requests for originals of own images: read, compared and encoded anew, never as a file
was offered.
"""

import asyncio
import threading
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "hourglass/original"  # as in pages/ui/originals.py
ZIP_PATH = "hourglass/originals.zip"
LARGEST = 8_000  # pixels of the longer side of a picture that is sent
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
NO_BASKET = "This archive is no longer offered: open its page again, and choose it there."
NOTHING = "There is no such original."
HEADERS = {"Cache-Control": "private, max-age=600", "X-Content-Type-Options": "nosniff"}
AT_ONCE = threading.Semaphore(2)  # pictures that are decoded: each may take some 200 MB


def answer(scope: Scope) -> ASGIApp:
    """A PNG or JPEG of the image named in the query, else 404 and a sentence that says why not."""
    asked = parse_qs(scope["query_string"].decode("latin-1"))
    query = {name: values[0] for name, values in asked.items()}
    make = _about if query.get("about") else _picture

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await (await asyncio.to_thread(make, query))(scope, receive, send)

    return answered


def archive(scope: Scope) -> ASGIApp:
    """A zip of the originals in the basket named in the query, made while it is sent; else 404."""
    from pages.ui import originals

    query = parse_qs(scope["query_string"].decode("latin-1"))
    found = originals.basket(query.get("basket", [""])[0])
    if found is None:
        return PlainTextResponse(NO_BASKET, 404, NOT_KEPT)
    name = {"Content-Disposition": f'attachment; filename="{found.name}.zip"'}
    return StreamingResponse(originals.zipped(found), 200, name | NOT_KEPT, "application/zip")


def _about(query: dict[str, str]) -> Response:
    """What the file of an original says, as JSON."""
    from core.data.own import originals as own_originals

    with AT_ONCE:
        found = own_originals.facts(query.get("set", ""), query.get("id", ""))
    height, width = found.size or (0, 0)
    said = {"width": width, "height": height, "bytes": found.n_bytes}
    return JSONResponse(said | {"date": found.date, "camera": found.camera}, headers=HEADERS)


def _picture(query: dict[str, str]) -> Response:
    from core.data.own import (
        originals as own_originals,
    )  # late, because it is loaded with the pages that need it
    from pages.ui.originals import encoded

    with AT_ONCE:
        found = own_originals.find(query.get("set", ""), query.get("id", ""), _side(query))
        if found.image is None:
            return PlainTextResponse(found.why or NOTHING, 404, NOT_KEPT)
        content, kind = encoded(found.image)
    return Response(content, media_type=kind, headers=HEADERS)


def _side(query: dict[str, str]) -> int:
    """Pixels of the longer side at most; as in core.data.own.originals if it is not asked for."""
    from core.data.own.originals import LONGEST

    side = query.get("side", "")
    return min(max(int(side), 16), LARGEST) if side.isdecimal() and len(side) < 6 else LONGEST
