"""The image of the point under the pointer, beside it: plotly shows words only."""

from collections.abc import Sequence

import numpy as np

from core.data.imagesets import ImageSet
from pages.ui import mosaic
from pages.ui.component import Packed, component
from pages.ui.gallery import sheet_of, smaller

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
    _component(key="peek", data=packed.message(charts=list(charts)))


_component = component(
    "peek", html='<div class="peek-root" hidden><canvas class="peek-canvas"></canvas></div>'
)
