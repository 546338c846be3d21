"""Walks through code space: between two codes, along a direction, and over a plane of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.inference import Autoencoder
from core.latent.geometry import Array, Axes, Index, Scores, typical_gap
from core.neighbours import nearest

MARGIN = 0.04  # of the data's extent, around a lattice
DENSITY = 0.75  # the share of a lattice's ticks that go where the points are; the rest are even
FINE = 20_000  # places between which ticks are interpolated
RANGE = (0.005, 0.995)  # quantiles between which a traversal stays: the data's range without strays
PARALLEL = 1e-4  # radians: nearer than this, or nearer to opposite, there is no arc between codes


@dataclass(frozen=True)
class Lattice:
    """Decoded images at the nodes of a grid over a plane, and what real image lies nearest.

    xs, ys: (S,) rising coordinates, not evenly spaced: denser where there are more images.
    nearest: (S, S) position of the image whose code is nearest, over all numbers of the code.
    distance: (S, S) to that code.  gap: (S, S) to the nearest point as seen in the plane.
    reach: what 99 % of the points' own gaps stay under; a node with a larger gap is far from data.
    decoded: (S, S, C, H, W) float32, [row of y, column of x]; None where they were let go.
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
        """(S, S): where no data is near."""
        return self.gap > self.reach

    def shares(self, points: Scores) -> Scores:
        """Where points (n, 2) of the plane lie, as shares 0 to 1 of the way through xs and ys."""
        return np.stack([_share(points[:, i], to) for i, to in enumerate((self.xs, self.ys))], 1)


@dataclass(frozen=True)
class Direction:
    """A way to go.  vector: (k,), of length 1.  origin: (k,), where its coordinate is 0."""

    vector: Scores
    origin: Scores

    def coordinate(self, z: npt.ArrayLike) -> Scores:
        """How far along each code (n, k) lies: (n,)."""
        return np.asarray((np.asarray(z, np.float64) - self.origin) @ self.vector)


def lattice(model: Autoencoder, z: Array, axes: Axes, size: int) -> Lattice:
    """Decode size x size codes on the plane of two axes, where the data is, in one batched pass.

    z: (n, k) codes of real images, n >= 1.
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
        xs,
        ys,
        found.positions.reshape(square),
        found.distances.reshape(square),
        seen.distances.reshape(square),
        typical_gap(points),
        model.decode(codes).reshape(*square, *model.input_shape),
    )


def straight(a: npt.ArrayLike, b: npt.ArrayLike, steps: int) -> Array:
    """Codes (steps, k) at equal distances on the line from a to b, both (k,) and both included."""
    share = np.linspace(0, 1, steps)[:, None]
    return np.asarray((1 - share) * np.asarray(a) + share * np.asarray(b), np.float32)


def spherical(a: npt.ArrayLike, b: npt.ArrayLike, steps: int) -> Array:
    """Codes (steps, k) at equal angles on the arc around 0 from a to b, both (k,), both included.

    Stays where a Gaussian prior has its mass, which a straight line leaves. Where there is no arc
    (a code at 0, codes in one line with 0) it is the straight line.
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
    """Each code moved to each coordinate on the direction, all else held as it is.

    z: (n, k).  values: (S,).  Returns (S, n, k).
    """
    steps = np.asarray(values)[:, None] - direction.coordinate(z)[None]  # (S, n)
    return np.asarray(z + steps[..., None] * direction.vector, np.float32)


def data_range(z: Array, direction: Direction, steps: int) -> Scores:
    """(steps,) coordinates from end to end of where real codes lie on the direction."""
    low, high = np.quantile(direction.coordinate(z), RANGE)
    return np.linspace(low, max(high, low + np.finfo(np.float32).eps), steps)


def decoded(model: Autoencoder, codes: Array) -> Array:
    """Images of codes (..., k): (..., C, H, W), in one batched pass."""
    images = model.decode(codes.reshape(-1, codes.shape[-1]))
    return images.reshape(*codes.shape[:-1], *model.input_shape)


def _ticks(values: Scores, size: int) -> Scores:
    """Rising places for `size` nodes, from beyond the smallest to beyond the largest of values.

    Codes of an autoencoder without a prior crowd at the centre and stray far out: even spacing
    would leave most nodes in empty space.
    """
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * ((high - low) or 1.0)
    even = np.linspace(low - margin, high + margin, FINE)
    ranks = np.searchsorted(np.sort(values), even, side="right") / len(values)
    shares = (1 - DENSITY) * np.linspace(0, 1, FINE) + DENSITY * ranks  # strictly rising
    return np.interp(np.linspace(0, 1, size), shares, even)


def _share(values: Scores, ticks: Scores) -> Scores:
    """How many of the nodes' steps lie below each value, as a share of all steps: 0 to 1."""
    return np.interp(values, ticks, np.linspace(0, 1, len(ticks)))
