"""The linear autoencoder, in closed form: principal component analysis."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from core.models.layers import Linear, Plan, Reshape

FULL_SVD_SIDE = 1024  # up to here all components at once are as fast as the largest few
Tensors = dict[str, npt.NDArray[np.float32]]


def plan(input_shape: tuple[int, int, int], options: dict[str, Any]) -> Plan:
    """Z = W (x - mean), x_hat = W' z + mean, as two linear layers."""
    n, k = math.prod(input_shape), options["latent_dim"]
    return Plan(
        input_shape,
        (k,),
        encoder=(Reshape((n,)), Linear(n, k)),
        decoder=(Linear(k, n), Reshape(input_shape)),
    )


def fit(x: npt.NDArray[np.float32], latent_dim: int) -> tuple[Tensors, list[float]]:
    """The principal components of x and the share of its variance that each explains.

    x: (n, D) in [0, 1] with n >= latent_dim and D >= latent_dim.
    Returns the tensors of plan() and latent_dim shares, each 0 to 1, falling.
    Signs are fixed so that the largest entry of each component is positive.
    Source: Pearson 1901; singular value decomposition of the centred data.
    """
    mean = x.mean(axis=0, dtype=np.float64)
    centred = x - mean.astype(np.float32)
    singular, w = _largest_components(centred, latent_dim)  # (k,), (k, D)
    w = w * np.sign(w[np.arange(len(w)), np.abs(w).argmax(axis=1)])[:, None]
    variance = np.square(singular, dtype=np.float64)
    total = max(np.square(centred, dtype=np.float64).sum(), np.finfo(float).tiny)
    tensors = {
        "encoder.1.weight": w,
        "encoder.1.bias": -(w @ mean),
        "decoder.0.weight": w.T,
        "decoder.0.bias": mean,
    }
    shares = np.minimum(variance / total, 1).tolist()
    return {name: np.ascontiguousarray(t, np.float32) for name, t in tensors.items()}, shares


def _largest_components(
    centred: npt.NDArray[np.float32], k: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The k largest singular values, falling, and their right singular vectors (k, D)."""
    side = min(centred.shape)
    if side <= FULL_SVD_SIDE or k > side // 8:
        _, singular, components = np.linalg.svd(centred, full_matrices=False)
        return singular[:k], components[:k]
    from scipy.sparse.linalg import svds  # costs 0.2 s to import

    start = np.random.default_rng(0).standard_normal(side, dtype=np.float32)
    _, singular, components = svds(centred, k, v0=start)
    order = np.argsort(-singular)
    return singular[order], components[order]
