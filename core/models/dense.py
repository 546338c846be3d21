"""Fully connected autoencoders: a bottleneck (D' < D) or overcomplete (D' > D)."""

import itertools
import math
from typing import Any

from core.models.layers import Activation, BatchNorm, Layers, Linear, Plan, Reshape, output_layers


def plan(input_shape: tuple[int, int, int], options: dict[str, Any]) -> Plan:
    """Widths on the way down, the code, the same widths on the way up."""
    n, k, widths = math.prod(input_shape), options["latent_dim"], tuple(options["widths"])
    code = (
        block(n if not widths else widths[-1], k, options)
        if options["code_activation"]
        else (Linear(n if not widths else widths[-1], k),)
    )
    return Plan(
        input_shape,
        (k,),
        encoder=(Reshape((n,)), *stack((n, *widths), options), *code),
        decoder=(
            *stack((k, *reversed(widths)), options),
            Linear(widths[0] if widths else k, n),
            *output_layers(options["bounded"]),
            Reshape(input_shape),
        ),
    )


def stack(sizes: tuple[int, ...], options: dict[str, Any]) -> Layers:
    """Hidden layers from sizes[0] to sizes[-1]."""
    return tuple(layer for a, b in itertools.pairwise(sizes) for layer in block(a, b, options))


def block(n_in: int, n_out: int, options: dict[str, Any]) -> Layers:
    """Linear, batch normalisation if asked for, activation."""
    norm = (BatchNorm(n_out),) if options["batch_norm"] else ()
    return (Linear(n_in, n_out, bias=not norm), *norm, Activation(options["activation"]))
