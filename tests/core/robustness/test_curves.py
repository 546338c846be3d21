"""Curves of error against noise, against loops over single images."""

import json

import numpy as np
import pytest

from core.config import OptionError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder, evaluation
from core.metrics import mse
from core.noise import Noise, add_noise
from core.robustness import curves
from tests.core.models_for_tests import SHAPE, tiny_checkpoint

SIGMAS = (0.0, 0.3, 1.0)


def images(n: int = 6) -> ImageSet:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (n, *SHAPE), dtype=np.uint8)
    ids = np.array([f"some/{i}" for i in range(n)], dtype=np.str_)
    return ImageSet("some", "test", pixels, None, (), ids)


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("dense"))


def curve(autoencoder: Autoencoder, seeds: tuple[int, ...], name: str = "mse") -> curves.Curve:
    tables = [
        curves.measure(autoencoder, images(), Noise(mu=0.1, clip=True), seed, SIGMAS)
        for seed in seeds
    ]
    return curves.curve("tiny", tables, curves.metric(name))


def test_curve_equals_a_loop_over_draws_amounts_and_images(autoencoder: Autoencoder) -> None:
    found = curve(autoencoder, (0, 7))
    x = images().pixels()
    for draw, seed in enumerate((0, 7)):
        for step, sigma in enumerate(SIGMAS):
            for i in range(len(x)):
                one = x[i : i + 1]
                noisy = add_noise(one, Noise(sigma=sigma, mu=0.1, clip=True), seed)
                expected = mse(one, autoencoder.reconstruct(noisy))[0]
                assert found.values[draw, step, i] == pytest.approx(expected, rel=1e-5)


def test_curve_of_one_draw_is_what_evaluate_reports(autoencoder: Autoencoder) -> None:
    noise = Noise(mu=0.1, clip=True)
    told = evaluation.evaluate(autoencoder, images(), SIGMAS, noise, seed=3).sigma
    for name in ("mse", "psnr", "ssim"):
        mean = curve(autoencoder, (3,), name).mean
        np.testing.assert_allclose(mean, [getattr(at, name) for at in told], rtol=1e-12)


def test_untouched_has_the_noisy_images_own_error_in_every_metric(
    autoencoder: Autoencoder,
) -> None:
    table = curves.measure(curves.Untouched(), images(), Noise(), 0, SIGMAS)
    other = curves.measure(autoencoder, images(), Noise(), 0, SIGMAS)
    np.testing.assert_array_equal(table.mse, other.noisy_mse)
    np.testing.assert_array_equal(table.mse, table.noisy_mse)
    assert (table.mse[0] == 0).all()
    np.testing.assert_allclose(table.ssim[0], 1)


def test_images_band_holds_the_middle_share_of_images_and_draws() -> None:
    values = np.arange(200.0).reshape(2, 1, 100)  # 0 to 99 in one draw, 100 to 199 in the other
    low, high = curves.Curve("a", values).images_band(0.8)
    assert low[0] == pytest.approx(19.9)
    assert high[0] == pytest.approx(179.1)


def test_draws_band_holds_the_means_of_all_draws(autoencoder: Autoencoder) -> None:
    found = curve(autoencoder, (0, 1, 2))
    means = np.array([values.mean(axis=1) for values in found.values])
    low, high = found.draws_band()
    assert (low <= means).all()
    assert (means <= high).all()
    assert (low < high)[1:].all()
    np.testing.assert_allclose(found.mean, means.mean(axis=0))


def test_levels_are_the_numbers_that_a_person_types() -> None:
    assert curves.levels(11) == (*(json.loads(f"0.{i}") for i in range(10)), 1.0)
    assert curves.levels(21)[3] == 0.15


def test_spread_takes_images_from_the_whole_set_in_order() -> None:
    assert curves.spread(images(), 3).ids.tolist() == ["some/0", "some/2", "some/5"]
    assert curves.spread(images(), 6).ids.tolist() == images().ids.tolist()
    assert len(curves.spread(images(), 1000)) == 6


@pytest.mark.parametrize("metric", curves.METRICS, ids=lambda m: m.name)
def test_straight_distance_falls_as_the_metric_gets_nearer(metric: curves.Metric) -> None:
    worse_to_better = np.array([0.1, 0.5, 0.9] if metric.higher_is_nearer else [0.9, 0.5, 0.1])
    assert (np.diff(metric.to_linear(worse_to_better)) < 0).all()


def test_metric_unknown_is_refused() -> None:
    with pytest.raises(OptionError, match="choose mse"):
        curves.metric("mae")


def test_measuring_in_parts_equals_measuring_at_once(
    autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = curves.measure(autoencoder, images(), Noise(), 0, SIGMAS)
    monkeypatch.setattr("core.images.parts.PART_PIXELS", 3 * 28 * 28)
    parts = curves.measure(autoencoder, images(), Noise(), 0, SIGMAS)
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-9)
