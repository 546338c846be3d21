"""Paths through code space: interpolation of two codes, traversal of a direction, a plane."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.inference import Autoencoder
from core.latent.geometry import Array, Index, Scores, typical_gap
from core.neighbours import nearest
from core.principal import Axes

MARGIN = 0.04  # margin of a lattice, as a share of the data's extent
DENSITY = 0.75  # share of a lattice's ticks that follow the density of points; the others are even
FINE = 20_000  # positions between which ticks are interpolated
RANGE = (0.005, 0.995)  # quantiles that bound a traversal: the data's range without outliers
PARALLEL = 1e-4  # radians; no arc between codes that are so nearly parallel or opposite


@dataclass(frozen=True)
class Lattice:
    """Decoded images at the nodes of a grid on a plane, and the nearest image of the data.

    xs, ys: (S,) ascending coordinates, denser where there are more images.
    nearest: (S, S) position of the image with the nearest code, over all numbers of the code.
    distance: (S, S) to that code.  gap: (S, S) to the nearest point, measured within the plane.
    reach: 99 % quantile of the points' own gaps; a node with a larger gap is far from the data.
    decoded: (S, S, C, H, W) float32, [row of y, column of x]; None if they were released.
    """

    xs: Scores
    ys: Scores
    nearest: Index
    distance: Array
    gap: Array
    reach: float
    decoded: Array | None = None

    @property
    def far(self) -> npt.NDArray[np.bool_]:
        """Whether each node is far from the data: (S, S)."""
        return self.gap > self.reach

    def shares(self, points: Scores) -> Scores:
        """Relative positions, 0 to 1, of points (n, 2) along xs and ys: (n, 2)."""
        return np.stack([_share(points[:, i], to) for i, to in enumerate((self.xs, self.ys))], 1)


@dataclass(frozen=True)
class Direction:
    """A direction of code space.  vector: (k,) of length 1.  origin: (k,) with coordinate 0."""

    vector: Scores
    origin: Scores

    def coordinate(self, z: npt.ArrayLike) -> Scores:
        """Coordinate of each code (n, k) on the direction: (n,)."""
        return np.asarray((np.asarray(z, np.float64) - self.origin) @ self.vector)


def lattice(model: Autoencoder, z: Array, axes: Axes, size: int) -> Lattice:
    """Decode size x size codes on the plane of two axes, over the range of the data, in one batch.

    z: (n, k) codes of the data, n >= 1.
    """
    points = axes.coordinates(z)
    xs, ys = (_ticks(points[:, i], size) for i in range(2))
    at = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    codes = axes.codes(at)
    found = nearest(codes, z, 1)
    flat = z.shape[1] <= 2  # then the plane is the whole code
    seen = found if flat else nearest(at.astype(np.float32), points.astype(np.float32), 1)
    square = (size, size)
    return Lattice(
        xs=xs,
        ys=ys,
        nearest=found.positions.reshape(square),
        distance=found.distances.reshape(square),
        gap=seen.distances.reshape(square),
        reach=typical_gap(points),
        decoded=model.decode(codes).reshape(*square, *model.input_shape),
    )


def straight(a: npt.ArrayLike, b: npt.ArrayLike, steps: int) -> Array:
    """Linear interpolation: codes (steps, k) from a to b, both (k,), including both."""
    share = np.linspace(0, 1, steps)[:, None]
    return np.asarray((1 - share) * np.asarray(a) + share * np.asarray(b), np.float32)


def spherical(a: npt.ArrayLike, b: npt.ArrayLike, steps: int) -> Array:
    """Spherical interpolation: codes (steps, k) at equal angles from a to b, both (k,), included.

    It stays where a Gaussian prior has its mass, unlike linear interpolation. Without an arc (a
    code at 0, codes collinear with 0) it is linear.
    Source: Shoemake 1985; for latent codes White 2016, arXiv:1609.04468.
    """
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    lengths = float(np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(start @ end / lengths, -1, 1)) if lengths else 0.0
    if not PARALLEL < angle < np.pi - PARALLEL:
        return straight(start, end, steps)
    share = np.linspace(0, 1, steps)[:, None]
    arc = np.sin((1 - share) * angle) * start + np.sin(share * angle) * end
    return np.asarray(arc / np.sin(angle), np.float32)


def along_axis(axes: Axes, i: int) -> Direction:
    """Principal direction number i; its coordinate is 0 at the mean."""
    return Direction(axes.directions[i], axes.origin)


def along_coordinate(k: int, i: int) -> Direction:
    """Number i of a code of k numbers; its coordinate is that number."""
    return Direction(np.eye(1, k, i)[0], np.zeros(k))


def traversal(z: Array, direction: Direction, values: npt.ArrayLike) -> Array:
    """Each code moved to each coordinate on the direction, unchanged perpendicular to it.

    z: (n, k).  values: (S,).  Returns (S, n, k).
    """
    steps = np.asarray(values)[:, None] - direction.coordinate(z)[None]  # (S, n)
    return np.asarray(z + steps[..., None] * direction.vector, np.float32)


def data_range(z: Array, direction: Direction, steps: int) -> Scores:
    """Evenly spaced coordinates (steps,) over the range of codes on the direction."""
    low, high = np.quantile(direction.coordinate(z), RANGE)
    return np.linspace(low, max(high, low + np.finfo(np.float32).eps), steps)


def decoded(model: Autoencoder, codes: Array) -> Array:
    """Decoded images (..., C, H, W) of codes (..., k), in one batch."""
    images = model.decode(codes.reshape(-1, codes.shape[-1]))
    return images.reshape(*codes.shape[:-1], *model.input_shape)


def _ticks(values: Scores, size: int) -> Scores:
    """Ascending coordinates for `size` nodes, from below the smallest to above the largest value.

    Codes of an autoencoder without a prior are dense at the centre with distant outliers, so even
    spacing would leave most nodes in empty space.
    """
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * ((high - low) or 1.0)
    even = np.linspace(low - margin, high + margin, FINE)
    ranks = np.searchsorted(np.sort(values), even, side="right") / len(values)
    shares = (1 - DENSITY) * np.linspace(0, 1, FINE) + DENSITY * ranks  # strictly ascending
    return np.interp(np.linspace(0, 1, size), shares, even)


def _share(values: Scores, ticks: Scores) -> Scores:
    """Relative position of each value among the ticks, interpolated: 0 to 1."""
    return np.interp(values, ticks, np.linspace(0, 1, len(ticks)))
