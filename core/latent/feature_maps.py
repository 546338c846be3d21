"""Codes that are blocks of feature maps, and where a change of the image changes them."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from core.config import DataError
from core.inference import Autoencoder

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
GREY = np.float32(0.5)


def feature_maps(model: Autoencoder, x: Array) -> Array:
    """The codes of images (n, C, H, W) as feature maps: (n, c, h, w).

    Raises DataError if the model's code is a vector.
    """
    shape = model.card.plan.code_shape
    if len(shape) != 3:
        raise DataError(
            f"The code of {model.card.name} is a list of {model.latent_dim} numbers: choose a "
            "convolutional model that keeps its block of feature maps."
        )
    return model.encode(x).reshape(len(x), *shape)


def covered(x: Array, top: int, left: int, size: tuple[int, int]) -> Array:
    """Images (n, C, H, W) with a grey rectangle of (h, w) pixels at (top, left), clipped."""
    out = x.copy()
    out[:, :, top : top + size[0], left : left + size[1]] = GREY
    return out


def felt(model: Autoencoder, x: Array, changed: Array) -> Array:
    """Squared change of the code between two images at each position, summed over the maps.

    x, changed: (n, C, H, W).  Returns (n, h, w) >= 0.
    """
    moved = feature_maps(model, changed) - feature_maps(model, x)
    return np.asarray(np.square(moved).sum(axis=1))


def places(model: Autoencoder) -> Iterator[tuple[tuple[int, int], tuple[int, int, int, int]]]:
    """Each position (row, column) of the maps, and its part of the image: top, left, height, width.

    The maps are scaled to the image; the last row and column get the remaining pixels.
    """
    _, height, width = model.input_shape
    _, h, w = model.card.plan.code_shape
    rows, columns = (np.linspace(0, side, n + 1).round() for side, n in ((height, h), (width, w)))
    tall, wide = np.diff(rows).astype(int), np.diff(columns).astype(int)
    for i in range(h):
        for j in range(w):
            yield (i, j), (int(rows[i]), int(columns[j]), int(tall[i]), int(wide[j]))


def felt_at_its_place(model: Autoencoder, x: Array) -> float:
    """Preservation of position by the code: the share of its change that is at the covered part.

    x: (n, C, H, W).  Each part of the images is covered once; the squared change of the code at the
    same position is divided by that at all positions. 1 = position is preserved; 1 / (h * w) = the
    code ignores position.
    """
    at_place = everywhere = 0.0
    for (i, j), (top, left, tall, wide) in places(model):
        moved = felt(model, x, covered(x, top, left, (tall, wide)))
        at_place += float(moved[:, i, j].sum(dtype=np.float64))
        everywhere += float(moved.sum(dtype=np.float64))
    return at_place / everywhere if everywhere > 0 else float("nan")
