"""Repairs images: rebuilds what a picture should look like, and says where it had to.

A small U-Net whose skip connections are additions. Those at a quarter of the picture's sides and
below are in the encoder; its code is a block at a quarter that is wide enough for sharp pictures.
Decoder and locator both read this block. All layers are convolutions: the same weights work for
pictures of any size.
Sources: Ronneberger et al. 2015 (U-Net); Zavrtanik et al. 2021 (DRAEM), a network that repairs
drawn defects and one that finds them, here in one.
"""

import math
from typing import TYPE_CHECKING, Any

from core.models.layers import (
    Activation,
    BatchNorm,
    Bound,
    Conv,
    ConvTranspose,
    Layers,
    Plan,
    Reshape,
    Skip,
)

if TYPE_CHECKING:
    from torch import Tensor

Size = tuple[int, int]


def plan(input_shape: tuple[int, int, int], options: dict[str, Any]) -> Plan:
    """Two stride-2 convolutions, nested skip connections over further ones, and two ways up."""
    channels, *sides = input_shape
    first, second, *deeper = options["widths"]
    activation = options["activation"]
    whole = (sides[0], sides[1])
    half, quarter = _halved(whole), _halved(_halved(whole))
    block = (second, *quarter)
    encoder = (
        *_down(channels, first, activation),
        *_down(first, second, activation),
        *_same(second, activation),
        *_nested([second, *deeper], quarter, activation),
        Reshape((math.prod(block),)),
    )
    up: Layers = (
        Reshape(block),
        ConvTranspose(second, first, _grow(half), bias=False),
        BatchNorm(first, spatial=True),
        Activation(activation),
    )
    return Plan(
        input_shape,
        block,
        encoder=encoder,
        decoder=(*up, ConvTranspose(first, channels, _grow(whole)), Bound()),
        locator=(*up, ConvTranspose(first, 1, _grow(whole)), Bound()),
    )


def _nested(widths: list[int], size: Size, activation: Any) -> Layers:
    """Halve, go on below, double again, and add it to what was there; convolve at the bottom."""
    if len(widths) == 1:
        return _same(widths[0], activation)
    below = (
        *_down(widths[0], widths[1], activation),
        *_nested(widths[1:], _halved(size), activation),
        ConvTranspose(widths[1], widths[0], _grow(size), bias=False),
        BatchNorm(widths[0], spatial=True),
        Activation(activation),
    )
    return (Skip(below),)


def _down(c_in: int, c_out: int, activation: Any) -> Layers:
    return (Conv(c_in, c_out, bias=False), BatchNorm(c_out, spatial=True), Activation(activation))


def _same(n: int, activation: Any) -> Layers:
    return (
        Conv(n, n, bias=False, stride=1),
        BatchNorm(n, spatial=True),
        Activation(activation),
    )


def _halved(size: Size) -> Size:
    return math.ceil(size[0] / 2), math.ceil(size[1] / 2)


def _grow(size: Size) -> Size:
    """What a ConvTranspose adds so that it ends at this size."""
    return 1 - size[0] % 2, 1 - size[1] % 2


def repair_loss(x_hat: "Tensor", found: "Tensor", x_in: "Tensor", target: "Tensor") -> "Tensor":
    """Absolute error, five times as much where x_in was changed, and cross-entropy of the place.

    x_hat, x_in, target: (B, C, H, W).  found: (B, 1, H, W) in [0, 1].  A pixel counts as changed
    as far as one in its 3 x 3 neighbourhood differs from the target, fully from 0.06 on.
    """
    from torch.nn.functional import binary_cross_entropy, max_pool2d

    change = (x_in - target).abs().amax(1, keepdim=True)
    changed = (max_pool2d(change, 3, 1, 1) / 0.06).clamp(max=1)
    errors = ((x_hat - target).abs() * (1 + 4 * changed)).mean()
    return errors + binary_cross_entropy(found, changed)
