"""A checkpoint as what a browser can run: its plan as JSON, its weights as one binary.

`pages/ui/components/runner` runs it there. Batch normalisation is folded into the layers before it,
and weights are sent as float16 where reconstructions stay those of the server.
"""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from typing import Any, Literal, assert_never

import numpy as np
import numpy.typing as npt

from core.checkpoints import Card, Checkpoint
from core.inference import Autoencoder
from core.models.folding import Tensors, folded, scale_and_shift
from core.models.layers import (
    Activation,
    BatchNorm,
    Bound,
    Conv,
    ConvTranspose,
    Layer,
    Layers,
    Linear,
    Plan,
    Reshape,
    Skip,
)
from core.noise import Noise, add_noise

FORMAT = 1
TOLERANCE = 1 / 255  # of a pixel: what the eye cannot see and a PNG cannot hold
HALF_SHARE = 0.5  # of the tolerance may go into float16; the rest is left for the arithmetic
PROBES = 100  # images that decide between float16 and float32
PROBE_NOISE = Noise(sigma=0.5)
MAX_PARAMETERS = 16_000_000  # 32 MB to send as float16
MAX_PRODUCTS = 100_000_000  # multiply-adds for an image, there and back
PRODUCTS_A_MILLISECOND = 1_000_000  # of one core with plain JavaScript; WebAssembly does more
Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Cost:
    """Cost of running a plan.

    parameters: numbers that training adjusts.  encoding, decoding: multiply-adds for one image.
    """

    parameters: int
    encoding: int
    decoding: int

    @property
    def milliseconds(self) -> float:
        """Of one core for an image, there and back, in plain JavaScript: an estimate."""
        return (self.encoding + self.decoding) / PRODUCTS_A_MILLISECOND


@dataclass(frozen=True)
class BrowserModel:
    """A model ready to be sent.

    header: plain JSON; its "digest" tells models apart.  body: the weights, little-endian float16
    if header["half"] else float32, filled up to a multiple of four bytes, then biases and the like,
    float32. Layers say where their numbers begin in the one part or the other, counted in numbers.
    """

    header: dict[str, Any]
    body: bytes

    def message(self) -> bytes:
        """Length of the header (4 bytes, little-endian), the header as JSON, the body."""
        header = json.dumps(self.header).encode()
        return len(header).to_bytes(4, "little") + header + self.body


def cost(plan: Plan) -> Cost:
    """Cost of running the plan, computed before anything is built."""
    encoding = _products(plan.encoder, plan.input_shape)
    return Cost(plan.n_parameters(), encoding, _products(plan.decoder, (plan.latent_dim,)))


def refusal(plan: Plan) -> str:
    """Why a model stays on the server, as a sentence; "" if a browser can run it."""
    if any(isinstance(layer, Skip) for layer in plan.encoder):
        return "This model is computed on the server: it has skip connections."
    needed = cost(plan)
    if needed.parameters > MAX_PARAMETERS:
        return (
            f"This model is computed on the server: it has {needed.parameters:,} parameters, "
            f"and a page takes up to {MAX_PARAMETERS:,}."
        )
    if (products := needed.encoding + needed.decoding) > MAX_PRODUCTS:
        return (
            f"This model is computed on the server: an image takes {products / 1e6:,.0f} million "
            f"multiplications, about {needed.milliseconds:,.0f} ms in a page, which takes up to "
            f"{MAX_PRODUCTS / 1e6:,.0f} million."
        )
    return ""


def digest(card: Card) -> str:
    """The key of a checkpoint in the browser's cache, 32 hexadecimal digits; needs no weights.

    "" for a checkpoint that is in no file; its BrowserModel has a digest of its content.
    """
    return _hashed(card.sha256.encode()) if card.sha256 else ""


def _hashed(content: bytes) -> str:
    return hashlib.sha256(b"%d " % FORMAT + content).hexdigest()[:32]


def browser_model(checkpoint: Checkpoint, x: Array) -> BrowserModel:
    """A checkpoint ready to be sent to a browser; refusal() says whether it should be.

    x: (n, C, H, W) images of the kind that it will be shown, the more the better; the first PROBES
    of them, clean and with noise, decide whether float16 is good enough. None: float32.
    """
    plan, tensors = folded(checkpoint.card.plan, checkpoint.tensors)
    half = len(x) > 0 and half_error(checkpoint, x[:PROBES]) <= HALF_SHARE * TOLERANCE
    writer = _Writer(plan, tensors, half)
    parts = {"encoder": writer.layers("encoder"), "decoder": writer.layers("decoder")}
    body = writer.body()
    header = {
        "format": FORMAT,
        "digest": digest(checkpoint.card) or _hashed(json.dumps(parts).encode() + body),
        "name": checkpoint.card.name,
        "input_shape": plan.input_shape,
        "latent_dim": plan.latent_dim,
        "half": half,
        "weights": writer.n_weights,
        "others": writer.n_others,
    }
    return BrowserModel(header | parts, body)


def half_error(checkpoint: Checkpoint, x: Array) -> float:
    """By how much float16 weights change what the model makes of images, at most.

    x: (n, C, H, W), taken clean and with PROBE_NOISE.  See code_and_image_error().
    """
    plan, tensors = folded(checkpoint.card.plan, checkpoint.tensors)
    rounded = {name: _rounded(t) if t.ndim > 1 else t for name, t in tensors.items()}
    if not all(np.isfinite(t).all() for t in rounded.values()):
        return math.inf
    half = Checkpoint(replace(checkpoint.card, plan=plan), rounded)
    return code_and_image_error(checkpoint, half, x)


def code_and_image_error(checkpoint: Checkpoint, other: Checkpoint, x: Array) -> float:
    """By how much a model with rounded weights differs from the model itself, at most.

    x: (n, C, H, W), taken clean and with PROBE_NOISE. Of reconstructions and of images decoded from
    the same codes, on the [0, 1] pixel scale; of codes, as a share of the largest number in them.
    """
    server, half = Autoencoder(checkpoint), Autoencoder(other)
    seen = np.concatenate([x, add_noise(x, PROBE_NOISE, 0)])
    z, z_half = server.encode(seen), half.encode(seen)
    x_hat = server.decode(z)
    largest = max(float(np.abs(z).max()), float(np.finfo(np.float32).tiny))
    return max(
        float(np.abs(z - z_half).max()) / largest,
        float(np.abs(x_hat - half.decode(z_half)).max()),
        float(np.abs(x_hat - half.decode(z)).max()),
    )


class _Writer:
    """Layers as JSON, and the numbers that they point to."""

    def __init__(self, plan: Plan, tensors: Tensors, half: bool) -> None:
        self.plan = plan
        self.half = half
        self.n_weights = self.n_others = 0
        self._tensors = tensors
        self._weights: list[bytes] = []
        self._others: list[bytes] = []

    def layers(self, part: Literal["encoder", "decoder"]) -> list[dict[str, Any]]:
        """The layers of one part."""
        found = self.plan.encoder if part == "encoder" else self.plan.decoder
        return [self._layer(layer, f"{part}.{i}") for i, layer in enumerate(found)]

    def body(self) -> bytes:
        """All numbers of the layers so far."""
        weights = b"".join(self._weights)
        return weights + bytes(-len(weights) % 4) + b"".join(self._others)

    def _layer(self, layer: Layer, name: str) -> dict[str, Any]:
        match layer:
            case Linear(n_in, n_out):
                return {"kind": "linear", "n_in": n_in, "n_out": n_out} | self._learned(layer, name)
            case Conv(c_in, c_out):
                return {"kind": "conv", "c_in": c_in, "c_out": c_out} | self._learned(layer, name)
            case ConvTranspose(c_in, c_out, grow):
                sizes = {"c_in": c_in, "c_out": c_out, "grow": grow}
                return {"kind": "conv_transpose"} | sizes | self._learned(layer, name)
            case BatchNorm(n):
                scale, shift = map(self._other, scale_and_shift(self._tensors, name))
                return {"kind": "affine", "n": n, "scale": scale, "shift": shift}
            case Activation(activation):
                return {"kind": "activation", "name": activation}
            case Bound():
                return {"kind": "bound"}
            case Reshape(shape):
                return {"kind": "reshape", "shape": shape}
            case Skip():
                raise AssertionError("refusal() keeps these on the server")
            case _:
                assert_never(layer)

    def _learned(self, layer: Linear | Conv | ConvTranspose, name: str) -> dict[str, Any]:
        weight = self._weight(self._tensors[f"{name}.weight"])
        bias = self._other(self._tensors[f"{name}.bias"]) if layer.bias else None
        return {"weight": weight, "bias": bias}

    def _weight(self, values: Numbers) -> int:
        self._weights.append(values.astype("<f2" if self.half else "<f4").tobytes())
        self.n_weights += values.size
        return self.n_weights - values.size

    def _other(self, values: Numbers) -> int:
        self._others.append(values.astype("<f4").tobytes())
        self.n_others += values.size
        return self.n_others - values.size


def _rounded(values: Array) -> Array:
    with np.errstate(over="ignore"):
        return values.astype(np.float16).astype(np.float32)


def _products(layers: Layers, shape: tuple[int, ...]) -> int:
    """Multiply-adds for one image or code of that shape."""
    return _counted(layers, shape)[0]


def _counted(layers: Layers, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The same, and the shape that comes out."""
    total = 0
    for layer in layers:
        match layer:
            case Linear(n_in, n_out):
                total += n_in * n_out
                shape = (n_out,)
            case Conv(c_in, c_out, _, stride):
                shape = (c_out, *(math.ceil(side / stride) for side in shape[1:]))
                total += 9 * c_in * math.prod(shape)
            case ConvTranspose(_, c_out, grow):
                total += 9 * c_out * math.prod(shape)
                shape = (c_out, *(2 * n - 1 + g for n, g in zip(shape[1:], grow, strict=True)))
            case Reshape(new):
                shape = new
            case Skip(inner):
                total += _counted(inner, shape)[0]
    return total, shape
