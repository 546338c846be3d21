"""Networks that run in the dashboard: pictures, codes and maps that follow without the server.

The views are those of a page that was taken away (see takeaway); the server hears nothing of them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.ui.components import bundle, runner
from pages.ui.components.component import FOLDER, Packed
from pages.ui.components.takeaway import body_html
from pages.ui.figures.theme import PALETTE

PARTS = ("choose", "pad", "sheet", "noise", "code", "map")  # sheet: of the pad on this page


@dataclass(frozen=True)
class Shown:
    """What is shown.  parts: of PARTS.  content: of core.export.standalone.content().

    given: an image that is none of the content's, (C, H, W) uint8, to begin with; None for none.
    """

    content: bytes
    parts: tuple[str, ...]
    given: npt.NDArray[np.uint8] | None = None


def show(shown: Shown, key: str) -> None:
    """Draw the networks; the visitor's actions in them are not reported."""
    given = None if shown.given is None else shown.given.ravel().tolist()
    header = {"parts": " ".join(shown.parts), "colours": PALETTE, "given": given}
    _component(key=key, data=Packed.identified(header, shown.content).message())


@cache
def _script() -> str:
    return runner.script() + bundle.module(FOLDER / "live" / "live.js")


_component = st.components.v2.component(
    "hourglass_live",
    html=f'<div class="live-root">{body_html()}</div>',
    css="".join(
        (FOLDER / name).read_text("utf-8")
        for name in ("drawpad/drawpad.css", "takeaway/takeaway.css", "live/live.css")
    ),
    js=_script(),
)
