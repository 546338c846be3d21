"""What `evaluate` reports is what a plain loop over the images finds."""

from dataclasses import asdict

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from core.config import DataError, OptionError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder, evaluation
from core.noise import Noise, add_noise
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


def images(n: int = 7, labelled: bool = True) -> ImageSet:
    rng = np.random.default_rng(0)
    return ImageSet(
        "some",
        "test",
        rng.integers(0, 256, (n, *SHAPE), dtype=np.uint8),
        np.arange(n) % 2 if labelled else None,
        ("even", "odd", "never") if labelled else (),
        np.array([f"some/{i}" for i in range(n)], dtype=np.str_),
    )


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("dense"))


@pytest.mark.parametrize("noise", [Noise(), Noise(clip=True), Noise("masking")])
def test_evaluation_equals_a_loop_over_single_images(
    autoencoder: Autoencoder, noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "core.images.parts.PART_PIXELS", 3 * 16 * 17
    )  # several parts, the last one short
    found = evaluation.evaluate(autoencoder, images(), (0.0, 0.4), noise, seed=5)
    x = images().images.astype(np.float32) / 255
    for at in found.sigma:
        noisy = add_noise(x, Noise(noise.kind, at.sigma, clip=noise.clip), seed=5)  # type: ignore[arg-type]
        mse, noisy_mse, psnr, ssim = [], [], [], []
        for clean, bad in zip(x, noisy, strict=True):
            x_hat = autoencoder.reconstruct(bad[None])[0]
            mse.append(float(((clean - x_hat) ** 2).mean()))
            noisy_mse.append(float(((clean - bad) ** 2).mean()))
            psnr.append(10 * np.log10(1 / mse[-1]))
            ssim.append(structural_similarity(clean[0], x_hat[0], data_range=1.0))
        expected = [np.mean(values) for values in (mse, noisy_mse, psnr, ssim)]
        assert [at.mse, at.noisy_mse, at.psnr, at.ssim] == pytest.approx(expected, rel=1e-4)


def test_evaluation_at_sigma_zero_equals_the_clean_one(autoencoder: Autoencoder) -> None:
    found = evaluation.evaluate(autoencoder, images(), (0.0,))
    assert (found.mse, found.psnr, found.ssim) == (
        found.sigma[0].mse,
        found.sigma[0].psnr,
        found.sigma[0].ssim,
    )
    assert found.sigma[0].noisy_mse == 0


def test_evaluation_per_class_weighted_by_counts_is_the_whole(autoencoder: Autoencoder) -> None:
    found = evaluation.evaluate(autoencoder, images(7))
    assert list(found.per_class) == ["even", "odd"]
    whole = (4 * found.per_class["even"] + 3 * found.per_class["odd"]) / 7
    assert found.mse == pytest.approx(whole)


def test_evaluation_without_labels_has_no_classes(autoencoder: Autoencoder) -> None:
    assert evaluation.evaluate(autoencoder, images(labelled=False)).per_class == {}


def test_evaluation_as_a_dictionary_has_the_keys_of_the_command_line(
    autoencoder: Autoencoder,
) -> None:
    found = asdict(evaluation.evaluate(autoencoder, images(), (0.5,)))
    assert list(found) == [
        "checkpoint", "dataset", "split", "n", "mse", "psnr", "ssim", "per_class", "sigma",
        "n_per_class",
    ]  # fmt: skip
    assert list(found["sigma"][0]) == ["sigma", "mse", "noisy_mse", "psnr", "ssim"]


def test_evaluation_does_not_depend_on_the_order_of_the_images(autoencoder: Autoencoder) -> None:
    backwards = images().take(np.arange(6, -1, -1))
    a = evaluation.evaluate(autoencoder, images(), (0.3,))
    b = evaluation.evaluate(autoencoder, backwards, (0.3,))
    assert asdict(a.sigma[0]) == pytest.approx(asdict(b.sigma[0]), rel=1e-5)


def test_evaluation_tells_progress_until_all_images_are_done(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.images.parts.PART_PIXELS", 3 * 16 * 17)
    told: list[tuple[int, int]] = []
    evaluation.evaluate(autoencoder, images(7), progress=lambda *done: told.append(done))
    assert told == [(3, 7), (6, 7), (7, 7)]


def test_evaluation_of_no_images_says_so(autoencoder: Autoencoder) -> None:
    with pytest.raises(DataError, match="no images"):
        evaluation.evaluate(autoencoder, images(0))


def test_evaluation_with_sigma_out_of_bounds_is_refused(autoencoder: Autoencoder) -> None:
    with pytest.raises(OptionError):
        evaluation.evaluate(autoencoder, images(), (1.5,))
