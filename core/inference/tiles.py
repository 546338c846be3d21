"""Pictures larger than a model's input, judged in overlapping tiles at their own resolution."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
PART = 32  # tiles at a time


def map_in_tiles(picture: Array, tile: tuple[int, int], judge: Callable[[Array], Array]) -> Array:
    """The map of a whole picture from those of its tiles, each half over the next.

    picture: (C, H, W); a side that is shorter than the tile's is mirrored at its end.  tile: height
    and width.  judge: tiles (n, C, h, w) -> maps (n, h, w).
    Returns (H, W): where tiles overlap, their mean weighted by the nearness to each tile's middle,
    so that no seam is seen.
    """
    _, height, width = picture.shape
    missing = [max(0, size - side) for size, side in zip(tile, (height, width), strict=True)]
    filled = np.pad(picture, ((0, 0), (0, missing[0]), (0, missing[1])), mode="symmetric")
    rows, columns = (_starts(n, size) for n, size in zip(filled.shape[1:], tile, strict=True))
    places = [(row, column) for row in rows for column in columns]
    weight = np.outer(_weights(tile[0]), _weights(tile[1]))
    total, weights = np.zeros((2, *filled.shape[1:]), np.float64)
    for i in range(0, len(places), PART):
        some = places[i : i + PART]
        tiles = np.stack([filled[:, r : r + tile[0], c : c + tile[1]] for r, c in some])
        for (r, c), found in zip(some, judge(tiles), strict=True):
            total[r : r + tile[0], c : c + tile[1]] += weight * found
            weights[r : r + tile[0], c : c + tile[1]] += weight
    return np.asarray((total / weights)[:height, :width], np.float32)


def _starts(side: int, tile: int) -> list[int]:
    """Where tiles begin: half a tile or less apart, the first at 0 and the last at the end."""
    n = 1 + -(-(side - tile) // max(1, tile // 2))
    return [round(at) for at in np.linspace(0, side - tile, n)]


def _weights(size: int) -> Array:
    """Along one side: highest in the middle, never 0."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    return np.asarray(np.minimum(at, 1 - at), np.float32)
