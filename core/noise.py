"""Noise on images, reproducible per image. Imports nothing else from core.

The draw for an image depends on the seed and on that image's own pixels alone, so that it is the
same for every model compared, on every rerun, after a shuffle or a filter, and in any batch. It is
also the same for every amount: dragging sigma makes one noise stronger and draws no new one.
"""

import zlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.config import OptionError

Array = npt.NDArray[np.float32]
Kind = Literal["gaussian", "salt_and_pepper", "masking", "speckle"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ADDITIVE: tuple[Kind, ...] = ("gaussian", "speckle")  # have a mean; leave [0, 1] unless clipped
EXPLANATIONS = {
    "gaussian": "adds N(mu, sigma) to every value",
    "salt_and_pepper": "sets a share sigma of the pixels to black or white",
    "masking": "sets a share sigma of the pixels to black",
    "speckle": "multiplies every value by 1 + N(mu, sigma)",
}


@dataclass(frozen=True)
class Noise:
    """What is done to an image before the network sees it.

    kind: one of KINDS.  sigma: 0 to 1; a standard deviation on the [0, 1] pixel scale (gaussian,
    speckle) or a share of pixels (salt_and_pepper, masking).  mu: -1 to 1, the mean of gaussian and
    speckle; the others ignore it.
    clip: cut the result to [0, 1] as a camera would; the textbooks do not.
    """

    kind: Kind = "gaussian"
    sigma: float = 0.0
    mu: float = 0.0
    clip: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OptionError(
                f"There is no noise called {self.kind!r}: choose one of {', '.join(KINDS)}."
            )
        if not 0 <= self.sigma <= 1 or not -1 <= self.mu <= 1:
            raise OptionError("Noise needs sigma between 0 and 1 and mu between -1 and 1.")

    def __bool__(self) -> bool:
        """True if it changes anything."""
        shifts = self.mu != 0 and self.kind in ADDITIVE
        return bool(self.sigma > 0 or shifts)  # NumPy's numbers compare to no plain bool


def same_sort(a: Noise, b: Noise) -> bool:
    """Whether two noises differ at most in their amount."""
    return a.kind == b.kind and (a.kind not in ADDITIVE or (a.mu, a.clip) == (b.mu, b.clip))


def draws(x: Array, kind: Kind, seed: int) -> Array:
    """The random part of `kind` for each image, before any amount is applied.

    x: (n, C, H, W), float32.  seed: 0 to 2**32 - 1.
    Returns float32: (n, C, H, W) standard normal values for gaussian and speckle; values in [0, 1)
    for the others: (n, 2, H, W) for salt_and_pepper (where, which), (n, 1, H, W) for masking.
    """
    n, c, h, w = x.shape
    normal = kind in ADDITIVE
    channels = c if normal else 2 if kind == "salt_and_pepper" else 1
    out = np.empty((n, channels, h, w), np.float32)
    for image, values in zip(np.ascontiguousarray(x), out, strict=True):
        rng = np.random.Generator(np.random.SFC64([seed, zlib.crc32(image)]))
        (rng.standard_normal if normal else rng.random)(dtype=np.float32, out=values)
    return out


def corrupt(x: Array, drawn: Array, noise: Noise) -> Array:
    """`x` with `noise`, from values that draws() gave for the same x and kind.

    x: (n, C, H, W) in [0, 1].  Returns a new (n, C, H, W) float32; it leaves [0, 1] unless
    noise.clip is set.
    """
    if noise.kind == "gaussian":
        noisy = x + np.float32(noise.mu) + np.float32(noise.sigma) * drawn
    elif noise.kind == "speckle":
        noisy = x * (1 + np.float32(noise.mu) + np.float32(noise.sigma) * drawn)
    elif noise.kind == "masking":
        noisy = np.where(drawn < noise.sigma, np.float32(0), x)
    else:
        noisy = np.where(drawn[:, :1] < noise.sigma, np.round(drawn[:, 1:]), x)
    return np.clip(noisy, 0, 1) if noise.clip else noisy


def add_noise(x: Array, noise: Noise, seed: int) -> Array:
    """`x` with `noise`; the same seed and the same image always give the same noise.

    x: (n, C, H, W), float32 in [0, 1]; not changed.  Returns a new (n, C, H, W) float32.
    """
    return corrupt(x, draws(x, noise.kind, seed), noise) if noise else x.copy()
