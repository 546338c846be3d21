"""The image of the point under the pointer, beside it: plotly shows words only."""

from collections.abc import Sequence

import numpy as np

from core.images.imagesets import ImageSet
from pages.ui.components.component import Packed, component

MOST_PIXELS = 2_400_000  # of all images together: about 0.8 MB at this quality
LEAST_SIDE = 10  # pixels: below it nothing can be recognised, so nothing is sent
QUALITY = 70


def side_of(n: int, height: int, width: int) -> tuple[int, int] | None:
    """How high and wide n images are sent; None if they would be too small to tell."""
    share = min(1.0, float(np.sqrt(MOST_PIXELS / (n * height * width))))
    side = (int(height * share), int(width * share))
    return side if min(side) >= LEAST_SIDE else None


def pack(images: ImageSet, sheet: bytes, side: tuple[int, int], across: int) -> Packed:
    """All images in a sheet, ready to be sent.

    side: (h, w) of each in it.  across: how many stand in a row.
    """
    header = {"ids": images.ids.tolist(), "tile": [side[1], side[0]], "across": across}
    return Packed(header | {"whole": side == images.shape[1:]}, sheet)


def listen(packed: Packed, charts: Sequence[str]) -> None:
    """Follow the pointer over the charts with these keys, whose points carry ids."""
    _component(key="peek", data=packed.message(charts=list(charts)))


_component = component(
    "peek", html='<div class="peek-root" hidden><canvas class="peek-canvas"></canvas></div>'
)
