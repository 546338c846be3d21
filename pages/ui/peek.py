"""The image of the point under the pointer, beside it: plotly shows words only."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.data.imagesets import ImageSet
from pages.ui import mosaic
from pages.ui.gallery import sheet_of, smaller
from pages.ui.sweep import ASSETS, Packed

MOST_PIXELS = 2_400_000  # of all images together: about 0.8 MB at this quality
LEAST_SIDE = 10  # pixels: below it nothing can be recognised, so nothing is sent
QUALITY = 70


def pack(images: ImageSet) -> Packed | None:
    """All images in a sheet, smaller if they are many; None if they would be too small to tell."""
    n, (_, h, w) = len(images), images.shape
    share = min(1.0, float(np.sqrt(MOST_PIXELS / (n * h * w))))
    side = (int(h * share), int(w * share))
    if min(side) < LEAST_SIDE:
        return None
    tiles = mosaic.colours(images.pixels())
    sheet, across = sheet_of(tiles if share == 1 else smaller(tiles, *side), QUALITY)
    header = {"ids": images.ids.tolist(), "tile": [side[1], side[0]], "across": across}
    return Packed(header | {"whole": share == 1}, sheet)


def listen(packed: Packed, charts: Sequence[str]) -> None:
    """Follow the pointer over the charts with these keys, whose points carry ids."""
    message = Packed(packed.header | {"charts": list(charts)}, packed.body).message(0)
    _component(key="peek", data=message)


_component = st.components.v2.component(
    "hourglass_peek",
    html='<div class="peek-root" hidden><canvas class="peek-canvas"></canvas></div>',
    css=(ASSETS / "peek.css").read_text("utf-8"),
    js=(ASSETS / "peek.js").read_text("utf-8"),
)
