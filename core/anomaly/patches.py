"""Patches: small squares of the prepared picture, compared with those of reference images.

Every picture is first brought to mean 0 and standard deviation 1, so that light and contrast do not
count. Patches are cut at several scales: from the picture, from half its size, from a quarter.
Sources: Defard et al. 2021 (PaDiM), mean and covariance; Roth et al. 2022 (PatchCore), nearest
patches; both here on pixels instead of a network's features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.images.imagesets import ImageSet
from core.images.parts import done, slices

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Measure = Callable[["Scale", Array], Array]
SMALL_SIDE, SMALL_PATCH, PATCH = 40, 6, 8  # pixels; pictures below the first have small patches
MOST_SCALES = 3
SAMPLE, BANK = 600, 1_000  # reference images that patches are taken from, and patches that are kept
WIDTH = 24  # axes along which nearest patches are sought
PART = 256  # patches compared with the bank at a time: their products stay in the cache
RIDGE = 1e-3  # of the mean variance, added to each axis
CONTRAST = 0.02  # added to a picture's standard deviation: a uniform one is not blown up
TOP = 0.02  # share of the patches whose mean is the picture's score


@dataclass(frozen=True)
class Scale:
    """Reference patches of one scale.

    level: how often the picture is halved.  mean: (D,).  whitening: (D, D), patches less the mean
    times it have mean 0 and covariance 1.  axes: (D, d), the d strongest directions.
    bank: (m, d), reference patches along the axes.
    """

    level: int
    mean: Array
    whitening: Array
    axes: Array
    bank: Array


@dataclass(frozen=True)
class PatchSpace:
    """Reference patches of all scales.  size: of a patch, in pixels."""

    size: int
    scales: tuple[Scale, ...]

    @classmethod
    def fit(cls, images: ImageSet, seed: int = 0, most: int = SAMPLE) -> "PatchSpace":
        """From at most so many of the reference images; at least one."""
        rng = np.random.default_rng(seed)
        x = images.pixels(np.sort(rng.permutation(len(images))[:most]))
        size = SMALL_PATCH if min(images.shape[1:]) < SMALL_SIDE else PATCH
        scales = []
        for level in range(MOST_SCALES):
            picture = _picture(x, level)
            if level and min(picture.shape[2:]) < 2 * size:
                break
            scales.append(_fitted(level, cut(picture, size), rng))
            done("Learning what patches are usual", level + 1, MOST_SCALES)
        return cls(size, tuple(scales))

    def maps(self, x: Array, measure: Measure) -> tuple[Array, ...]:
        """How unusual each patch is: a map (n, rows, columns) a scale, float32 >= 0.

        x: (n, C, H, W) in [0, 1].
        """
        found = []
        for scale in self.scales:
            patches = cut(_picture(x, scale.level), self.size)
            values = measure(scale, patches.reshape(-1, patches.shape[-1]))
            found.append(values.reshape(patches.shape[:3]))
        return tuple(found)

    def scores(self, images: ImageSet, measure: Measure) -> Scores:
        """The mean over the scales of the mean of the TOP most unusual patches: (n,)."""
        out = np.empty(len(images))
        for part in slices(images):
            maps = self.maps(images.pixels(part), measure)
            out[part] = np.mean([_top(one) for one in maps], axis=0)
            done("Comparing patches", part.stop, len(images))
        return out


def gaussian(scale: Scale, patches: Array) -> Array:
    """Mahalanobis distance of patches (m, D), over the root of D: about 1 for usual ones."""
    white = (patches - scale.mean) @ scale.whitening
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", white, white) / white.shape[1]))


def near(scale: Scale, patches: Array) -> Array:
    """Distance of patches (m, D) to the nearest reference patch, along the strongest axes."""
    points = np.asarray((patches - scale.mean) @ scale.axes, np.float32)
    wide = np.column_stack([points, np.ones(len(points), np.float32)])
    half = np.square(scale.bank).sum(axis=1) / 2
    bank = np.ascontiguousarray(np.column_stack([scale.bank, -half]).T)
    most = np.empty(len(points), np.float32)  # |p|^2 / 2 less half the squared distance
    products = np.empty((PART, bank.shape[1]), np.float32)
    for start in range(0, len(points), PART):
        part = wide[start : start + PART]
        np.matmul(part, bank, out=products[: len(part)])
        products[: len(part)].max(axis=1, out=most[start : start + PART])
    return np.asarray(np.sqrt(np.maximum(np.square(points).sum(axis=1) - 2 * most, 0)))


def cut(x: Array, size: int) -> Array:
    """Pictures (n, C, H, W) as patches (n, rows, columns, C * size * size).

    Each lies half over the next.  A picture that is smaller than a patch is one patch, its edge
    repeated.
    """
    missing = [max(0, size - side) for side in x.shape[2:]]
    if any(missing):
        x = np.pad(x, ((0, 0), (0, 0), (0, missing[0]), (0, missing[1])), mode="edge")
    step = max(1, size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    n, channels, rows, columns = windows[:, :, ::step, ::step].shape[:4]
    patches = windows[:, :, ::step, ::step].transpose(0, 2, 3, 1, 4, 5)
    return np.ascontiguousarray(patches).reshape(n, rows, columns, channels * size * size)


def enlarged(maps: tuple[Array, ...], size: tuple[int, int]) -> Array:
    """The mean of maps (n, rows, columns), each stretched over the picture: (n, H, W)."""
    height, width = size
    total: Array = np.zeros((len(maps[0]), height, width), np.float32)
    for one in maps:
        rows = np.minimum(np.arange(height) * one.shape[1] // height, one.shape[1] - 1)
        columns = np.minimum(np.arange(width) * one.shape[2] // width, one.shape[2] - 1)
        total += one[:, rows][:, :, columns]
    return total / np.float32(len(maps))


def _picture(x: Array, level: int) -> Array:
    """At mean 0 and standard deviation 1, then halved so often."""
    spread = x.std(axis=(1, 2, 3), keepdims=True) + np.float32(CONTRAST)
    x = (x - x.mean(axis=(1, 2, 3), keepdims=True)) / spread
    for _ in range(level):
        n, c, h, w = x.shape
        even = x[:, :, : h // 2 * 2, : w // 2 * 2]
        x = even.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))
    return x


def _fitted(level: int, patches: Array, rng: np.random.Generator) -> Scale:
    flat = patches.reshape(-1, patches.shape[-1])
    mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = flat - mean
    variances, vectors = np.linalg.eigh((centred.T @ centred / len(flat)).astype(np.float64))
    variances = np.maximum(variances, 0)
    whitening = vectors / np.sqrt(variances + RIDGE * variances.mean() + 1e-9)
    axes = np.ascontiguousarray(vectors[:, -WIDTH:], np.float32)
    kept = rng.permutation(len(flat))[:BANK]
    return Scale(
        level=level,
        mean=mean,
        whitening=whitening.astype(np.float32),
        axes=axes,
        bank=centred[kept] @ axes,
    )


def _top(values: Array) -> Scores:
    """The mean of the TOP largest of each map: (n, rows, columns) -> (n,)."""
    flat = values.reshape(len(values), -1)
    k = max(1, round(TOP * flat.shape[1]))
    return np.asarray(np.partition(flat, -k, axis=1)[:, -k:].mean(axis=1, dtype=np.float64))
