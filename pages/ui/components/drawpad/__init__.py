"""A pad for drawing a digit with a mouse, a finger, a pen or the keyboard."""

import base64
import binascii
from typing import Any

from pages.ui.components.component import component, heard

PREFIX = "data:image/png;base64,"
MOST = 1 << 20  # characters; a drawing takes some thousands


def show(key: str, page: int) -> bytes | None:
    """Draw the pad; return the drawing as a PNG, light on black.

    page: another number clears the pad.  Returns b"" if the drawing was erased, None if nothing
    was drawn yet.
    """
    state = _component(
        key=key,
        data={"page": page},
        default={"drawing": None},
        on_drawing_change=heard,
    )
    return drawing(state.drawing, page)


def drawing(sent: Any, page: int) -> bytes | None:
    """The drawing that the browser reports for this page; None if none or invalid."""
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
