"""How far it is with what pages wait for, told to their bars without a run of a script."""

from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Scope

PATH = "hourglass/waiting"
MOST = 200  # computations that a page waits for at a time


def answer(scope: Scope) -> ASGIApp:
    """share, words and over of the computations whose names are asked for."""
    from pages.ui import progress  # what the server knows only once it has drawn a page

    query = parse_qs(scope["query_string"].decode("latin-1"))
    names = query.get("names", [""])[0].split(",")
    return JSONResponse(progress.told_of(names[:MOST]), headers={"Cache-Control": "no-store"})
