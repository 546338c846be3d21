"""A pad to draw a digit on: with a mouse, a finger, a pen or the keyboard."""

import base64
import binascii
from typing import Any

from pages.ui.components.component import component, heard

PREFIX = "data:image/png;base64,"
MOST = 1 << 20  # characters; a drawing takes some thousands


def show(key: str, page: int) -> bytes | None:
    """The pad; what is drawn on it as a PNG, light on black.

    page: another number gives a clean sheet.  Returns b"" for a sheet that was emptied, None for
    one that nobody has drawn on yet.
    """
    state = _component(
        key=key,
        data={"page": page},
        default={"drawing": None},
        on_drawing_change=heard,
    )
    return drawing(state.drawing, page)


def drawing(sent: Any, page: int) -> bytes | None:
    """What the browser says is on this page; None if it says nothing of it, or nothing sound."""
    if not isinstance(sent, dict) or sent.get("page") != page:
        return None
    text = sent.get("png")
    if text == "":
        return b""
    if not isinstance(text, str) or not text.startswith(PREFIX) or len(text) > MOST:
        return None
    try:
        return base64.b64decode(text[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None


_component = component("drawpad")
