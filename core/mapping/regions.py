"""Which of many points lie in a box, in a polygon, or nearest to a place: exact, for millions."""

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.floating]
Index = npt.NDArray[np.int64]
Range = tuple[float, float]


def in_box(xy: Places, x: Range, y: Range) -> Index:
    """Positions, rising, of the points in a box, its edges included.

    xy: (n, 2).  x, y: the ends of the box, in any order.
    """
    (x0, x1), (y0, y1) = sorted(x), sorted(y)
    inside = (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)
    return np.flatnonzero(inside)


def in_polygon(xy: Places, corners: Places) -> Index:
    """Positions, rising, of the points inside a closed polygon, which may cross itself.

    xy: (n, 2).  corners: (m, 2), m >= 3; the last is joined to the first.  A point is inside if a
    ray from it to the right crosses the polygon an odd number of times.
    Source: Shimrat 1962, algorithm 112.
    """
    corners = np.asarray(corners, np.float64)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    near = in_box(xy, (x0, x1), (y0, y1))
    near = near[np.argsort(xy[near, 1], kind="stable")]  # an edge meets one stretch of these
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

    xy: (n, 2).  radius: along x and along y, both > 0: distances are measured in it.
    """
    near = in_box(
        xy, (at[0] - radius[0], at[0] + radius[0]), (at[1] - radius[1], at[1] + radius[1])
    )
    if not len(near):
        return None
    apart = np.square((xy[near] - np.asarray(at)) / np.asarray(radius)).sum(axis=1)
    best = int(apart.argmin())
    return int(near[best]) if apart[best] <= 1 else None
