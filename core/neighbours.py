"""Exact nearest neighbours by Euclidean distance. Imports nothing else from core.

One matrix product gives all distances, up to a term that is equal for all references. The k
smallest of a row lie in the k blocks with the smallest minima, so only these are sorted: half the
time of scikit-learn's brute force on one core, with the same result.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
BLOCK = 64  # references whose minimum is taken together
PART_VALUES = 1 << 22  # numbers of a large table in memory at a time
PART = 256  # queries at a time: their distances to 60,000 references are 60 MB


@dataclass(frozen=True)
class Neighbours:
    """The k nearest references of each query, nearest first.

    distances: (n, k) float32 >= 0.  positions: (n, k), rows of the references.
    """

    distances: Array
    positions: Positions

    @property
    def mean_distance(self) -> npt.NDArray[np.float64]:
        """Mean distance to the k neighbours: (n,)."""
        return np.asarray(self.distances.mean(axis=1, dtype=np.float64))


def nearest(queries: Array, references: Array, k: int) -> Neighbours:
    """The k references nearest to each query.

    queries: (n, d).  references: (m, d) with m >= k >= 1.
    Raises ValueError if there are fewer than k references.
    """
    return _search(queries, references, k, np.full(len(queries), -1))


def nearest_others(x: Array, k: int, rows: npt.NDArray[np.integer] | None = None) -> Neighbours:
    """The k rows of x nearest to each of x[rows] (all rows if None), excluding itself.

    x: (m, d) with m > k >= 1.  Equal rows are neighbours of each other, at distance 0.
    Raises ValueError if there are not k others.
    """
    chosen = np.arange(len(x)) if rows is None else np.asarray(rows)
    return _search(x[chosen], x, k, chosen)


def nearest_to_row(x: npt.NDArray[np.generic], k: int, row: int, unit: float = 1.0) -> Neighbours:
    """The k rows of x nearest to one row, excluding itself: (1, k).

    x: (m, d), may be a memory map: it is read once, a few thousand rows at a time.
    unit: divisor of the distances.  Raises ValueError if there are not k others.
    """
    if not 1 <= k < len(x):
        raise ValueError(f"{k} neighbours among {len(x) - 1} others")
    centre, squares = x[row].astype(np.float32), np.empty(len(x), np.float32)
    size = max(1, PART_VALUES // x.shape[1])
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        apart = x[part] - centre
        squares[part] = np.einsum("ij,ij->i", apart, apart)
    squares[row] = np.inf
    found = np.argpartition(squares, k - 1)[:k]
    found = found[np.lexsort((found, squares[found]))]
    distances = np.asarray(np.sqrt(squares[found]) / unit, np.float32)
    return Neighbours(distances[None], found[None])


def gaps(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The distance of each point to its nearest other: (n, 1 to 3), n >= 2 -> (n,)."""
    from scipy.spatial import KDTree  # costs 0.2 s to import; here 100 times faster than all pairs

    at = np.asarray(points)
    return np.asarray(KDTree(at).query(at, 2)[0][:, 1], np.float64)


def _search(queries: Array, references: Array, k: int, left_out: Positions) -> Neighbours:
    """The k nearest references.  left_out: (n,) reference to exclude for each query, or -1."""
    if not 1 <= k <= len(references) - bool((left_out >= 0).any()):
        raise ValueError(f"{k} neighbours among {len(references)} references")
    table = _table(references)
    found = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), PART):
        part = slice(start, start + PART)
        lifted = np.column_stack([queries[part], np.ones(len(queries[part]), np.float32)])
        half = lifted @ table  # (p, blocks * BLOCK): half the squared distance, less |query|^2 / 2
        own = np.flatnonzero(left_out[part] >= 0)
        half[own, left_out[part][own]] = np.inf
        found[part] = _smallest(half, k)
    return _sorted(queries, references, found)


def _table(references: Array) -> Array:
    """(d + 1, blocks * BLOCK): -r, and |r|^2 / 2 below it; places without a reference are
    infinitely far.
    """
    m, d = references.shape
    table = np.zeros((d + 1, -(-m // BLOCK) * BLOCK), np.float32)
    table[:d, :m] = -references.T
    table[d] = np.inf
    table[d, :m] = np.square(references).sum(axis=1) / 2
    return table


def _smallest(values: Array, k: int) -> Positions:
    """Positions of the k smallest values of each row, unordered: (p, BLOCK * b) -> (p, k)."""
    blocks = values.reshape(len(values), BLOCK, -1)  # place j of block i is column j * b + i
    n_blocks = blocks.shape[2]
    best = _least(blocks.min(axis=1), min(k, n_blocks))  # (p, k)
    candidates = np.take_along_axis(blocks, best[:, None, :], axis=2)  # (p, BLOCK, k)
    chosen = _least(candidates.reshape(len(values), -1), k)
    place, block = np.divmod(chosen, best.shape[1])
    return np.asarray(place * n_blocks + np.take_along_axis(best, block, axis=1))


def _least(values: Array, k: int) -> Positions:
    return np.argpartition(values, k - 1, axis=1)[:, :k]


def _sorted(queries: Array, references: Array, found: Positions) -> Neighbours:
    """The neighbours sorted by exact distance; those of the product lose digits for near ones."""
    distances = np.empty(found.shape, np.float32)
    for start in range(0, len(queries), PART):
        part = slice(start, start + PART)
        apart = queries[part, None, :] - references[found[part]]
        distances[part] = np.sqrt(np.square(apart).sum(axis=2))
    order = np.argsort(distances, axis=1, kind="stable")
    rows = np.arange(len(found))[:, None]
    return Neighbours(distances[rows, order], found[rows, order])
