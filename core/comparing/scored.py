"""How near one model comes to images, clean and under one noise, and how fast it is."""

import time
from dataclasses import dataclass

import numpy as np

from core import robustness
from core.config import CheckpointError
from core.data.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise


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


def score(model: Autoencoder, images: ImageSet, noise: Noise, seed: int) -> Scored:
    """How near a model comes to the images, clean and under noise, and how fast it is."""
    x = images.pixels()
    model.errors(x[:16])  # the first call sets things up
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        clean = model.errors(x)
        seconds.append(time.perf_counter() - began)
    try:
        noisy = robustness.measure(model, images, noise, seed, (noise.sigma,))[0, 0]
    except CheckpointError:
        noisy = np.full(1, np.nan)
    return Scored(float(clean.mean()), float(noisy.mean()), len(x) / min(seconds))
