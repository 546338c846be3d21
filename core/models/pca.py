"""The linear autoencoder, in closed form: principal component analysis."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from core.models.layers import Linear, Plan, Reshape
from core.principal import principal_axes

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
    Source: Pearson 1901; see core.principal.
    """
    axes = principal_axes(x, latent_dim)
    w, mean = axes.directions, axes.origin
    tensors = {
        "encoder.1.weight": w,
        "encoder.1.bias": -(w @ mean),
        "decoder.0.weight": w.T,
        "decoder.0.bias": mean,
    }
    arrays = {name: np.ascontiguousarray(t, np.float32) for name, t in tensors.items()}
    return arrays, axes.shares.tolist()
