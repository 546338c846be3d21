"""Simple facts about pictures, since many an outlier is a broken file.

Dark, bright, blurred, grainy and nearly uniform are said by comparison with usual images: a digit
is darker than most photographs, and that is as it should be.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.images import digests, duplicates
from core.images.imagesets import ImageSet
from core.images.modes import FAINT
from core.images.parts import done, each_part

Measures = npt.NDArray[np.float64]
Thumbnails = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
PART = 4096  # thumbnails compared at a time
EXTREME = 0.002  # share of the usual images that lie outside the bounds, on either side
NAMES = ("brightness", "contrast", "sharpness")
FACTS = {
    "dark": "its mean brightness is lower than that of 99.8 % of the usual images",
    "bright": "its mean brightness is higher than that of 99.8 % of the usual images",
    "nearly uniform": "its pixels differ less than those of 99.8 % of the usual images",
    "blurred": "it has less fine detail for its contrast than 99.8 % of the usual images",
    "grainy": "it has more fine detail for its contrast than 99.8 % of the usual images",
}


COPIES = {
    "equal": "another of these images has the same pixels",
    "almost equal": "another of these images looks almost the same",
    "conflicting classes": "another of these images has the same pixels and another class",
}
EVERY = FACTS | COPIES


@dataclass(frozen=True)
class Usual:
    """Between what bounds usual images lie.  low, high: (3,), in the order of NAMES."""

    low: Measures
    high: Measures


def measures(images: ImageSet) -> Measures:
    """Brightness, contrast and sharpness of each image: (n, 3).

    brightness: mean of the grey values, 0 to 1.  contrast: their standard deviation.
    sharpness: the standard deviation of the Laplacian over the contrast; 0 for a uniform image.
    """
    return each_part(images, _measures, title="Measuring the images")


def fine_measures(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Light, contrast, sharpness, straightest seam and empty edge of images (n, C, H, W): (n, 5).

    Contrast, sharpness and seam are logarithms, so that distances on either side of what is usual
    can be compared. The seam is the largest difference of two neighbouring rows or columns over
    that of the rows or columns beside them: high where a picture is torn, shifted or half missing.
    The empty edge is the share of the height or width, from one side on, in which each row or
    column is of one colour.
    """
    light, contrast, sharpness = _measures(x).T
    logs = np.log(np.maximum([contrast, sharpness], 0.01))
    seam = np.log(_seam(x.mean(axis=1)))
    return np.column_stack([light, *logs, seam, _empty_edge(x)]).astype(np.float32)


def _empty_edge(x: npt.NDArray[np.float32]) -> Measures:
    """The share of each picture, from one of its sides on, that is empty: (n,), 0 to 1."""
    most = np.zeros(len(x))
    for across in (3, 2):
        is_flat = (np.ptp(x, axis=across) <= FAINT / 255).all(axis=1)  # (n, rows or columns)
        for lines in (is_flat, is_flat[:, ::-1]):
            most = np.maximum(
                most, np.where(lines.all(axis=1), 1.0, lines.argmin(axis=1) / lines.shape[1])
            )
    return most


def _seam(grey: npt.NDArray[np.float32]) -> Measures:
    """The strongest seam of each picture: (n, H, W) -> (n,) > 0, 1 = none."""
    strongest = np.ones(len(grey))
    for axis, across in ((1, 2), (2, 1)):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=across, dtype=np.float64)
        if steps.shape[1] < 3:
            continue
        beside = np.maximum(steps[:, :-2], steps[:, 2:])
        floor = 0.01 + 0.5 * np.median(steps, axis=1, keepdims=True)
        strongest = np.maximum(strongest, (steps[:, 1:-1] / (beside + floor)).max(axis=1))
    return strongest


def usual(known: Measures) -> Usual:
    """The bounds of usual images; EXTREME of them lie below, as many above.

    known: their measures, (m, 3), m >= 1.
    """
    low, high = np.quantile(known, (EXTREME, 1 - EXTREME), axis=0)
    return Usual(low, high)


def holding(measured: Measures, bounds: Usual) -> Flags:
    """Which of FACTS hold for which images: (n, 5), in their order.  measured: (n, 3).

    A nearly uniform image has no detail to speak of, so that it is not called blurred or grainy.
    """
    low, high = measured < bounds.low, measured > bounds.high
    uniform = low[:, 1]
    blurred, grainy = low[:, 2] & ~uniform, high[:, 2] & ~uniform
    return np.column_stack([low[:, 0], high[:, 0], uniform, blurred, grainy])


def copies(images: ImageSet) -> Flags:
    """Which of COPIES hold for which images: (n, 3), in their order."""
    equal = duplicates.equal([one.tobytes() for one in digests.of(images.images)])
    small = thumbnails(images)
    near = duplicates.near(small, duplicates.limit_for(small))[equal]
    sizes, near_sizes = (np.bincount(one, minlength=len(images)) for one in (equal, near))
    is_equal = sizes[equal] > 1
    conflict = np.zeros(len(images), bool)
    if images.labels is not None:
        pairs = np.unique(np.column_stack([equal, images.labels]), axis=0)
        conflict = np.bincount(pairs[:, 0], minlength=len(images))[equal] > 1
    return np.column_stack([is_equal, near_sizes[near] > sizes[equal], conflict])


def facts(measured: Measures, bounds: Usual) -> tuple[str, ...]:
    """Which of FACTS hold for one image.  measured: (3,)."""
    return named(holding(measured[None], bounds)[0])


def named(holds: Flags) -> tuple[str, ...]:
    """The names of the facts that hold for one image: a row of holding(), or of that and copies()
    side by side.
    """
    return tuple(name for name, holds_here in zip(EVERY, holds, strict=False) if holds_here)


def distance(measured: Measures, bounds: Usual) -> Measures:
    """How far outside of the bounds each image lies, in shares of what is usual: (n,); 0 inside.

    measured: (n, 3).
    """
    outside = np.maximum(bounds.low - measured, measured - bounds.high)
    shares = outside / np.maximum(bounds.high - bounds.low, 1e-9)
    return np.asarray(np.maximum(shares, 0).max(axis=1))


def thumbnails(images: ImageSet) -> Thumbnails:
    """16 x 16 pixels of each image: (n, C * 256)."""
    found = np.empty((len(images), images.shape[0] * duplicates.SIDE**2), np.uint8)
    for i, x in enumerate(images.images):
        found[i] = duplicates.thumbnail(x)
        if i % PART == 0:
            done("Comparing the images", i, len(images))
    return found


def near_duplicates(small: Thumbnails, positions: Iterable[int]) -> list[Positions]:
    """For each of positions, where the other images stand that look almost the same.

    small: (n, d), of all images.  Alike is what differs by at most duplicates.limit_for() levels of
    255, in the root mean square over the thumbnails.
    """
    found, limit = [], duplicates.limit_for(small)
    for i in positions:
        close = np.concatenate(
            [
                np.square(part.astype(np.int32) - small[i]).mean(axis=1) <= limit**2
                for part in np.split(small, range(PART, len(small), PART))
            ]
        )
        close[i] = False
        found.append(np.flatnonzero(close))
    return found


def _measures(x: npt.NDArray[np.float32]) -> Measures:
    grey = x.mean(axis=1)  # (p, H, W)
    contrast = grey.std(axis=(1, 2), dtype=np.float64)
    detail = _laplacian(grey).std(axis=(1, 2), dtype=np.float64)
    sharpness = np.divide(detail, contrast, out=np.zeros_like(contrast), where=contrast > 1e-6)
    return np.column_stack([grey.mean(axis=(1, 2), dtype=np.float64), contrast, sharpness])


def _laplacian(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The four neighbours of each pixel less four times itself; the edge goes on: (p, H, W)."""
    wide = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    above, below = wide[:, :-2, 1:-1], wide[:, 2:, 1:-1]
    left, right = wide[:, 1:-1, :-2], wide[:, 1:-1, 2:]
    return np.asarray(above + below + left + right - 4 * grey)
