"""Shows the image of the point under the pointer; a plotly tooltip can show text only."""

from collections.abc import Sequence

import numpy as np

from core.images.imagesets import ImageSet
from pages.ui.components.component import Packed, component

MOST_PIXELS = 2_400_000  # of all images together: about 0.8 MB at this quality
LEAST_SIDE = 10  # pixels; smaller images cannot be recognised and are not sent
QUALITY = 70


def side_of(n: int, height: int, width: int) -> tuple[int, int] | None:
    """Height and width in pixels at which n images are sent; None if they would be too small."""
    share = min(1.0, float(np.sqrt(MOST_PIXELS / (n * height * width))))
    side = (int(height * share), int(width * share))
    return side if min(side) >= LEAST_SIDE else None


def pack(images: ImageSet, sheet: bytes, side: tuple[int, int], across: int) -> Packed:
    """A sheet of images, packed for the browser.

    side: (h, w) of each image in pixels.  across: images in a row of the sheet.
    """
    header = {"ids": images.ids.tolist(), "tile": [side[1], side[0]], "across": across}
    return Packed(header | {"whole": side == images.shape[1:]}, sheet)


def listen(packed: Packed, charts: Sequence[str]) -> None:
    """Follow the pointer over the charts with these keys, whose points carry ids."""
    _component(key="peek", data=packed.message(charts=list(charts)))


_component = component("peek")
