"""Noise on images, reproducible per image; each kind of noise is one record in KINDS.

The draw for an image depends on the seed and on that image's own pixels alone, so that it is the
same for every model compared, on every rerun, after a shuffle or a filter, and in any batch. It is
also the same for every amount: dragging sigma makes one noise stronger and draws no new one.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from core.drawn_defects import N_FIELDS, draw_fields, drawn_defects, with_defects
from core.settings import Setting, check_settings, declared

if TYPE_CHECKING:
    import torch

Array = npt.NDArray[np.float32]
Kind = Literal["gaussian", "salt_and_pepper", "masking", "speckle", "coarse", "defects"]

GRAINS = 16  # of coarse noise, along each side


@dataclass(frozen=True, kw_only=True)
class NoiseKind:
    """A kind of noise: everything that tells it from the others.

    name: in code, on the command line and in a checkpoint's document.
    explanation: what it does, continuing "this noise ...".  unit: what sigma is, continuing
    "sigma is the ...".
    has_mean: mu shifts it.  leaves_range: values leave [0, 1] unless they are clipped.
    fill: fills an array with the random values of one image.  channels: of these values, for each
    pixel; 0 = as many as the image has.
    apply: the noisy images from clean ones (n, C, H, W), random values and the noise, unclipped.
    for_training: the same for PyTorch, with fresh random values; takes x (B, C, H, W), sigma, mu
    and a generator.  Its source is what core.export.script exports, so that it uses nothing but
    its arguments, and of PyTorch only what a tensor can do; with whole_module, it may use all of
    the module that it stands in, which is exported whole and uses the standard library and NumPy.
    grows: "linearly", if the noisy image is a line in sigma; "by_pixel", if a pixel takes its value
    at sigma = 1 as soon as sigma exceeds the first of its random values; "freely", if neither.
    """

    name: Kind
    explanation: str
    unit: str
    fill: Callable[[np.random.Generator, Array], object]
    apply: Callable[[Array, Array, "Noise"], Array]
    for_training: Callable[["torch.Tensor", float, float, "torch.Generator"], "torch.Tensor"]
    channels: int = 0
    has_mean: bool = False
    leaves_range: bool = False
    whole_module: bool = False
    grows: Literal["linearly", "by_pixel", "freely"] = "freely"

    @property
    def title(self) -> str:
        """Its name in words: salt_and_pepper -> salt and pepper."""
        return self.name.replace("_", " ")

    @property
    def axis(self) -> str:
        """The title of an axis of sigma, which goes from 0 to 1."""
        return f"noise σ ({self.unit})"


def _fill_normal(rng: np.random.Generator, out: Array) -> None:
    rng.standard_normal(dtype=np.float32, out=out)


def _fill_uniform(rng: np.random.Generator, out: Array) -> None:
    rng.random(dtype=np.float32, out=out)


def _fill_coarse(rng: np.random.Generator, out: Array) -> None:
    """Normal values of GRAINS x GRAINS, enlarged by bilinear interpolation; deviation 1 each."""
    grains = rng.standard_normal((len(out), GRAINS, GRAINS), dtype=np.float32)
    out[:] = _enlarging(out.shape[1]) @ grains @ _enlarging(out.shape[2]).T


def _enlarging(size: int) -> Array:
    """How much of each grain is in each pixel along one side: (size, GRAINS), rows of norm 1."""
    at = np.clip((np.arange(size, dtype=np.float32) + 0.5) * GRAINS / size - 0.5, 0, GRAINS - 1)
    shares = np.clip(1 - np.abs(at[:, None] - np.arange(GRAINS, dtype=np.float32)), 0, None)
    return np.asarray(shares / np.sqrt(np.square(shares).sum(axis=1, keepdims=True)), np.float32)


def _gaussian(x: Array, drawn: Array, noise: "Noise") -> Array:
    return x + np.float32(noise.mu) + np.float32(noise.sigma) * drawn


def _speckle(x: Array, drawn: Array, noise: "Noise") -> Array:
    return x * (1 + np.float32(noise.mu) + np.float32(noise.sigma) * drawn)


def _masking(x: Array, drawn: Array, noise: "Noise") -> Array:
    return np.where(drawn < noise.sigma, np.float32(0), x)


def _salt_and_pepper(x: Array, drawn: Array, noise: "Noise") -> Array:
    return np.where(drawn[:, :1] < noise.sigma, np.round(drawn[:, 1:]), x)


def _defects(x: Array, drawn: Array, noise: "Noise") -> Array:
    return with_defects(x, drawn, noise.sigma)


def gaussian(
    x: "torch.Tensor", sigma: float, mu: float, generator: "torch.Generator"
) -> "torch.Tensor":
    """Gaussian noise: x + N(mu, sigma)."""
    return x + x.clone().normal_(mu, sigma, generator=generator)


def speckle(
    x: "torch.Tensor", sigma: float, mu: float, generator: "torch.Generator"
) -> "torch.Tensor":
    """Speckle: x (1 + N(mu, sigma))."""
    return x * (1 + x.clone().normal_(mu, sigma, generator=generator))


def masking(
    x: "torch.Tensor", sigma: float, _mu: float, generator: "torch.Generator"
) -> "torch.Tensor":
    """Masking: a share sigma of the pixels becomes black."""
    hit = x[:, :1].clone().uniform_(generator=generator) < sigma
    return x[:, :1].clone().zero_().where(hit, x)


def coarse(
    x: "torch.Tensor", sigma: float, mu: float, generator: "torch.Generator"
) -> "torch.Tensor":
    """Coarse noise: x + mu + sigma * 16 x 16 normal values, enlarged bilinearly to deviation 1."""
    noise = x.new_empty((*x.shape[:2], 16, 16)).normal_(generator=generator)
    for size in x.shape[2:]:
        at = ((x.new_ones(size).cumsum(0) - 0.5) * 16 / size - 0.5).clamp(0, 15)
        shares = (1 - (at[:, None] - (x.new_ones(16).cumsum(0) - 1)).abs()).clamp(min=0)
        noise = (shares / shares.square().sum(1, keepdim=True).sqrt() @ noise).transpose(2, 3)
    return x + mu + sigma * noise


def salt_and_pepper(
    x: "torch.Tensor", sigma: float, _mu: float, generator: "torch.Generator"
) -> "torch.Tensor":
    """Salt and pepper: a share sigma of the pixels becomes black or white."""
    hit = x[:, :1].clone().uniform_(generator=generator) < sigma
    return x[:, :1].clone().uniform_(generator=generator).round().where(hit, x)


NOISES: tuple[NoiseKind, ...] = (
    NoiseKind(
        name="gaussian",
        explanation="adds N(mu, sigma) to every value",
        unit="standard deviation, pixels are 0 to 1",
        fill=_fill_normal,
        apply=_gaussian,
        for_training=gaussian,
        has_mean=True,
        leaves_range=True,
        grows="linearly",
    ),
    NoiseKind(
        name="salt_and_pepper",
        explanation="sets a share sigma of the pixels to black or white",
        unit="share of the pixels turned black or white",
        fill=_fill_uniform,
        channels=2,  # where, and which of the two
        apply=_salt_and_pepper,
        for_training=salt_and_pepper,
        grows="by_pixel",
    ),
    NoiseKind(
        name="masking",
        explanation="sets a share sigma of the pixels to black",
        unit="share of the pixels turned black",
        fill=_fill_uniform,
        channels=1,
        apply=_masking,
        for_training=masking,
        grows="by_pixel",
    ),
    NoiseKind(
        name="speckle",
        explanation="multiplies every value by 1 + N(mu, sigma)",
        unit="standard deviation, as a share of the pixel",
        fill=_fill_normal,
        apply=_speckle,
        for_training=speckle,
        has_mean=True,
        leaves_range=True,
        grows="linearly",
    ),
    NoiseKind(
        name="coarse",
        explanation="adds 16 x 16 grains of N(mu, sigma), enlarged to the picture",
        unit="standard deviation, pixels are 0 to 1",
        fill=_fill_coarse,
        apply=_gaussian,
        for_training=coarse,
        has_mean=True,
        leaves_range=True,
        grows="linearly",
    ),
    NoiseKind(
        name="defects",
        explanation="draws stains, holes, cracks, patches, smears and changes of light",
        unit="strength of the defects; at 1 they are opaque",
        fill=draw_fields,
        channels=N_FIELDS,
        apply=_defects,
        for_training=drawn_defects,
        whole_module=True,
        grows="linearly",
    ),
)
KINDS: Mapping[Kind, NoiseKind] = MappingProxyType({kind.name: kind for kind in NOISES})
if tuple(KINDS) != get_args(Kind):
    raise AssertionError(f"Kind names {get_args(Kind)}, and KINDS has {tuple(KINDS)}.")


def with_mean() -> str:
    """The kinds of noise that have a mean, in words: "gaussian, speckle"."""
    return ", ".join(kind.title for kind in KINDS.values() if kind.has_mean)


@dataclass(frozen=True)
class Noise:
    """Kind and amount of the noise that is added to an image before the network sees it.

    kind: a key of KINDS.  sigma: 0 to 1; what it means is KINDS[kind].unit.  mu: -1 to 1, the mean
    of the kinds that have one; the others ignore it.
    clip: cut the result to [0, 1] as a camera would; the textbooks do not.
    """

    kind: Kind = declared(
        Setting(
            name="kind",
            kind="choice",
            default="gaussian",
            choices=tuple(KINDS),
            label="Kind of noise",
            explanation="; ".join(f"{kind.title} {kind.explanation}" for kind in KINDS.values()),
            flag="--noise-kind",
            key="train_noise",
        )
    )
    sigma: float = declared(
        Setting(
            name="sigma",
            kind="float",
            default=0.0,
            low=0,
            high=1,
            step=0.05,
            label="Noise in training σ",
            explanation="put on the input while the target stays clean, so that it learns to "
            "remove it",
            flag="--noise-std",
            key="train_sigma",
            main=True,
        )
    )
    mu: float = declared(
        Setting(
            name="mu",
            kind="float",
            default=0.0,
            low=-1,
            high=1,
            step=0.05,
            label="Mean of the noise μ",
            explanation=f"above 0 brightens, below 0 darkens; for {with_mean()}",
            flag="--noise-mean",
            also=("--noise-mu",),
            key="train_mu",
        )
    )
    clip: bool = declared(
        Setting(
            name="clip",
            kind="bool",
            default=False,
            label="Clip noisy pixels to [0, 1]",
            explanation="as a camera would; the model then expects clipped noise in use, too",
            flag="--noise-clip",
            key="train_clip",
        )
    )

    def __post_init__(self) -> None:
        check_settings(self)

    def __bool__(self) -> bool:
        """True if it changes anything."""
        shifts = self.mu != 0 and KINDS[self.kind].has_mean
        return bool(self.sigma > 0 or shifts)  # NumPy's numbers compare to no plain bool


def same_sort(a: Noise, b: Noise) -> bool:
    """Whether two noises differ at most in their amount."""
    kind = KINDS[a.kind]
    same_mean = not kind.has_mean or a.mu == b.mu
    return a.kind == b.kind and same_mean and (not kind.leaves_range or a.clip == b.clip)


def draws(x: Array, kind: Kind, seed: int) -> Array:
    """The random part of `kind` for each image, before any amount is applied.

    x: (n, C, H, W), float32.  seed: 0 to 2**32 - 1.
    Returns float32 (n, C, H, W), or as many channels as the kind's record says: standard normal
    values for gaussian, speckle and coarse, values in [0, 1) for salt_and_pepper and masking, the
    fields of core.drawn_defects for defects.
    """
    record = KINDS[kind]
    n, c, h, w = x.shape
    out = np.empty((n, record.channels or c, h, w), np.float32)
    for image, values in zip(np.ascontiguousarray(x), out, strict=True):
        record.fill(np.random.Generator(np.random.SFC64([seed, zlib.crc32(image)])), values)
    return out


def corrupt(x: Array, drawn: Array, noise: Noise) -> Array:
    """`x` with `noise`, from values that draws() gave for the same x and kind.

    x: (n, C, H, W) in [0, 1].  Returns a new (n, C, H, W) float32; it leaves [0, 1] unless
    noise.clip is set.
    """
    noisy = KINDS[noise.kind].apply(x, drawn, noise)
    return np.clip(noisy, 0, 1) if noise.clip else noisy


def add_noise(x: Array, noise: Noise, seed: int) -> Array:
    """`x` with `noise`; the same seed and the same image always give the same noise.

    x: (n, C, H, W), float32 in [0, 1]; not changed.  Returns a new (n, C, H, W) float32.
    """
    return corrupt(x, draws(x, noise.kind, seed), noise) if noise else x.copy()
