"""Descriptors of pictures that need no training: outlines, colours and textures as numbers.

Each takes images (n, C, H, W) in [0, 1] and gives (n, D), D the same for all images of one shape.
Sources: Dalal and Triggs 2005, histograms of oriented gradients; Coates, Ng and Lee 2011, responses
of patches of even contrast, rectified and pooled over the quarters of a picture, here to a fixed
cosine basis, so that nothing is fitted to the images that are judged.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
CELLS, BINS = 8, 8  # cells a side, and directions, of the histograms of gradients
PATCH, MOST_ORDER, MOST_COLOUR_ORDER = 6, 4, 2  # pixels a side; frequencies of the cosine basis
PLACES = 16  # patches a side, about
EVEN = 0.002  # added to a patch's variance: flat ones are not blown up
QUARTERS = 2  # a side, over which responses are pooled
LEVELS = (0.02, 0.25, 0.5, 0.75, 0.98)  # quantiles of the grey values


def shape(x: Array) -> Array:
    """Histograms of gradient directions in a grid of cells, over the mean of the whole picture."""
    grey = x.mean(axis=1)
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    position = (np.arctan2(down, across) % np.pi) / np.pi * BINS
    lower = np.floor(position).astype(np.int64)
    beyond = position - lower
    bins = []
    for b in range(BINS):
        share = np.where(lower % BINS == b, 1 - beyond, 0) + np.where(
            (lower + 1) % BINS == b, beyond, 0
        )
        bins.append(_pooled(strength * share, CELLS))
    found = np.stack(bins, axis=-1).reshape(len(x), -1)
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
    n, channels = x.shape[:2]
    if min(x.shape[2:]) < PATCH:
        x = np.pad(x, ((0, 0), (0, 0), (0, PATCH), (0, PATCH)), mode="edge")
    step = max(1, min(x.shape[2:]) // PLACES)
    windows = np.lib.stride_tricks.sliding_window_view(x, (PATCH, PATCH), axis=(2, 3))
    windows = windows[:, :, ::step, ::step].transpose(0, 2, 3, 1, 4, 5)
    rows, columns = windows.shape[1:3]
    patches = np.ascontiguousarray(windows).reshape(n * rows * columns, -1)
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + np.float32(EVEN)) * np.float32(PATCH)
    found = (patches @ _basis(channels)).reshape(n, rows, columns, -1)
    both = np.concatenate([np.maximum(found, 0), np.maximum(-found, 0)], axis=3)
    pooled = [_pooled(both[..., i], QUARTERS) for i in range(both.shape[3])]
    return np.stack(pooled, axis=-1).reshape(n, -1).astype(np.float32)


@lru_cache
def _basis(channels: int) -> Array:
    """Products of cosines of low order over a patch, in grey and in two contrasts of colour."""
    place = np.arange(PATCH)
    cosines = np.cos(np.pi * (place[:, None] + 0.5) * place[None] / PATCH)
    cosines /= np.linalg.norm(cosines, axis=0)
    found = []
    for down in range(PATCH):
        for across in range(PATCH):
            wave = np.outer(cosines[:, down], cosines[:, across])
            order = down + across
            if 0 < order <= MOST_ORDER:
                found.append(np.stack([wave] * channels) / np.sqrt(channels))
            if channels == 3 and order <= MOST_COLOUR_ORDER:
                found.append(np.stack([wave, -wave, 0 * wave]) / np.sqrt(2))
                found.append(np.stack([wave, wave, -2 * wave]) / np.sqrt(6))
    return np.stack([one.ravel() for one in found], axis=1).astype(np.float32)


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
    rows, columns = (
        np.arange(min(side, length)) * length // min(side, length) for length in (height, width)
    )
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=1), columns, axis=2)
    heights, widths = (
        np.diff(np.append(starts, length)) for starts, length in ((rows, height), (columns, width))
    )
    return np.asarray(sums / (heights[:, None] * widths), np.float32)


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
