"""The noise sweep against its naive twin: one image set, one amount and one model at a time."""

from pathlib import Path

import numpy as np
import pytest

from core import checkpoints, metrics
from core.computing import stock
from core.computing.stock import SplitRef
from core.config import DataError
from core.data import catalogue
from core.inference import Autoencoder
from core.noise import Noise, add_noise
from core.robustness import sweeps
from core.robustness.sweeps import at_sigma, noise_sweep
from tests.core.models_for_tests import tiny_checkpoint, tiny_document, tiny_tensors

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


def test_sweep_as_a_task_gives_the_same_numbers_and_the_pictures_of_each_step(
    tmp_path: Path,
) -> None:
    document = tiny_document("dense", (1, 28, 28))
    path = tmp_path / "tiny.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    model, data = Autoencoder.of(card), catalogue.load("mnist-5k", "test")
    ids = tuple(data.ids[:3].tolist())
    view = sweeps.View(SplitRef.of("mnist-5k", "test"), ids, Noise("speckle"), 4, 11)
    x = data.take([0, 1, 2]).pixels()
    whole = noise_sweep(x, [model], Noise("speckle"), 4, view.sigmas)
    again = sweeps.from_arrays(x, view, model, sweeps.compute(view, card.sha256))
    (expected,), (found,) = whole.models, again.models
    for name in ("mse", "psnr", "ssim", "removed"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-4)
    np.testing.assert_allclose(again.noisy_mse, whole.noisy_mse)
    np.testing.assert_allclose(again.noisy(7), whole.noisy(7))
    np.testing.assert_allclose(found.x_hat[7], expected.x_hat[7], atol=1e-5)
    some = slice(1, 2)
    np.testing.assert_allclose(found.x_hat[7, some], expected.x_hat[7, some], atol=1e-5)
    assert found.frames is not None
    q = np.cumsum(found.frames.changes, axis=-1, dtype=np.uint8)
    drawn = found.frames.low + q * (found.frames.high - found.frames.low) / 255
    inside = np.clip(np.moveaxis(expected.x_hat, 0, -1), -1, 2)  # type: ignore[call-overload,type-var]
    assert np.abs(drawn - inside).max() <= 0.51 * (found.frames.high - found.frames.low) / 255
    errors = sweeps.pixel_errors(x, expected)
    assert found.errors is not None
    np.testing.assert_allclose(found.errors, np.quantile(errors, sweeps.QUANTILES), atol=1e-5)


def test_larger_sweeps_are_expected_to_take_longer() -> None:
    small, large = (tiny_checkpoint("conv", shape).card for shape in ((1, 28, 28), (3, 64, 64)))
    dense = tiny_checkpoint("dense", (1, 28, 28)).card
    times = [
        sweeps.seconds_for(12 * 784, 51, dense),
        sweeps.seconds_for(12 * 784, 51, small),
        sweeps.seconds_for(12 * 12_288, 51, large),
    ]
    assert times == sorted(times)
    assert times[0] < 0.1
    assert times[2] > 0.5
