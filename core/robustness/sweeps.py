"""Sweeps: what a slider shows, computed once for all its positions, so that nobody waits.

A sweep of noise holds, for each of S amounts, what each model makes of the same noisy images.
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
DENSE_RATE, SPATIAL_RATE = 20_000, 4_000  # images of 28 x 28 a second, rebuilt and compared


class Indexed(Protocol):
    """Pictures by step, and by step and image: an array, or what makes them when asked."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, eq=False)
class Quantised:
    """Frames in 256 steps of their range, as differences from amount to amount.

    changes: (n, C, H, W, S) uint8, the sums of which modulo 256 along the last axis are q; the
    pixels are low + q * (high - low) / 255.
    """

    changes: npt.NDArray[np.uint8]
    low: float
    high: float


@dataclass(frozen=True)
class ModelSweep:
    """What one model makes of n images at S amounts of noise.

    x_hat: (S, n, C, H, W) float32, or what rebuilds the images of a step again.
    mse, psnr (dB), ssim: (S, n) against the clean images.
    removed: (S,) the share of the noise's squared error, pooled over the images, that is gone after
    reconstruction: 1 = all of it, 0 = none, negative = x_hat is further from x than the noisy
    images are; nan where there is no noise.
    frames, errors: what compute() keeps of x_hat: the frames, and QUANTILES of its errors.
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
    """The same images under growing noise, and every model's answer.

    x: (n, C, H, W) clean.  sigmas: (S,).  drawn: the random part, as core.noise.draws gives it.
    noise: kind, mu and clip; its sigma is replaced by each of sigmas.  noisy_mse: (S, n).
    """

    x: Array
    sigmas: Scores
    noise: Noise
    drawn: Array
    noisy_mse: Scores
    models: tuple[ModelSweep, ...]

    def noisy(self, step: int) -> Array:
        """The noisy images at sigmas[step]: (n, C, H, W), unclipped unless the noise clips."""
        return corrupt(self.x, self.drawn, at_sigma(self.noise, self.sigmas[step]))


def at_sigma(noise: Noise, sigma: float) -> Noise:
    """The same noise with another amount."""
    return replace(noise, sigma=float(sigma))


def noise_sweep(
    x: Array, models: Sequence[Autoencoder], noise: Noise, seed: int, sigmas: Scores = SIGMAS
) -> NoiseSweep:
    """Reconstructs x at every amount of noise, with the same draw for all amounts and all models.

    x: (n, C, H, W) in [0, 1].  sigmas: (S,), each 0 to 1.  One batched pass a model.
    Raises DataError if a model does not take images of that shape.
    """
    drawn = draws(x, noise.kind, seed)
    noisy = [corrupt(x, drawn, at_sigma(noise, sigma)) for sigma in sigmas]
    stacked = np.concatenate(noisy)  # (S * n, C, H, W)
    clean = np.concatenate([x] * len(sigmas))
    noisy_mse = metrics.mse(clean, stacked).reshape(len(sigmas), len(x))
    swept = tuple(_model_sweep(model, stacked, clean, noisy_mse) for model in models)
    return NoiseSweep(x, np.asarray(sigmas, np.float64), noise, drawn, noisy_mse, swept)


def _model_sweep(model: Autoencoder, stacked: Array, clean: Array, noisy_mse: Scores) -> ModelSweep:
    x_hat = model.reconstruct(stacked)
    mse, psnr, ssim = (
        f(clean, x_hat).reshape(noisy_mse.shape) for f in (metrics.mse, metrics.psnr, metrics.ssim)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        removed = 1 - mse.mean(axis=1) / noisy_mse.mean(axis=1)
    removed[noisy_mse.mean(axis=1) == 0] = np.nan
    frames = x_hat.reshape(*noisy_mse.shape, *x_hat.shape[1:])
    return ModelSweep(model.card.name, frames, mse, psnr, ssim, removed)


@dataclass(frozen=True)
class View:
    """Which images stand under which noise, as the argument of a task.  n_steps: amounts of it."""

    ref: SplitRef
    ids: tuple[str, ...]
    noise: Noise
    seed: int
    n_steps: int

    @property
    def sigmas(self) -> Scores:
        """(S,): from 0 to 1."""
        return np.linspace(0, 1, self.n_steps)


def compute(view: View, sha256: str) -> Arrays:
    """A task: a sweep of one model. mse, psnr, ssim, removed, noisy_mse as in NoiseSweep; changes,
    low, high as in Quantised; errors: QUANTILES of the absolute errors of its pixels.
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
    """The sweep from what compute() gives.  x: (n, C, H, W), the images of the view."""
    drawn = draws(x, view.noise.kind, view.seed)
    frames = Quantised(found["changes"], float(found["low"]), float(found["high"]))
    numbers = {name: found[name] for name in ("mse", "psnr", "ssim", "removed", "errors")}
    one = ModelSweep(model.card.name, Rebuilt(x, drawn, view, model), frames=frames, **numbers)
    return NoiseSweep(x, view.sigmas, view.noise, drawn, found["noisy_mse"], (one,))


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """What a model makes of the images at a step of a sweep, made when it is asked for.

    [step] gives (n, C, H, W), [step, images] some of them.
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
    """Frames (S, n, C, H, W) in 256 steps of their range, as differences from each to the next."""
    q, low, high = quantised(x_hat)
    by_value = np.moveaxis(q, 0, -1)  # (n, C, H, W, S): neighbours in the stream are alike
    return Quantised(np.diff(by_value, axis=-1, prepend=np.uint8(0)), low, high)


def quantised(x: Array) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Pictures in 256 steps of their own range, which holds [0, 1] and is cut at [-1, 2].

    x: any shape.  Returns q, low and high with x = low + q * (high - low) / 255; exact for
    multiples of 1/255 if nothing is outside [0, 1].
    """
    low = max(-1.0, float(x.min(initial=0)))
    high = min(2.0, float(x.max(initial=1)))
    steps = (np.clip(x, low, high) - np.float32(low)) * np.float32(255 / (high - low))
    return (steps + np.float32(0.5)).astype(np.uint8), low, high


def pixel_errors(x: Array, model: ModelSweep) -> Array:
    """The absolute errors of all pixels at a tenth of the amounts, which tells enough: (m,)."""
    every = max(1, len(model.mse) // 10)
    return np.asarray(np.abs(model.x_hat[::every] - x)).ravel()


def seconds_for(n_values: int, n_steps: int, card: Card) -> float:
    """About how long a sweep of one model takes.  n_values: numbers in all its images."""
    spatial = any(isinstance(layer, Conv) for layer in card.plan.encoder)
    images = n_values * n_steps / 784
    return images / (SPATIAL_RATE if spatial else DENSE_RATE) * _of_size(card)


def _of_size(card: Card) -> float:
    """How much longer a network takes for an image than its pixels say; 1 for small ones."""
    spatial = any(isinstance(layer, Conv) for layer in card.plan.encoder)
    pixels = math.prod(card.input_shape)
    return 1.0 if spatial else max(1.0, card.n_parameters / (1_000 * pixels))
