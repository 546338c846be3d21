"""Sweeps: what a slider shows, computed once for all its positions, so that nobody waits.

A sweep of noise holds, for each of S amounts, what each model makes of the same noisy images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core import metrics
from core.inference import Autoencoder
from core.noise import Noise, corrupt, draws

Array = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
SIGMAS = np.linspace(0, 1, 51)


@dataclass(frozen=True)
class ModelSweep:
    """What one model makes of n images at S amounts of noise.

    x_hat: (S, n, C, H, W) float32.  mse, psnr (dB), ssim: (S, n) against the clean images.
    removed: (S,) the share of the noise's squared error, pooled over the images, that is gone after
    reconstruction: 1 = all of it, 0 = none, negative = x_hat is further from x than the noisy
    images are; nan where there is no noise.
    """

    name: str
    x_hat: Array
    mse: Scores
    psnr: Scores
    ssim: Scores
    removed: Scores


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
