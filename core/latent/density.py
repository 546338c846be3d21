"""Point density on a grid, and exact queries among millions of points: box, polygon, nearest."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

# Points in a box, in a polygon, or nearest to a place.

Places = npt.NDArray[np.floating]
Index = npt.NDArray[np.int64]
Range = tuple[float, float]


def in_box(xy: Places, x: Range, y: Range) -> Index:
    """Positions, ascending, of the points in a box, including its edges.

    xy: (n, 2).  x, y: the ends of the box, in any order.
    """
    (x0, x1), (y0, y1) = sorted(x), sorted(y)
    inside = (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)
    return np.flatnonzero(inside)


def in_polygon(xy: Places, corners: Places) -> Index:
    """Positions, ascending, of the points inside a closed polygon, which may cross itself.

    xy: (n, 2).  corners: (m, 2), m >= 3; the last is joined to the first.  A point is inside if a
    ray from it to the right crosses the polygon an odd number of times.
    Source: Shimrat 1962, algorithm 112.
    """
    corners = np.asarray(corners, np.float64)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    near = in_box(xy, (x0, x1), (y0, y1))
    near = near[
        np.argsort(xy[near, 1], kind="stable")
    ]  # sorted by y, so that an edge concerns one slice
    x, y = xy[near, 0].astype(np.float64), xy[near, 1].astype(np.float64)
    odd = np.zeros(len(near), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        low, high = np.searchsorted(y, sorted((ay, by)), side="left")
        part = slice(low, high)  # min(ay, by) <= y < max(ay, by)
        odd[part] ^= x[part] < ax + (y[part] - ay) * ((bx - ax) / (by - ay))
    return np.sort(near[odd])


def nearest_within(xy: Places, at: tuple[float, float], radius: tuple[float, float]) -> int | None:
    """The position of the point nearest to a place; None if none is within the radius.

    xy: (n, 2).  radius: along x and along y, both > 0, the units of distance.
    """
    near = in_box(
        xy, (at[0] - radius[0], at[0] + radius[0]), (at[1] - radius[1], at[1] + radius[1])
    )
    if not len(near):
        return None
    apart = np.square((xy[near] - np.asarray(at)) / np.asarray(radius)).sum(axis=1)
    best = int(apart.argmin())
    return int(near[best]) if apart[best] <= 1 else None


Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """The cells of points on a grid of rows x columns over a view, the first row at the top.

    at: (m,) cell of each point in view, counted row by row.  which: (m,) positions of these points
    among all.
    """

    rows: int
    columns: int
    at: Index
    which: Index

    @cached_property
    def counts(self) -> Counts:
        """Number of points in each cell: (rows, columns)."""
        found = np.bincount(self.at, minlength=self.rows * self.columns)
        return found.reshape(self.rows, self.columns)

    def means(self, values: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
        """The mean value in each cell, nan in an empty one: (rows, columns).

        values: (n,) of all points, including those out of view; NaN values are ignored.
        """
        seen, known = values[self.which], self
        if np.isnan(seen).any():
            known = self.among(~np.isnan(values))
            seen = values[known.which]
        sums = np.bincount(known.at, seen, self.rows * self.columns)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums.reshape(known.counts.shape) / known.counts)

    def among(self, chosen: npt.NDArray[np.bool_]) -> "Cells":
        """The cells of some of the points.  chosen: (n,) for all points, also those out of view."""
        kept = chosen[self.which]
        return Cells(self.rows, self.columns, self.at[kept], self.which[kept])


def cells(xy: Places, x: Range, y: Range, rows: int, columns: int) -> Cells:
    """The grid over a view of points (n, 2).  x, y: the ends of the view, the lower first."""
    column = np.floor((xy[:, 0] - x[0]) * (columns / (x[1] - x[0])))
    row = np.floor((y[1] - xy[:, 1]) * (rows / (y[1] - y[0])))
    seen = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    which = np.flatnonzero(seen)
    at = row[which].astype(np.int64) * columns + column[which].astype(np.int64)
    return Cells(rows, columns, at, which)
