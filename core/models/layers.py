"""The layers that architectures are made of, as plain data.

An architecture is a `Plan`: two tuples of layers. From the same plan come the PyTorch network that
is trained (network.py), the names and shapes that a checkpoint must have (checkpoints.py) and every
exported form, so that nothing has to be built to be checked, and looking at a model needs no
training library.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ActivationName = Literal["relu", "silu", "gelu", "tanh"]
Shapes = dict[str, tuple[int, ...]]
NORM_EPSILON = 1e-5  # of a BatchNorm, added to the variance; PyTorch's default


@dataclass(frozen=True)
class Linear:
    """(B, n_in) -> (B, n_out)."""

    n_in: int
    n_out: int
    bias: bool = True

    def tensors(self) -> Shapes:
        return {"weight": (self.n_out, self.n_in)} | ({"bias": (self.n_out,)} if self.bias else {})


@dataclass(frozen=True)
class Conv:
    """(B, c_in, H, W) -> (B, c_out, ceil(H / stride), ceil(W / stride)): kernel 3, padding 1."""

    c_in: int
    c_out: int
    bias: bool = True
    stride: int = 2

    def tensors(self) -> Shapes:
        return {"weight": (self.c_out, self.c_in, 3, 3)} | (
            {"bias": (self.c_out,)} if self.bias else {}
        )


@dataclass(frozen=True)
class ConvTranspose:
    """(B, c_in, h, w) -> (B, c_out, 2h - 1 + grow[0], 2w - 1 + grow[1]): the way back of Conv.

    grow: 1 for a side that was even, 0 for one that was odd.
    """

    c_in: int
    c_out: int
    grow: tuple[int, int] = (1, 1)
    bias: bool = True

    def tensors(self) -> Shapes:
        return {"weight": (self.c_in, self.c_out, 3, 3)} | (
            {"bias": (self.c_out,)} if self.bias else {}
        )


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation of n features or n channels; the shape stays."""

    n: int
    spatial: bool = False

    def tensors(self) -> Shapes:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (self.n,))


@dataclass(frozen=True)
class Activation:
    """A nonlinearity, value by value."""

    name: ActivationName

    def tensors(self) -> Shapes:
        return {}


@dataclass(frozen=True)
class Bound:
    """(1 + tanh a) / 2: any number into [0, 1]."""

    def tensors(self) -> Shapes:
        return {}


@dataclass(frozen=True)
class Reshape:
    """(B, *) -> (B, *shape)."""

    shape: tuple[int, ...]

    def tensors(self) -> Shapes:
        return {}


@dataclass(frozen=True)
class Skip:
    """X -> x + what its layers make of x, which has the same shape: a skip connection."""

    layers: "Layers"

    def tensors(self) -> Shapes:
        return {
            f"{i}.{name}": shape
            for i, layer in enumerate(self.layers)
            for name, shape in layer.tensors().items()
        }


Layer = Linear | Conv | ConvTranspose | BatchNorm | Activation | Bound | Reshape | Skip
Layers = tuple[Layer, ...]


@dataclass(frozen=True)
class Plan:
    """An autoencoder as data.

    encoder: (B, *input_shape) -> (B, latent_dim), or (B, 2 * latent_dim) = mu and logvar if
    variational.
    decoder: (B, latent_dim) -> (B, *input_shape).
    code_shape: how a code is naturally seen: (latent_dim,), or (C, h, w) for a block of feature
    maps.
    beta: the weight of the Kullback-Leibler term, for variational plans only.
    locator: (B, latent_dim) -> (B, 1, H, W) in [0, 1], where the image had to be repaired; empty
    for plans that do not say it.
    """

    input_shape: tuple[int, int, int]
    code_shape: tuple[int, ...]
    encoder: Layers
    decoder: Layers
    variational: bool = False
    beta: float = 0.0
    locator: Layers = ()

    @property
    def latent_dim(self) -> int:
        """D', the count of numbers in a code."""
        return math.prod(self.code_shape)

    def tensors(self) -> Shapes:
        """Name -> shape of all that is learned or measured: "encoder.1.weight" -> (256, 784)."""
        return {
            f"{part}.{i}.{name}": shape
            for part, i, layer in self._walk()
            for name, shape in layer.tensors().items()
        }

    def n_parameters(self) -> int:
        """Number of trained parameters."""
        return sum(math.prod(s) for name, s in self.tensors().items() if "running" not in name)

    def _walk(self) -> Iterator[tuple[str, int, Layer]]:
        parts = {"encoder": self.encoder, "decoder": self.decoder, "locator": self.locator}
        for part, layers in parts.items():
            for i, layer in enumerate(layers):
                yield part, i, layer


def output_layers(bounded: bool) -> Layers:
    """The end of a decoder: a bound to [0, 1], or nothing (linear output)."""
    return (Bound(),) if bounded else ()
