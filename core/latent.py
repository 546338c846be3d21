"""The geometry of code space: principal axes, planes through it, gaps, fair samples."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.anomaly.neighbours import gaps

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
WIDE = 1024  # from here on only the strongest axes are computed


@dataclass(frozen=True)
class Axes:
    """Where codes lie: a point and directions from it.

    origin: (k,).  directions: (m, k), orthonormal.  shares: (m,) of the variance, 0 to 1.
    """

    origin: Scores
    directions: Scores
    shares: Scores

    def coordinates(self, z: npt.ArrayLike) -> Scores:
        """Codes (n, k) as seen along the axes: (n, m)."""
        return np.asarray((np.asarray(z, np.float64) - self.origin) @ self.directions.T)

    def codes(self, at: npt.ArrayLike) -> Array:
        """The codes (n, k) that lie at coordinates (n, m) on the axes."""
        return np.asarray(self.origin + np.asarray(at) @ self.directions, np.float32)


def principal_axes(z: npt.ArrayLike, m: int) -> Axes:
    """The mean of codes and the m directions in which they vary most, the strongest first.

    z: (n, k), n >= 2.  m: at most min(n, k); signs are such that the largest entry is positive.
    Source: Pearson 1901, by the eigenvectors of the covariance; by Lanczos where it is large.
    """
    codes = np.asarray(z, np.float64)
    origin = codes.mean(axis=0)
    centred = codes - origin
    narrow = m >= min(centred.shape) or centred.shape[1] < WIDE
    variances, directions = (_all_axes if narrow else _strongest_axes)(centred, m)
    signs = np.sign(directions[np.arange(m), np.abs(directions).argmax(axis=1)])
    total = max(float(np.square(centred).sum()), np.finfo(float).tiny)
    return Axes(origin, directions * signs[:, None], np.clip(variances / total, 0, 1))


def plane(z: npt.ArrayLike) -> Axes:
    """Two axes to walk on: the two numbers of the code themselves, or else its principal plane.

    z: (n, k).  A code of one number has a second axis along which nothing changes.
    """
    codes = np.asarray(z, np.float64)
    k = codes.shape[1]
    if k > 2:
        return principal_axes(codes, 2)
    variances = codes.var(axis=0)
    shares = variances / max(float(variances.sum()), np.finfo(float).tiny)
    return Axes(np.zeros(k), np.eye(2)[:, :k], np.resize(np.append(shares, 0), 2))


def typical_gap(points: npt.ArrayLike, share: float = 0.99) -> float:
    """The distance to its nearest other that `share` of the points (n, 1 to 3) stay under."""
    at = np.asarray(points)
    return float(np.quantile(gaps(at), share)) if len(at) > 1 else 0.0


def stratified(labels: npt.NDArray[np.int64] | None, total: int, n: int, seed: int) -> Index:
    """Positions of up to n of `total` items, rising, every class in its share (largest remainder).

    labels: (total,), or None for a plain random sample.  The same arguments give the same sample.
    """
    if n >= total:
        return np.arange(total)
    order = np.random.default_rng(seed).permutation(total)
    if labels is None:
        return np.sort(order[:n])
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * n / total
    quotas = exact.astype(int)
    quotas[np.argsort(quotas - exact, kind="stable")[: n - quotas.sum()]] += 1
    members = [order[labels[order] == c][:q] for c, q in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate(members))


def _all_axes(centred: Scores, m: int) -> tuple[Scores, Scores]:
    """The m largest sums of squares (m,), falling, and their directions (m, k)."""
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return values[::-1][:m], vectors[:, ::-1][:, :m].T


def _strongest_axes(centred: Scores, m: int) -> tuple[Scores, Scores]:
    """The same without the k x k matrix, which takes seconds where k is in the thousands."""
    from scipy.sparse.linalg import svds  # costs 0.2 s to import

    start = np.random.default_rng(0).standard_normal(min(centred.shape))
    _, singular, directions = svds(centred, m, v0=start)
    return np.square(singular[::-1]), directions[::-1]
