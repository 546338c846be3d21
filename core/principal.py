"""Principal component analysis, of codes and of pixels alike.

The rows may be mapped from a file: they are read a part at a time, and nothing copies all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.memory import let_go

Array = npt.NDArray[np.float32]
Codes = npt.NDArray[np.floating]
Scores = npt.NDArray[np.float64]
WIDE = 1024  # from so many numbers on only the leading axes are computed
ROWS = 2048  # codes at a time, so that sums need no copy of all codes
TOLERANCE = 3e-6  # of the largest variance: largest residual of a leading axis
SPARE = 6  # additional directions of the block, which speed up convergence
MOST_FOLLOWED = 1024  # most directions in the Krylov space


@dataclass(frozen=True)
class Axes:
    """Coordinate axes: a point and directions from it.

    origin: (k,).  directions: (m, k), orthonormal.  shares: (m,) of the variance, 0 to 1.
    """

    origin: Scores
    directions: Scores
    shares: Scores

    def coordinates(self, z: npt.ArrayLike) -> Scores:
        """Coordinates (n, m) of codes (n, k) on the axes."""
        parts = [part @ self.directions.T for part in _centred(np.asarray(z), self.origin)]
        return np.concatenate([np.empty((0, len(self.directions))), *parts])

    def codes(self, at: npt.ArrayLike) -> Array:
        """The codes (n, k) with coordinates (n, m) on the axes."""
        return np.asarray(self.origin + np.asarray(at) @ self.directions, np.float32)


def principal_axes(z: npt.ArrayLike, m: int) -> Axes:
    """The mean of codes and their first m principal directions.

    z: (n, k), n >= 2.  m: at most min(n, k). The largest entry of each direction is positive.
    Source: Pearson 1901; eigenvectors of the covariance, of wide codes by block Krylov iteration.
    """
    codes = np.asarray(z)
    origin = _mean(codes)
    n, k = codes.shape
    few = k >= WIDE and 8 * m <= k
    is_dual = n < k and (n <= WIDE or not few)
    found = _dual_axes if is_dual else _strongest_axes if few else _all_axes
    variances, directions = found(codes, origin, m)
    signs = np.sign(directions[np.arange(m), np.abs(directions).argmax(axis=1)])
    total = sum(float(np.square(part).sum()) for part in _centred(codes, origin))
    shares = np.clip(variances / max(total, np.finfo(float).tiny), 0, 1)
    return Axes(origin, directions * signs[:, None], shares)


def _mean(codes: Codes) -> Scores:
    total = np.zeros(codes.shape[1])
    for start in range(0, len(codes), ROWS):
        total += codes[start : start + ROWS].sum(axis=0, dtype=np.float64)
        let_go(codes)
    return total / len(codes)


def _all_axes(codes: Codes, origin: Scores, m: int) -> tuple[Scores, Scores]:
    """The m largest sums of squares (m,), descending, and their directions (m, k)."""
    k = codes.shape[1]
    products = sum((part.T @ part for part in _centred(codes, origin)), np.zeros((k, k)))
    values, vectors = np.linalg.eigh(products)
    return values[::-1][:m], vectors[:, ::-1][:, :m].T


def _dual_axes(codes: Codes, origin: Scores, m: int) -> tuple[Scores, Scores]:
    """The m largest sums of squares (m,), descending, and their directions (m, k), from the
    products of the codes with each other: for fewer codes than numbers in each.
    """
    n, k = codes.shape
    columns = [slice(start, start + ROWS) for start in range(0, k, ROWS)]

    def centred(part: slice) -> Scores:
        return np.asarray(codes[:, part] - origin[part], np.float64)

    products = sum((z @ z.T for z in map(centred, columns)), np.zeros((n, n)))
    values, mixes = np.linalg.eigh(products)
    spanned = [centred(part).T @ mixes[:, ::-1][:, :m] for part in columns]
    return values[::-1][:m], np.linalg.qr(np.concatenate(spanned))[0].T


def _strongest_axes(codes: Codes, origin: Scores, m: int) -> tuple[Scores, Scores]:
    """The m largest sums of squares (m,), descending, and their directions (m, k), for large k.

    Block Krylov iteration: the span of B, CB, C^2 B, ... for the covariance C and random directions
    B converges to C's leading eigenvectors, without forming C, which takes seconds for k in the
    thousands. It ends when |C u - value u| <= TOLERANCE x the largest value: each value is then
    within that bound of an eigenvalue, and u within the bound / (gap to the next eigenvalue) of its
    eigenvector (Davis and Kahan 1970). If too many eigenvalues are nearly equal for MOST_FOLLOWED
    directions to converge, the directions have nearly the largest variances, but need not be
    eigenvectors.  Source: Musco and Musco 2015.
    """
    k, n_block = codes.shape[1], m + SPARE
    start = np.random.default_rng(0).standard_normal((k, n_block))
    block, followed, products = np.linalg.qr(start)[0], np.empty((k, 0)), np.empty((k, 0))
    while True:
        product = _times_covariance(codes, origin, block)
        followed, products = np.hstack([followed, block]), np.hstack([products, product])
        inner = followed.T @ products
        values, mixes = np.linalg.eigh((inner + inner.T) / 2)
        values, mixes = values[::-1][:m], mixes[:, ::-1][:, :m]
        directions = followed @ mixes
        apart = np.linalg.norm(products @ mixes - directions * values, axis=0).max()
        if apart <= TOLERANCE * values[0] or followed.shape[1] + n_block > MOST_FOLLOWED:
            return values, directions.T
        block = product
        for _ in range(2):  # twice, because of rounding
            block = np.linalg.qr(block - followed @ (followed.T @ block))[0]


def _times_covariance(codes: Codes, origin: Scores, block: Scores) -> Scores:
    """centred.T @ (centred @ block), the rows in float32, their sums in float64: (k, b)."""
    narrow, out = block.astype(np.float32), np.zeros(block.shape)
    for part in _centred(codes, origin, np.float32):
        out += part.T @ (part @ narrow)
    return out


def _centred(
    codes: Codes, origin: Scores, dtype: type[np.floating] = np.float64
) -> Iterator[npt.NDArray[Any]]:
    """Yield codes (n, k) minus a point, ROWS at a time, so that mapped files stay on disk."""
    centre = origin.astype(dtype)
    for start in range(0, len(codes), ROWS):
        yield codes[start : start + ROWS].astype(dtype) - centre
        let_go(codes)
