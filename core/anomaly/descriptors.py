"""Descriptors of pictures that need no training: outlines, colours and textures as numbers.

Each takes images (n, C, H, W) in [0, 1] and gives (n, D), D the same for all images of one shape.
Sources: Dalal and Triggs 2005, histograms of oriented gradients; Coates, Ng and Lee 2011, responses
of patches of even contrast, rectified and pooled over the quarters of a picture, here to a fixed
cosine basis, so that nothing is fitted to the images that are judged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
CELLS, BINS = 8, 8  # cells a side, and directions, of the histograms of gradients
PATCH, MOST_ORDER, MOST_COLOUR_ORDER = 6, 4, 2  # pixels a side; frequencies of the cosine basis
PLACES = 16  # patches a side, about
EVEN = 0.002  # added to a patch's variance: flat ones are not blown up
QUARTERS = 2  # a side, over which responses are pooled
TRIMMED, LEAST = 0.1, 10  # of the images that a Gaussian is fitted to; fewest that are left
RIDGE = 0.5  # of the mean variance, added to each axis
LEVELS = (0.02, 0.25, 0.5, 0.75, 0.98)  # quantiles of the grey values


def shape(x: Array) -> Array:
    """Histograms of gradient directions in a grid of cells, over the mean of the whole picture."""
    n, _, height, width = x.shape
    down, across = np.gradient(x.mean(axis=1), axis=(1, 2))
    strength = np.hypot(down, across)
    position = np.arctan2(down, across) * np.float32(BINS / np.pi)  # -BINS to BINS
    lower = np.floor(position)
    beyond = position - lower
    rows, row_sizes = _parts(height, CELLS)
    columns, column_sizes = _parts(width, CELLS)
    cells = rows[:, None] * len(column_sizes) + columns  # (H, W)
    n_cells = len(row_sizes) * len(column_sizes)
    first = (np.arange(n)[:, None, None] * n_cells + cells) * BINS
    bins = lower.astype(np.int64)
    found = np.zeros(n * n_cells * BINS)
    for of, share in ((bins, 1 - beyond), (bins + 1, beyond)):
        at, weights = (first + of % BINS).ravel(), (strength * share).ravel()
        found += np.bincount(at, weights, minlength=len(found))
    sizes = np.repeat(np.outer(row_sizes, column_sizes).ravel(), BINS)
    found = found.reshape(n, -1) / sizes
    usual = np.sqrt(np.square(found).mean(axis=1, keepdims=True)) + 1e-3
    return np.asarray(np.sqrt(found / usual), np.float32)


def colour(x: Array) -> Array:
    """Mean and spread of each channel in all and in each quarter, contrasts of colours, levels."""
    n, channels = x.shape[:2]
    parts = [_moments(x, 1), _moments(x, QUARTERS)]
    if channels == 3:
        red, green, blue = x[:, 0], x[:, 1], x[:, 2]
        contrasts = red - green, (red + green) / 2 - blue, x.max(axis=1) - x.min(axis=1)
        parts += [_moments(np.asarray(one, np.float32)[:, None], 1) for one in contrasts]
    parts.append(np.quantile(x.mean(axis=1).reshape(n, -1), LEVELS, axis=1).T)
    return np.concatenate(parts, axis=1, dtype=np.float32)


def texture(x: Array) -> Array:
    """Responses of small patches to a cosine basis, pooled, at full size and at half of it."""
    return np.concatenate([_responses(x), _responses(_halved(x))], axis=1)


def _responses(x: Array) -> Array:
    """Of patches at about PLACES x PLACES places, brought to even contrast: the response to each
    wave, its positive and its negative part, the mean over each quarter.

    A wave is a product of two cosines, so that its responses are two products with matrices, one
    down and one across, for all places at once.
    """
    if min(x.shape[2:]) < PATCH:
        x = np.pad(x, ((0, 0), (0, 0), (0, PATCH), (0, PATCH)), mode="edge")
    n, channels, height, width = x.shape
    step = max(1, min(height, width) // PLACES)
    down, across = _cosines(height, step), _cosines(width, step)
    total = PATCH * PATCH * channels
    mean = _box(x.sum(axis=1), down, across) / total
    variance = _box(np.square(x).sum(axis=1), down, across) / total - np.square(mean)
    even = 1 / (np.sqrt(np.maximum(variance, 0) + np.float32(EVEN)) * np.float32(PATCH))
    pooled = []
    for contrast, orders in _contrasts(x):
        along = [contrast @ one.T for one in across]  # each (n, H, places)
        for i, j in orders:
            found = (down[i] @ along[j]) * even
            high = _pooled(np.maximum(found, 0), QUARTERS)
            pooled += [high, high - _pooled(found, QUARTERS)]
    order = _positive_first(len(pooled) // 2)
    return np.stack([pooled[k] for k in order], axis=-1).reshape(n, -1).astype(np.float32)


def _positive_first(n: int) -> list[int]:
    return [*range(0, 2 * n, 2), *range(1, 2 * n, 2)]


def _box(values: Array, down: Array, across: Array) -> Array:
    """Sums over each patch of maps (n, H, W), by the constant cosines."""
    return np.asarray(down[0] @ (values @ across[0].T)) * np.float32(PATCH)


def _contrasts(x: Array) -> list[tuple[Array, list[tuple[int, int]]]]:
    """Grey values, and of colours two contrasts, each with the orders of its waves down, across."""
    channels = x.shape[1]
    grey = x.sum(axis=1) / np.float32(np.sqrt(channels))
    every = [(i, j) for i in range(MOST_ORDER + 1) for j in range(MOST_ORDER + 1 - i)]
    found = [(grey, [one for one in every if sum(one)])]
    if channels == 3:
        low = [one for one in every if sum(one) <= MOST_COLOUR_ORDER]
        red, green, blue = x[:, 0], x[:, 1], x[:, 2]
        found.append(((red - green) / np.float32(np.sqrt(2)), low))
        found.append(((red + green - 2 * blue) / np.float32(np.sqrt(6)), low))
    return found


@lru_cache
def _cosines(side: int, step: int) -> Array:
    """For each order a matrix that gives the responses along one side of an image, at each place:
    (MOST_ORDER + 1, places, side).
    """
    place = np.arange(PATCH)
    cosines = np.cos(np.pi * (place[:, None] + 0.5) * place[None] / PATCH)
    cosines /= np.linalg.norm(cosines, axis=0)
    starts = np.arange(0, side - PATCH + 1, step)
    found = np.zeros((MOST_ORDER + 1, len(starts), side), np.float32)
    for order in range(MOST_ORDER + 1):
        for i, start in enumerate(starts.tolist()):
            found[order, i, start : start + PATCH] = cosines[:, order]
    return found


def _moments(x: Array, side: int) -> Array:
    """Mean and standard deviation of each channel in each of side x side parts."""
    mean, square = (_grid_means(one, side) for one in (x, np.square(x)))
    spread = np.sqrt(np.maximum(square - np.square(mean), 0))
    return np.concatenate([mean, spread], axis=1)


def _grid_means(x: Array, side: int) -> Array:
    return np.concatenate(
        [_pooled(x[:, c], side).reshape(len(x), -1) for c in range(x.shape[1])], axis=1
    )


def _pooled(values: Array, side: int) -> Array:
    """The mean over each of side x side parts of maps: (n, H, W) -> (n, side, side), or fewer
    parts of maps that are smaller.
    """
    height, width = values.shape[1:]
    (_, heights), (_, widths) = _parts(height, side), _parts(width, side)
    starts = [np.cumsum(sizes) - sizes for sizes in (heights, widths)]
    sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=1), starts[1], axis=2)
    return np.asarray(sums / np.outer(heights, widths), np.float32)


def _parts(length: int, side: int) -> tuple[Index, Index]:
    """Which of side equal parts of a length each pixel is in, and how many are in each."""
    side = min(side, length)
    starts = np.arange(side) * length // side
    sizes = np.diff(np.append(starts, length))
    return np.repeat(np.arange(side), sizes), sizes


def _halved(x: Array) -> Array:
    n, channels, height, width = x.shape
    if min(height, width) < 2:
        return x
    even = x[:, :, : height // 2 * 2, : width // 2 * 2]
    halves = even.reshape(n, channels, height // 2, 2, width // 2, 2)
    return np.asarray(halves.mean(axis=(3, 5)), np.float32)


DESCRIPTORS: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {"shape": shape, "colour": colour, "texture": texture}
)


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of descriptors, by which others are judged.

    mean: (D,).  scale: (D,) > 0.  whitening: (D, D).
    """

    mean: Array
    scale: Array
    whitening: Array

    @classmethod
    def fit(cls, values: Array) -> Self:
        """From descriptors (n, D), n >= 2, of which the TRIMMED strangest do not count.

        One step of concentration: outliers among them would make others like them seem usual.
        Source: Rousseeuw and Van Driessen 1999 (FAST-MCD).
        """
        first = cls.of_all(values)
        scores = first.scores(values)
        kept = scores <= np.quantile(scores, 1 - TRIMMED)
        return cls.of_all(values[kept]) if kept.sum() >= LEAST else first

    @classmethod
    def of_all(cls, values: Array) -> Self:
        """From descriptors (n, D), n >= 2, all of which count."""
        mean, spread = values.mean(axis=0), values.std(axis=0)
        scale = spread + 1e-3 * np.median(spread) + 1e-6
        z = ((values - mean) / scale).astype(np.float32)
        variances, axes = np.linalg.eigh((z.T @ z / len(z)).astype(np.float64))
        variances = np.maximum(variances, 0)
        whitening = axes / np.sqrt(variances + RIDGE * variances.mean() + 1e-9)
        return cls(mean, scale.astype(np.float32), whitening.astype(np.float32))

    def scores(self, values: Array) -> Scores:
        """How far descriptors (n, D) lie from the mean, in standard deviations: (n,) >= 0."""
        z = ((values - self.mean) / self.scale) @ self.whitening
        return np.asarray(np.sqrt(np.square(z, dtype=np.float64).mean(axis=1)))

    def standardised(self, values: Array) -> Array:
        """Descriptors (n, D), each number less its mean, over its spread."""
        return np.asarray((values - self.mean) / self.scale, np.float32)
