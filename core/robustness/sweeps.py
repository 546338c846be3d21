"""Noise sweeps: reconstructions at all positions of a slider, computed once in advance.

A noise sweep has, for each of S sigmas, every model's reconstructions of the same noisy images.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core import metrics
from core.checkpoints.card import Card
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.inference import Autoencoder
from core.models.layers import Conv
from core.noise import Noise, corrupt, draws

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
SIGMAS = np.linspace(0, 1, 51)
QUANTILES = np.linspace(0, 1, 4001)  # of the errors of a sweep's pixels
DENSE_RATE, SPATIAL_RATE = 20_000, 4_000  # images of 28 x 28 a second, reconstructed and measured


class Indexed(Protocol):
    """Pictures indexed by [step] or [step, image]: an array, or an object that computes them."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, eq=False)
class Quantised:
    """Frames quantised to 256 steps of their range, as differences from sigma to sigma.

    changes: (n, C, H, W, S) uint8, the sums of which modulo 256 along the last axis are q; the
    pixels are low + q * (high - low) / 255.
    """

    changes: npt.NDArray[np.uint8]
    low: float
    high: float


@dataclass(frozen=True)
class ModelSweep:
    """One model's reconstructions of n images at S sigmas.

    x_hat: (S, n, C, H, W) float32, or an object that computes the images of a step again.
    mse, psnr (dB), ssim: (S, n) against the clean images.
    removed: (S,) 1 - MSE of x_hat / MSE of the noisy images, over all images: 1 = all noise was
    removed, 0 = none, negative = x_hat is further from x than the noisy images; NaN without noise.
    frames, errors: the part of x_hat that compute() returns: frames, and QUANTILES of its errors.
    """

    name: str
    x_hat: Indexed
    mse: Scores
    psnr: Scores
    ssim: Scores
    removed: Scores
    frames: Quantised | None = None
    errors: Scores | None = None


@dataclass(frozen=True)
class NoiseSweep:
    """n images at S sigmas, and every model's reconstructions.

    x: (n, C, H, W) clean.  sigmas: (S,).  drawn: the random part, of core.noise.draws.
    noise: kind, mu and clip; its sigma is replaced by each of sigmas.  noisy_mse: (S, n).
    """

    x: Array
    sigmas: Scores
    noise: Noise
    drawn: Array
    noisy_mse: Scores
    models: tuple[ModelSweep, ...]

    def noisy(self, step: int) -> Array:
        """The noisy images at sigmas[step]: (n, C, H, W), clipped only if the noise clips."""
        return corrupt(self.x, self.drawn, at_sigma(self.noise, self.sigmas[step]))


def at_sigma(noise: Noise, sigma: float) -> Noise:
    """A copy of the noise with another sigma."""
    return replace(noise, sigma=float(sigma))


def noise_sweep(
    x: Array, models: Sequence[Autoencoder], noise: Noise, seed: int, sigmas: Scores = SIGMAS
) -> NoiseSweep:
    """Reconstruct x at every sigma, with the same draw of the noise for all sigmas and models.

    x: (n, C, H, W) in [0, 1].  sigmas: (S,), each 0 to 1.  Each model runs one batch.
    Raises DataError if a model does not take images of that shape.
    """
    drawn = draws(x, noise.kind, seed)
    noisy = [corrupt(x, drawn, at_sigma(noise, sigma)) for sigma in sigmas]
    stacked = np.concatenate(noisy)  # (S * n, C, H, W)
    clean = np.concatenate([x] * len(sigmas))
    noisy_mse = metrics.mse(clean, stacked).reshape(len(sigmas), len(x))
    swept = tuple(_model_sweep(model, stacked, clean, noisy_mse) for model in models)
    return NoiseSweep(
        x=x,
        sigmas=np.asarray(sigmas, np.float64),
        noise=noise,
        drawn=drawn,
        noisy_mse=noisy_mse,
        models=swept,
    )


def _model_sweep(model: Autoencoder, stacked: Array, clean: Array, noisy_mse: Scores) -> ModelSweep:
    x_hat = model.reconstruct(stacked)
    mse, psnr, ssim = (
        f(clean, x_hat).reshape(noisy_mse.shape) for f in (metrics.mse, metrics.psnr, metrics.ssim)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        removed = 1 - mse.mean(axis=1) / noisy_mse.mean(axis=1)
    removed[noisy_mse.mean(axis=1) == 0] = np.nan
    frames = x_hat.reshape(*noisy_mse.shape, *x_hat.shape[1:])
    return ModelSweep(
        name=model.card.name, x_hat=frames, mse=mse, psnr=psnr, ssim=ssim, removed=removed
    )


@dataclass(frozen=True)
class View:
    """Images and noise of a sweep, as the argument of a task.  n_steps: number of sigmas."""

    ref: SplitRef
    ids: tuple[str, ...]
    noise: Noise
    seed: int
    n_steps: int

    @property
    def sigmas(self) -> Scores:
        """The sigmas, evenly spaced from 0 to 1: (S,)."""
        return np.linspace(0, 1, self.n_steps)


def compute(view: View, sha256: str) -> Arrays:
    """A task: the sweep of one model.

    Returns mse, psnr, ssim, removed, noisy_mse as in ModelSweep and NoiseSweep; changes, low, high
    as in Quantised; errors: QUANTILES of the absolute errors of its pixels.
    """
    images = view.ref.images()
    x = images.pixels(images.positions(view.ids))
    sweep = noise_sweep(x, [stock.model(sha256)], view.noise, view.seed, view.sigmas)
    (one,) = sweep.models
    frames = quantised_frames(np.asarray(one.x_hat))
    return {
        **{name: getattr(one, name) for name in ("mse", "psnr", "ssim", "removed")},
        "noisy_mse": sweep.noisy_mse,
        "changes": frames.changes,
        "low": np.asarray(frames.low),
        "high": np.asarray(frames.high),
        "errors": np.quantile(pixel_errors(sweep.x, one), QUANTILES),
    }


def from_arrays(x: Array, view: View, model: Autoencoder, found: Arrays) -> NoiseSweep:
    """The sweep from the result of compute().  x: (n, C, H, W), the images of the view."""
    drawn = draws(x, view.noise.kind, view.seed)
    frames = Quantised(found["changes"], float(found["low"]), float(found["high"]))
    numbers = {name: found[name] for name in ("mse", "psnr", "ssim", "removed", "errors")}
    one = ModelSweep(model.card.name, Rebuilt(x, drawn, view, model), frames=frames, **numbers)
    return NoiseSweep(
        x=x,
        sigmas=view.sigmas,
        noise=view.noise,
        drawn=drawn,
        noisy_mse=found["noisy_mse"],
        models=(one,),
    )


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """Reconstructions at a step of a sweep, computed on access.

    [step] returns (n, C, H, W), [step, images] some of them.
    """

    x: Array
    drawn: Array
    view: View
    model: Autoencoder

    def __getitem__(self, key: Any, /) -> Array:
        step, some = key if isinstance(key, tuple) else (key, slice(None))
        noise = at_sigma(self.view.noise, float(self.view.sigmas[step]))
        return self.model.reconstruct(corrupt(self.x[some], self.drawn[some], noise))


def quantised_frames(x_hat: Array) -> Quantised:
    """Frames (S, n, C, H, W) quantised to 256 steps of their range, as successive differences."""
    q, low, high = quantised(x_hat)
    by_value = np.moveaxis(q, 0, -1)  # (n, C, H, W, S), which compresses better
    return Quantised(np.diff(by_value, axis=-1, prepend=np.uint8(0)), low, high)


def quantised(x: Array) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Pictures quantised to 256 steps of their range, which includes [0, 1] and ends at [-1, 2].

    x: any shape.  Returns q, low and high with x = low + q * (high - low) / 255; exact for
    multiples of 1/255 if nothing is outside [0, 1].
    """
    low = max(-1.0, float(x.min(initial=0)))
    high = min(2.0, float(x.max(initial=1)))
    steps = (np.clip(x, low, high) - np.float32(low)) * np.float32(255 / (high - low))
    return (steps + np.float32(0.5)).astype(np.uint8), low, high


def pixel_errors(x: Array, model: ModelSweep) -> Array:
    """The absolute errors of all pixels at every tenth sigma, as a sample: (m,)."""
    every = max(1, len(model.mse) // 10)
    return np.asarray(np.abs(model.x_hat[::every] - x)).ravel()


def seconds_for(n_values: int, n_steps: int, card: Card) -> float:
    """Approximate duration of one model's sweep.  n_values: numbers in all its images."""
    spatial = any(isinstance(layer, Conv) for layer in card.plan.encoder)
    images = n_values * n_steps / 784
    return images / (SPATIAL_RATE if spatial else DENSE_RATE) * _of_size(card)


def _of_size(card: Card) -> float:
    """Factor by which a large network takes longer for an image; 1 for small networks."""
    spatial = any(isinstance(layer, Conv) for layer in card.plan.encoder)
    pixels = math.prod(card.input_shape)
    return 1.0 if spatial else max(1.0, card.n_parameters / (1_000 * pixels))
