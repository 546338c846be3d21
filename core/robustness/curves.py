"""Curves of error against noise: each model's distance to the clean images, by sigma."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from core.config import CheckpointError, OptionError
from core.images.imagesets import ImageSet
from core.images.parts import done
from core.inference import Autoencoder
from core.inference.evaluation import Qualities, Rebuilder, qualities
from core.noise import Noise

Array = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]
INPUT = "the noisy image itself"


@dataclass(frozen=True)
class Metric:
    """A measure of how near a reconstruction is to the clean image.

    name: of the field of core.inference.evaluation.Qualities.  digits: decimals on the screen.
    to_linear: maps values to a distance that grows about linearly with sigma, lower = nearer, in
    which curves are interpolated.  from_linear: its inverse.
    """

    name: str
    title: str
    unit: str
    digits: int
    higher_is_nearer: bool
    to_linear: Callable[[Table], Table]
    from_linear: Callable[[Table], Table]

    def between(self, sigmas: Sequence[float], values: Table, at: Table) -> Table:
        """Interpolate values (S,), known at sigmas (S,), at other sigmas: (m,) -> (m,)."""
        return self.from_linear(np.interp(at, sigmas, self.to_linear(values)))


METRICS = (
    Metric(
        name="mse",
        title="MSE",
        unit="",
        digits=4,
        higher_is_nearer=False,
        to_linear=np.sqrt,
        from_linear=np.square,
    ),
    Metric(
        name="psnr",
        title="PSNR",
        unit="dB",
        digits=2,
        higher_is_nearer=True,
        to_linear=lambda db: np.asarray(10 ** (-db / 20)),
        from_linear=lambda s: -20 * np.log10(s),
    ),
    Metric(
        name="ssim",
        title="SSIM",
        unit="",
        digits=3,
        higher_is_nearer=True,
        to_linear=lambda s: np.sqrt(np.maximum(0, 1 - s)),
        from_linear=lambda s: np.asarray(1 - s**2),
    ),
)


class Untouched:
    """A model that returns the noisy image unchanged, as a baseline for all others."""

    def reconstruct(self, x: Array) -> Array:
        """Images (n, C, H, W) -> the same array."""
        return x


@dataclass(frozen=True, eq=False)
class Curve:
    """One model's metric against noise.

    values: (draws, S, n) for each draw of the noise, each of S sigmas and each image.
    """

    name: str
    values: Table

    @property
    def per_image(self) -> Table:
        """Mean over the draws: (S, n)."""
        return np.asarray(self.values.mean(axis=0))

    @property
    def mean(self) -> Table:
        """Mean over draws and images: (S,)."""
        return np.asarray(self.values.mean(axis=(0, 2)))

    def images_band(self, share: float) -> Table:
        """Bounds of the central share (0 to 1) of images and draws: (2, S)."""
        edges = [(1 - share) / 2, (1 + share) / 2]
        by_sigma = np.moveaxis(self.values, 1, 0).reshape(self.values.shape[1], -1)
        return np.asarray(np.quantile(by_sigma, edges, axis=1))

    def draws_band(self) -> Table:
        """Smallest and largest mean of a draw: (2, S)."""
        means = self.values.mean(axis=2)
        return np.stack([means.min(axis=0), means.max(axis=0)])


@dataclass(frozen=True, eq=False)
class Study:
    """Curves of several models with the same images and noise.

    sigmas: (S,), ascending from 0 to 1.  noisy: the curve of the noisy image itself.
    """

    sigmas: tuple[float, ...]
    metric: Metric
    models: tuple[Curve, ...]
    noisy: Curve


def metric(name: str) -> Metric:
    """The metric called `name`, or OptionError."""
    for found in METRICS:
        if found.name == name:
            return found
    raise OptionError(f"There is no metric {name!r}: choose mse, psnr or ssim.")


def levels(n: int) -> tuple[float, ...]:
    """Evenly spaced sigmas from 0 to 1: (n,), n >= 2."""
    return tuple((np.arange(n) / (n - 1)).tolist())


def spread(images: ImageSet, n: int) -> ImageSet:
    """At most n images, evenly spaced over the set; all images if it has no more."""
    if n >= len(images):
        return images
    return images.take(np.linspace(0, len(images) - 1, n).round().astype(np.int64))


def measure(
    model: Rebuilder, images: ImageSet, noise: Noise, seed: int, sigmas: Sequence[float]
) -> Qualities:
    """The metrics of each image at each sigma, as core.inference.evaluation.qualities.

    `evaluate --sigma` prints their means.  noise: its sigma is replaced by each of sigmas.
    Raises DataError if there are no images or they do not fit.
    """
    noises = tuple(replace(noise, sigma=float(sigma)) for sigma in sigmas)
    return qualities(model, images, noises, seed, partial(done, "Measuring"))


def curve(name: str, draws: Sequence[Qualities], shown: Metric) -> Curve:
    """The curve of a metric.  draws: what measure() gives for each draw of the noise."""
    return Curve(name, np.stack([getattr(found, shown.name) for found in draws]))


# Error of one model on clean images and with one noise, and its speed.


@dataclass(frozen=True)
class Scored:
    """Mean errors of a model, and its speed.

    mse, noisy_mse: against the clean images, reconstructed from clean and from noisy ones; NaN if
    the model's output is not finite for some image.
    images_per_second: reconstructed and scored, the faster of two runs.
    """

    mse: float
    noisy_mse: float
    images_per_second: float


def score_model(model: Autoencoder, images: ImageSet, noise: Noise, seed: int) -> Scored:
    """Measure mean errors and speed of a model on images, clean and with noise."""
    x = images.pixels()
    model.errors(x[:16])  # warm-up
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        clean = model.errors(x)
        seconds.append(time.perf_counter() - began)
    try:
        noisy = measure(model, images, noise, seed, (noise.sigma,)).mse[0]
    except CheckpointError:
        noisy = np.full(1, np.nan)
    return Scored(float(clean.mean()), float(noisy.mean()), len(x) / min(seconds))
