"""The noise sweep against its naive twin: one image set, one amount and one model at a time."""

import numpy as np
import pytest

from core import metrics
from core.config import DataError
from core.inference import Autoencoder
from core.noise import Noise, add_noise
from core.sweeps import at_sigma, noise_sweep
from tests.core.models_for_tests import tiny_checkpoint

SIGMAS = np.array([0.0, 0.3, 1.0])


def images(n: int = 5) -> np.ndarray:
    return np.random.default_rng(3).random((n, 1, 16, 17), np.float32)


@pytest.mark.parametrize("kind", ["gaussian", "salt_and_pepper", "masking", "speckle"])
def test_noise_sweep_equals_one_call_for_each_sigma(kind: str) -> None:
    x, model = images(), Autoencoder(tiny_checkpoint("dense"))
    noise = Noise(kind=kind, clip=True)  # type: ignore[arg-type]
    sweep = noise_sweep(x, [model], noise, seed=4, sigmas=SIGMAS)
    for step, sigma in enumerate(SIGMAS):
        x_noisy = add_noise(x, at_sigma(noise, sigma), seed=4)
        x_hat = model.reconstruct(x_noisy)
        np.testing.assert_allclose(sweep.noisy(step), x_noisy)
        np.testing.assert_allclose(sweep.models[0].x_hat[step], x_hat, atol=1e-6)
        np.testing.assert_allclose(sweep.models[0].mse[step], metrics.mse(x, x_hat), atol=1e-6)
        np.testing.assert_allclose(sweep.models[0].ssim[step], metrics.ssim(x, x_hat), atol=1e-5)
        np.testing.assert_allclose(sweep.noisy_mse[step], metrics.mse(x, x_noisy), atol=1e-6)
        if sigma:
            gone = 1 - np.square(x - x_hat).mean() / np.square(x - x_noisy).mean()
            np.testing.assert_allclose(sweep.models[0].removed[step], gone, atol=1e-5)


def test_noise_sweep_at_sigma_zero_has_no_share_of_noise_removed() -> None:
    sweep = noise_sweep(images(), [Autoencoder(tiny_checkpoint("dense"))], Noise(), 0, SIGMAS)
    assert np.isnan(sweep.models[0].removed[0])
    assert np.isfinite(sweep.models[0].removed[1:]).all()


def test_noise_sweep_of_images_of_another_shape_says_what_fits() -> None:
    with pytest.raises(DataError, match="takes images of 1 x 16 x 17"):
        noise_sweep(images()[..., :16], [Autoencoder(tiny_checkpoint("dense"))], Noise(), 0, SIGMAS)
