"""A component that shows many images with captions; a click on one reports its id.

The pictures are sent as one lossless sheet, so that every pixel is shown exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.images.sheets import Pixels, sheet_of, smaller
from pages.ui.components.component import Packed, component, heard


class Item(NamedTuple):
    """One image of a gallery.  id: reported by a click.  lines: of its caption."""

    id: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Titles of the pictures of each image, left to right, such as original and reconstruction.

    side: largest width of a picture in pixels; it is enlarged by a whole number.
    """

    names: tuple[str, ...]
    side: int = 112


def pack(items: Sequence[Item], pictures: Sequence[Pixels], columns: Columns) -> Packed:
    """A gallery, packed for the browser; cache it if it is large.

    pictures: for each column (n, H, W, 3), in the order of items; large ones are scaled down.
    """
    sent = [
        fitted(one, 2 * columns.side) for one in pictures
    ]  # twice the size, for high-resolution screens
    tiles = np.concatenate(sent, axis=2)  # (n, H, columns * W, 3)
    sheet, across = sheet_of(tiles)
    header: dict[str, Any] = {
        "items": [item._asdict() for item in items],
        "columns": columns.names,
        "side": columns.side,
        "tile": [tiles.shape[2], tiles.shape[1]],
        "across": across,
    }
    return Packed.identified(header, sheet)


def fitted(tiles: Pixels, side: int) -> Pixels:
    """Tiles (n, H, W, 3) scaled down by the smallest whole number that makes them fit into side."""
    _, h, w, _ = tiles.shape
    by = -(-max(h, w) // side)
    return tiles if by == 1 or not len(tiles) else smaller(tiles, -(-h // by), -(-w // by))


def show(packed: Packed, key: str, selected: Sequence[str] = ()) -> str | None:
    """Draw the gallery; return the id of the image clicked in this run of the page, or None.

    selected: ids that are marked.
    """
    state = _component(
        key=key,
        data=packed.message(selected=list(selected)),
        on_clicked_change=heard,
    )
    clicked: str | None = state.clicked
    return clicked


_component = component("gallery")
