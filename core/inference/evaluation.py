"""Errors of a model on a set of images, clean and with noise."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from core import metrics
from core.config import DataError
from core.images.imagesets import ImageSet
from core.images.parts import slices
from core.inference import Autoencoder
from core.noise import Noise, corrupt, draws

Array = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]


class Rebuilder(Protocol):
    """A model that can be evaluated: an Autoencoder, or any other mapping of images to images."""

    def reconstruct(self, x: Array) -> Array: ...


class Qualities(NamedTuple):
    """Similarity of each image's reconstruction to the clean image, under each of several noises.

    Each (noises, n): mse; noisy_mse, of the noisy image itself; psnr (dB, at most
    metrics.PSNR_CAP); ssim.
    """

    mse: Table
    noisy_mse: Table
    psnr: Table
    ssim: Table

    def stacked(self) -> Table:
        """As one table, (noises, 4, n): how they are kept on disk."""
        return np.stack(self, axis=1)

    @classmethod
    def of(cls, stacked: Table) -> "Qualities":
        """The parts that stacked() joined into one table."""
        return cls(*stacked.swapaxes(0, 1))

    def means(self, i: int) -> dict[str, float]:
        """The means over the images under noise number i, by name."""
        return {name: float(values[i].mean()) for name, values in self._asdict().items()}


@dataclass(frozen=True)
class AtSigma:
    """Means over the images at one amount of noise, always against the clean images.

    mse: of the reconstruction.  noisy_mse: of the noisy image itself.  psnr in dB, ssim up to 1.
    """

    sigma: float
    mse: float
    noisy_mse: float
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Evaluation:
    """Means over all images.

    per_class, n_per_class: class name -> mse on clean images, and how many; for labelled sets.
    """

    checkpoint: str
    dataset: str
    split: str
    n: int
    mse: float
    psnr: float
    ssim: float
    per_class: dict[str, float]
    sigma: tuple[AtSigma, ...]
    n_per_class: dict[str, int] = field(default_factory=dict)


def evaluate(
    autoencoder: Autoencoder,
    images: ImageSet,
    sigmas: tuple[float, ...] = (),
    noise: Noise = Noise(),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Rebuild every image, clean and with noise of each sigma, and compare with the clean image.

    sigmas: 0 to 1 each.  noise: its kind, mu and clip serve every sigma.  seed: 0 to 2**32 - 1.
    progress: called with (images done, all images) after each part.
    Raises DataError if there are no images or they do not fit the model, and OptionError if a sigma
    is out of bounds.
    """
    noises = tuple(replace(noise, sigma=sigma) for sigma in sigmas)
    found = qualities(autoencoder, images, (Noise(), *noises), seed, progress)
    clean = found.means(0)
    return Evaluation(
        checkpoint=autoencoder.card.name,
        dataset=images.id,
        split=images.split,
        n=len(images),
        mse=clean["mse"],
        psnr=clean["psnr"],
        ssim=clean["ssim"],
        per_class=_per_class(images, found.mse[0]),
        n_per_class=_counts(images),
        sigma=tuple(AtSigma(sigma=s, **found.means(i)) for i, s in enumerate(sigmas, 1)),
    )


def qualities(
    autoencoder: Rebuilder,
    images: ImageSet,
    noises: tuple[Noise, ...] = (Noise(),),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Qualities:
    """Evaluate each image's reconstruction under several noises of one kind.

    progress: called with (images done, all images) after each part.
    Raises DataError if there are no images or they do not fit the model.
    """
    if not len(images):
        raise DataError(f"There are no images in {images.id} ({images.split}): choose another set.")
    parts: list[Qualities] = []
    for part in slices(images):
        parts.append(_measure(autoencoder, images.pixels(part), noises, seed))
        if progress:
            progress(part.stop, len(images))
    return Qualities(*(np.concatenate(tables, axis=1) for tables in zip(*parts, strict=True)))


def _measure(autoencoder: Rebuilder, x: Array, noises: tuple[Noise, ...], seed: int) -> Qualities:
    """Qualities of one part of the images, x (n, C, H, W), under each of noises."""
    drawn = draws(x, noises[-1].kind, seed) if any(noises) else x
    rows = []
    for noise in noises:
        x_noisy = corrupt(x, drawn, noise) if noise else x
        x_hat = autoencoder.reconstruct(x_noisy)
        psnr = np.minimum(metrics.psnr(x, x_hat), metrics.PSNR_CAP)
        ssim = metrics.ssim(x, x_hat)
        rows.append(Qualities(metrics.mse(x, x_hat), metrics.mse(x, x_noisy), psnr, ssim))
    return Qualities(*map(np.stack, zip(*rows, strict=True)))


def _per_class(images: ImageSet, errors: npt.NDArray[np.float64]) -> dict[str, float]:
    if images.labels is None:
        return {}
    return {
        name: float(errors[images.labels == i].mean())
        for i, name in enumerate(images.class_names)
        if (images.labels == i).any()
    }


def _counts(images: ImageSet) -> dict[str, int]:
    if images.labels is None:
        return {}
    counts = {name: int((images.labels == i).sum()) for i, name in enumerate(images.class_names)}
    return {name: n for name, n in counts.items() if n}
