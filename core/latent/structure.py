"""Embedding metrics: silhouette, homogeneity, ARI, k-NN accuracy, trustworthiness.

Codes are compared with the pixels and with a PCA of the same size, which shows what the model adds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.latent.geometry import Array, Index
from core.neighbours import nearest_others
from core.principal import principal_axes

Progress = Callable[[int, int], None]  # steps done, steps in all
N_NEIGHBOURS = 10
N_STARTS = 4  # of k-means; the best is kept
N_ANCHORS = 2_000
BLOCK_VALUES = 2**24  # bounds the memory of one block of distances: 128 MB
EXACT_WIDTH = (
    256  # dimensions up to which distances are in float64; above in float32, twice as fast
)


@dataclass(frozen=True)
class Structure:
    """Metrics of one space with n points whose classes are known.

    silhouette: -1 to 1.  homogeneity: 0 to 1.  adjusted_rand: -0.5 to 1, 0 = chance.
    neighbour_accuracy: 0 to 1.  size: dimensions of the space.
    """

    name: str
    size: int
    silhouette: float
    homogeneity: float
    adjusted_rand: float
    neighbour_accuracy: float


MEASURES = ("silhouette", "homogeneity", "adjusted_rand", "neighbour_accuracy")  # of Structure


def structures(
    z: Array, x: Array, labels: Index, seed: int = 0, progress: Progress | None = None
) -> tuple[Structure, ...]:
    """The metrics of the codes, of the pixels, and of a PCA of x to as many numbers as a code.

    z: (n, k).  x: (n, ...) pixels of the same images.  labels: (n,), at least two classes.
    Without the PCA if k is not below the number of pixels.
    """
    pixels = x.reshape(len(x), -1)
    spaces: list[tuple[str, npt.NDArray[np.floating]]] = [("codes", z), ("pixels", pixels)]
    if z.shape[1] < min(pixels.shape):
        spaces.append(("pca", principal_axes(pixels, z.shape[1]).coordinates(pixels)))
    steps = 3 * len(spaces)
    found, done = [], 0
    for name, space in spaces:
        numbers: dict[str, float] = {}
        for values in _measured(np.asarray(space, np.float32), labels, seed):
            numbers |= values
            done += 1
            if progress:
                progress(done, steps)
        found.append(Structure(name=name, size=space.shape[1], **numbers))
    return tuple(found)


def clusters(z: npt.ArrayLike, n: int, seed: int = 0) -> Index:
    """k-means: which of n clusters each point is in, (len(z),), the largest cluster first."""
    from sklearn.cluster import KMeans  # costs seconds to import

    found = KMeans(n, n_init=N_STARTS, random_state=seed).fit_predict(np.asarray(z, np.float32))
    order = np.argsort(-np.bincount(found, minlength=n), kind="stable")
    return np.asarray(np.argsort(order)[found], np.int64)


def silhouette(z: npt.ArrayLike, labels: Index) -> float:
    """Mean of (b - a) / max(a, b): a = mean distance to the own class, b to the nearest other one.

    z: (n, k).  labels: (n,).  Returns -1 to 1; a point alone in its class counts 0.
    Source: Rousseeuw 1987.
    """
    _, classes = np.unique(labels, return_inverse=True)
    belongs = np.eye(classes.max() + 1)[classes]  # (n, classes)
    sizes = belongs.sum(axis=0)
    values = np.empty(len(classes))
    for part, distances in _distance_blocks(z, z):
        own = belongs[part].astype(bool)
        sums = distances.astype(np.float64) @ belongs
        a = sums[own] / np.maximum(sizes[classes[part]] - 1, 1)
        b = np.where(own, np.inf, sums / sizes).min(axis=1)
        values[part] = (b - a) / np.maximum(np.maximum(a, b), np.finfo(float).tiny)
    values[sizes[classes] == 1] = 0
    return float(values.mean())


def neighbour_accuracy(z: npt.ArrayLike, labels: Index, n: int = N_NEIGHBOURS) -> float:
    """k-NN accuracy: share of points whose class wins the vote of their n nearest others.

    Ties go to the lower class.
    """
    near = nearest_others(np.asarray(z, np.float32), min(n, len(labels) - 1)).positions
    names, classes = np.unique(labels, return_inverse=True)
    votes = np.eye(len(names), dtype=np.int64)[classes[near]].sum(axis=1)
    return float((votes.argmax(axis=1) == classes).mean())


def trustworthiness(z: npt.ArrayLike, xy: npt.ArrayLike, n: int = N_NEIGHBOURS) -> float:
    """Trustworthiness of a map: share of its neighbours that are neighbours in code space; 1 = all.

    z: (m, k) codes.  xy: (m, 2) their coordinates.  n: neighbours, below m / 2. Of more than 2,000
    points a sample of 2,000 is measured, each against all points.
    Source: Venna and Kaski 2001.
    """
    codes, drawn = np.asarray(z), np.asarray(xy)
    total = len(codes)
    anchors = np.arange(total)
    if total > N_ANCHORS:
        anchors = np.sort(np.random.default_rng(0).choice(total, N_ANCHORS, replace=False))
    penalty = 0.0
    near = _near_on_map(drawn, anchors, n)
    for part, distances in _distance_blocks(codes[anchors], codes):
        distances[np.arange(len(distances)), anchors[part]] = np.inf  # none is its own neighbour
        at = np.take_along_axis(distances, near[part], axis=1)  # (rows, n)
        for j in range(n):
            rank = 1 + (distances < at[:, j, None]).sum(axis=1)
            penalty += float(np.maximum(rank - n, 0).sum())
    return 1 - penalty * 2 / (len(anchors) * n * (2 * total - 3 * n - 1))


def _distance_blocks(
    z: npt.ArrayLike, among: npt.ArrayLike
) -> Iterator[tuple[slice, npt.NDArray[np.floating]]]:
    """Euclidean distances of each of z (q, k) to all of `among` (m, k), some rows at a time.

    Yields a slice of rows and their distances (rows, m), to bound the memory.
    """
    here, there = np.asarray(z), np.asarray(among)
    dtype = np.float64 if here.shape[1] <= EXACT_WIDTH else np.float32
    centre = there.mean(axis=0, dtype=np.float64).astype(dtype)
    here, there = (np.subtract(one, centre, dtype=dtype) for one in (here, there))
    lengths = np.einsum("ij,ij->i", there, there)
    rows = max(1, BLOCK_VALUES // max(1, len(there)))
    for start in range(0, len(here), rows):
        part = slice(start, start + rows)
        squares = here[part] @ there.T
        squares *= -2
        squares += lengths
        squares += np.einsum("ij,ij->i", here[part], here[part])[:, None]
        yield part, np.sqrt(np.maximum(squares, 0, out=squares), out=squares)


def _near_on_map(xy: npt.NDArray[np.floating], anchors: Index, n: int) -> Index:
    """The n nearest others of some points of a map: (len(anchors), n)."""
    from scipy.spatial import KDTree  # costs 0.2 s to import

    _, found = KDTree(xy).query(xy[anchors], n + 1)
    others = found != anchors[:, None]
    others[others.all(axis=1), -1] = (
        False  # of points at equal places, where the point itself is not among its neighbours
    )
    return np.asarray(found[others].reshape(len(anchors), n), np.int64)


def _measured(z: Array, labels: Index, seed: int) -> Iterator[dict[str, float]]:
    """Yield the metrics of a Structure by name, each when it is computed."""
    from sklearn.metrics import adjusted_rand_score, homogeneity_score  # costs seconds to import

    yield {"silhouette": silhouette(z, labels)}
    found = clusters(z, len(np.unique(labels)), seed)
    yield {
        "homogeneity": float(homogeneity_score(labels, found)),
        "adjusted_rand": float(adjusted_rand_score(labels, found)),
    }
    yield {"neighbour_accuracy": neighbour_accuracy(z, labels)}
