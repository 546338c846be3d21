"""Answers progress queries of waiting pages without running their script."""

from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Scope

PATH = "hourglass/waiting"
MOST = 200  # most computations in a query


def answer(scope: Scope) -> ASGIApp:
    """JSON with share, words and over of the computations named in the query."""
    from pages.ui import progress  # late, because it is loaded with the first page

    query = parse_qs(scope["query_string"].decode("latin-1"))
    names = query.get("names", [""])[0].split(",")
    return JSONResponse(progress.progress_of(names[:MOST]), headers={"Cache-Control": "no-store"})
