"""How far from the clean image each model lands as noise grows, on the same images and noise."""

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
from core.inference.evaluation import Rebuilder, qualities
from core.noise import Noise

Array = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]
INPUT = "the noisy image itself"
N_QUALITIES = 4  # rows of core.inference.evaluation.qualities


@dataclass(frozen=True)
class Metric:
    """A way to tell how near a reconstruction is to the clean image.

    row: where core.inference.evaluation.qualities has it.  digits: after the point, where it is
    shown.
    straight: takes values to a distance that grows about linearly with sigma, lower = nearer, so
    that curves can be interpolated there.  back: its inverse.
    """

    name: str
    title: str
    unit: str
    row: int
    digits: int
    higher_is_nearer: bool
    straight: Callable[[Table], Table]
    back: Callable[[Table], Table]

    def between(self, sigmas: Sequence[float], values: Table, at: Table) -> Table:
        """The curve through values (S,) at sigmas (S,), read at other sigmas: (m,) -> (m,)."""
        return self.back(np.interp(at, sigmas, self.straight(values)))


METRICS = (
    Metric("mse", "MSE", "", 0, 4, False, np.sqrt, np.square),
    Metric(
        "psnr",
        "PSNR",
        "dB",
        2,
        2,
        True,
        lambda db: np.asarray(10 ** (-db / 20)),
        lambda s: -20 * np.log10(s),
    ),
    Metric(
        "ssim",
        "SSIM",
        "",
        3,
        3,
        True,
        lambda s: np.sqrt(np.maximum(0, 1 - s)),
        lambda s: np.asarray(1 - s**2),
    ),
)


class Untouched:
    """Returns the noisy image as it is: a model is of use only if it is nearer than that."""

    def reconstruct(self, x: Array) -> Array:
        """(n, C, H, W) -> the same."""
        return x


@dataclass(frozen=True, eq=False)
class Curve:
    """One model's metric under growing noise.

    values: (draws, S, n), of each image, at each of S sigmas, under each draw of the noise.
    """

    name: str
    values: Table

    @property
    def per_image(self) -> Table:
        """(S, n): the mean over the draws."""
        return np.asarray(self.values.mean(axis=0))

    @property
    def mean(self) -> Table:
        """(S,): the mean over draws and images."""
        return np.asarray(self.values.mean(axis=(0, 2)))

    def images_band(self, share: float) -> Table:
        """(2, S): between which the middle share (0 to 1) of images and draws lies."""
        edges = [(1 - share) / 2, (1 + share) / 2]
        by_sigma = np.moveaxis(self.values, 1, 0).reshape(self.values.shape[1], -1)
        return np.asarray(np.quantile(by_sigma, edges, axis=1))

    def draws_band(self) -> Table:
        """(2, S): the least and the greatest mean of any draw."""
        means = self.values.mean(axis=2)
        return np.stack([means.min(axis=0), means.max(axis=0)])


@dataclass(frozen=True, eq=False)
class Study:
    """Several models under the same growing noise.

    sigmas: (S,), rising from 0 to 1.  noisy: the noisy image's own curve.
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
    """Evenly spaced amounts of noise from 0 to 1, n of them, at least 2."""
    return tuple((np.arange(n) / (n - 1)).tolist())


def spread(images: ImageSet, n: int) -> ImageSet:
    """As many as n images, evenly spread over the whole set; all if there are not more."""
    if n >= len(images):
        return images
    return images.take(np.linspace(0, len(images) - 1, n).round().astype(np.int64))


def measure(
    model: Rebuilder, images: ImageSet, noise: Noise, seed: int, sigmas: Sequence[float]
) -> Table:
    """What `evaluate --sigma` averages, image by image: (S, 4, n), as
    core.inference.evaluation.qualities.

    noise: its sigma is replaced by each of sigmas.
    Raises DataError if there are no images or they do not fit.
    """
    noises = tuple(replace(noise, sigma=float(sigma)) for sigma in sigmas)
    return qualities(model, images, noises, seed, partial(done, "Measuring"))


def curve(name: str, tables: Sequence[Table], shown: Metric) -> Curve:
    """The metric's values from one table of measure() a draw."""
    return Curve(name, np.stack([table[:, shown.row] for table in tables]))


# How near one model comes to images, clean and under one noise, and how fast it is.


@dataclass(frozen=True)
class Scored:
    """How near a model comes to the clean images, and how fast it is.

    mse, noisy_mse: means over the images, rebuilt from the clean and from the noisy ones; nan if
    the model's output is not finite for some of them.
    images_per_second: rebuilt and scored, the faster of two tries, as the machine may be busy.
    """

    mse: float
    noisy_mse: float
    images_per_second: float


def score_model(model: Autoencoder, images: ImageSet, noise: Noise, seed: int) -> Scored:
    """How near a model comes to the images, clean and under noise, and how fast it is."""
    x = images.pixels()
    model.errors(x[:16])  # the first call sets things up
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        clean = model.errors(x)
        seconds.append(time.perf_counter() - began)
    try:
        noisy = measure(model, images, noise, seed, (noise.sigma,))[0, 0]
    except CheckpointError:
        noisy = np.full(1, np.nan)
    return Scored(float(clean.mean()), float(noisy.mean()), len(x) / min(seconds))
