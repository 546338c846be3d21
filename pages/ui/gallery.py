"""Many images with a few words each, as one component: a click on one reports its id.

Pictures travel as one lossless sheet, so that each stands on the page with its own pixels.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from pages.ui.component import Packed, component, heard
from pages.ui.mosaic import Pixels

SIDE = 16_000  # pixels: WebP allows little more


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


def sheet_of(
    tiles: Pixels, quality: int | None = None, across: int | None = None
) -> tuple[bytes, int]:
    """Tiles (n, h, w, 3) in rows and columns as one WebP, and how many stand in a row.

    quality: 0 to 100, or None for lossless.  across: how many in a row; None for about a square.
    """
    n, h, w, _ = tiles.shape
    across = min(SIDE // w, across or int(np.ceil(np.sqrt(max(n, 1) * h / w))))
    down = max(1, -(-n // across))
    filled = np.zeros((across * down, h, w, 3), np.uint8)
    filled[:n] = tiles
    rows = filled.reshape(down, across, h, w, 3).transpose(0, 2, 1, 3, 4)
    file = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(rows.reshape(down * h, across * w, 3)))
    # Method 1 takes half the time of the usual 4, for 1 to 3 % more bytes and the same error.
    picture.save(
        file, "WEBP", lossless=quality is None, quality=30 if quality is None else quality, method=1
    )
    return file.getvalue(), across


def fitted(tiles: Pixels, side: int) -> Pixels:
    """Tiles (n, H, W, 3) divided by the least whole number that makes them fit into side."""
    _, h, w, _ = tiles.shape
    by = -(-max(h, w) // side)
    return tiles if by == 1 or not len(tiles) else smaller(tiles, -(-h // by), -(-w // by))


def smaller(tiles: Pixels, h: int, w: int) -> Pixels:
    """Tiles (n, H, W, 3) as (n, h, w, 3), each new pixel the mean of those it covers."""
    way = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(tile).resize((w, h), way)) for tile in tiles])


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
