"""Many images with a few words each, as one component: a click on one reports its id.

Pictures travel as one lossless sheet, so that each stands on the page with its own pixels.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.images.sheets import Pixels, sheet_of, smaller
from pages.ui.components.component import Packed, component, heard


class Item(NamedTuple):
    """One image of a gallery.  id: what a click reports.  lines: the words under it, one a line."""

    id: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """What the pictures of each image are, from left to right, e.g. original and reconstruction.

    side: pixels a picture is wide, at most; it is enlarged by a whole number.
    """

    names: tuple[str, ...]
    side: int = 112


def pack(items: Sequence[Item], pictures: Sequence[Pixels], columns: Columns) -> Packed:
    """A gallery ready to be sent; cache it if it is large.

    pictures: for each column (n, H, W, 3), in the order of items; large ones are sent smaller.
    """
    sent = [fitted(one, 2 * columns.side) for one in pictures]  # sharp on fine screens, too
    tiles = np.concatenate(sent, axis=2)  # (n, H, columns * W, 3)
    sheet, across = sheet_of(tiles)
    header: dict[str, Any] = {
        "items": [item._asdict() for item in items],
        "columns": columns.names,
        "side": columns.side,
        "tile": [tiles.shape[2], tiles.shape[1]],
        "across": across,
    }
    header["id"] = hashlib.sha256(json.dumps(header).encode() + sheet).hexdigest()[:16]
    return Packed(header, sheet)


def fitted(tiles: Pixels, side: int) -> Pixels:
    """Tiles (n, H, W, 3) divided by the least whole number that makes them fit into side."""
    _, h, w, _ = tiles.shape
    by = -(-max(h, w) // side)
    return tiles if by == 1 or not len(tiles) else smaller(tiles, -(-h // by), -(-w // by))


def show(packed: Packed, key: str, selected: Sequence[str] = ()) -> str | None:
    """The gallery; the id of the image that was clicked just now, or None.

    selected: ids that are marked.
    """
    state = _component(
        key=key,
        data=packed.message(selected=list(selected)),
        on_clicked_change=heard,
    )
    clicked: str | None = state.clicked
    return clicked


_component = component("gallery", html='<div class="gallery-root"></div>')
