"""Convolutional autoencoder: the code keeps the picture's shape, a block of small feature maps.

With latent_dim > 0 the block is projected to a vector of D' numbers and back.
"""

import itertools
import math
from typing import Any

from core.models.layers import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Layers,
    Linear,
    Plan,
    Reshape,
    output_layers,
)


def plan(input_shape: tuple[int, int, int], options: dict[str, Any]) -> Plan:
    """One stride-2 convolution for each width on the way down, mirrored on the way up."""
    channels, *size = input_shape
    widths = tuple(options["widths"])
    sizes = [tuple(size)]
    for _ in widths:
        sizes.append(tuple(math.ceil(side / 2) for side in sizes[-1]))
    code_block = (widths[-1], *sizes[-1])
    down, up = _projection(code_block, options["latent_dim"])
    return Plan(
        input_shape,
        (options["latent_dim"],) if options["latent_dim"] else code_block,
        encoder=(*_encoder((channels, *widths), options), *down),
        decoder=(
            *up,
            *_decoder((channels, *widths), sizes, options),
            *output_layers(options["bounded"]),
        ),
    )


def _encoder(channels: tuple[int, ...], options: dict[str, Any]) -> Layers:
    layers: list[Any] = []
    for c_in, c_out in itertools.pairwise(channels):
        layers += [Conv(c_in, c_out, bias=not options["batch_norm"]), *_after(c_out, options)]
    if options["latent_dim"] == 0:
        layers = layers[:-1]  # the block is the code itself, which an activation would only cut
    return tuple(layers)


def _decoder(
    channels: tuple[int, ...], sizes: list[tuple[int, ...]], options: dict[str, Any]
) -> Layers:
    layers: list[Any] = []
    for i in reversed(range(1, len(channels))):
        grow = tuple(1 - side % 2 for side in sizes[i - 1])
        last = i == 1
        bias = last or not options["batch_norm"]
        layers.append(ConvTranspose(channels[i], channels[i - 1], (grow[0], grow[1]), bias=bias))
        layers += [] if last else _after(channels[i - 1], options)
    return tuple(layers)


def _after(n: int, options: dict[str, Any]) -> list[Any]:
    norm = [BatchNorm(n, spatial=True)] if options["batch_norm"] else []
    return [*norm, Activation(options["activation"])]


def _projection(block: tuple[int, ...], latent_dim: int) -> tuple[Layers, Layers]:
    n = math.prod(block)
    if not latent_dim:
        return (Reshape((n,)),), (Reshape(block),)
    return (Reshape((n,)), Linear(n, latent_dim)), (Linear(latent_dim, n), Reshape(block))
