"""Which images a linear decoder can draw at all, and how far two such sets are turned apart."""

import numpy as np
import numpy.typing as npt

from core.inference import Autoencoder

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]


def drawn_directions(model: Autoencoder) -> Array:
    """What one more in each number of the code adds to the image: (k, D).

    Of a linear decoder they span, around its image of the code 0, all that it can draw.
    """
    zero, one = np.zeros((1, model.latent_dim), np.float32), np.eye(model.latent_dim)
    added = model.decode(one.astype(np.float32)) - model.decode(zero)
    return added.reshape(model.latent_dim, -1)


def principal_angles(a: npt.ArrayLike, b: npt.ArrayLike) -> Scores:
    """By how much the span of the rows of a is turned against that of b, in degrees, rising.

    a: (k, D), b: (m, D), of full rank.  Returns (min(k, m),), 0 to 90; all 0 = one lies in the
    other.  Source: Björck and Golub 1973; sines for small angles, after Knyazev and Argentati 2002.
    """
    from scipy.linalg import subspace_angles  # costs 0.1 s to import

    rows = (np.asarray(values, np.float64).T for values in (a, b))
    return np.asarray(np.degrees(np.sort(subspace_angles(*rows))))


def random_angles(k: int, n_pixels: int, seed: int = 0) -> Scores:
    """The principal angles of two subspaces of k dimensions drawn at random: (k,), degrees."""
    a, b = np.random.default_rng(seed).standard_normal((2, k, n_pixels))
    return principal_angles(a, b)
