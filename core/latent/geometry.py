"""The geometry of code space: planes through it, gaps, stratified samples, subspaces."""

import numpy as np
import numpy.typing as npt

from core.inference import Autoencoder
from core.neighbours import gaps
from core.principal import Axes, principal_axes

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def plane(z: npt.ArrayLike) -> Axes:
    """Two axes of a plane: the numbers of a code of two, else its first two principal directions.

    z: (n, k).  A code of one number gets a second axis along which nothing changes.
    """
    codes = np.asarray(z)
    k = codes.shape[1]
    if k > 2:
        return principal_axes(codes, 2)
    variances = codes.var(axis=0, dtype=np.float64)
    shares = variances / max(float(variances.sum()), np.finfo(float).tiny)
    return Axes(np.zeros(k), np.eye(2)[:, :k], np.resize(np.append(shares, 0), 2))


def typical_gap(points: npt.ArrayLike, share: float = 0.99) -> float:
    """The `share` quantile of the points' distances to their nearest neighbours; 0 for one point.

    points: (n, k) with k from 1 to 3.  share: 0 to 1.
    """
    at = np.asarray(points)
    return float(np.quantile(gaps(at), share)) if len(at) > 1 else 0.0


def stratified(labels: npt.NDArray[np.int64] | None, total: int, n: int, seed: int) -> Index:
    """A stratified sample: positions of up to n of `total` items, ascending (largest remainder).

    labels: (total,), or None for a random sample.  Equal arguments give equal samples.
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
    drawn = labels[order]
    members = [order[drawn == c][:q] for c, q in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate(members))


# The subspace of images that a linear decoder can produce, and angles between two subspaces.


def drawn_directions(model: Autoencoder) -> Array:
    """The change of the decoded image for a unit step in each number of the code: (k, D).

    For a linear decoder they span all images that it can produce, around that of the code 0.
    """
    zero, one = np.zeros((1, model.latent_dim), np.float32), np.eye(model.latent_dim)
    added = model.decode(one.astype(np.float32)) - model.decode(zero)
    return added.reshape(model.latent_dim, -1)


def principal_angles(a: npt.ArrayLike, b: npt.ArrayLike) -> Scores:
    """Principal angles between the row spaces of a and b, in degrees, ascending.

    a: (k, D), b: (m, D), of full rank.  Returns (min(k, m),), 0 to 90; all 0 = one contains the
    other.  Source: Björck and Golub 1973; sines for small angles, Knyazev and Argentati 2002.
    """
    from scipy.linalg import subspace_angles  # costs 0.1 s to import

    rows = (np.asarray(values, np.float64).T for values in (a, b))
    return np.asarray(np.degrees(np.sort(subspace_angles(*rows))))


def random_angles(k: int, n_pixels: int, seed: int = 0) -> Scores:
    """Principal angles of two random subspaces of k dimensions: (k,), degrees."""
    a, b = np.random.default_rng(seed).standard_normal((2, k, n_pixels))
    return principal_angles(a, b)
