"""Metrics against naive twins and scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from core import metrics

shapes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(7, 20), st.integers(7, 20))


def pair(shape: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random(shape, np.float32)
    return x, np.clip(x + 0.2 * rng.standard_normal(shape), -0.2, 1.2).astype(np.float32)


@given(shapes, st.integers(0, 100))
def test_mse_and_mae_equal_a_loop_over_pixels(shape: tuple[int, ...], seed: int) -> None:
    x, x_hat = pair(shape, seed)
    for i in range(len(x)):
        difference = [
            float(a) - float(b) for a, b in zip(x[i].ravel(), x_hat[i].ravel(), strict=True)
        ]
        assert metrics.mse(x, x_hat)[i] == pytest.approx(
            sum(d * d for d in difference) / len(difference), rel=1e-5
        )
        assert metrics.mae(x, x_hat)[i] == pytest.approx(
            sum(map(abs, difference)) / len(difference), rel=1e-5
        )


@given(shapes, st.integers(0, 100))
def test_ssim_equals_scikit_image_channel_by_channel(shape: tuple[int, ...], seed: int) -> None:
    x, x_hat = pair(shape, seed)
    expected = [
        structural_similarity(a.astype(float), b.astype(float), data_range=1.0, channel_axis=0)
        for a, b in zip(x, x_hat, strict=True)
    ]
    np.testing.assert_allclose(metrics.ssim(x, x_hat), expected, atol=1e-7)


@pytest.mark.parametrize("shape", [(70, 1, 28, 28), (2, 1, 140, 9), (0, 1, 28, 28)])
def test_ssim_in_parts_and_of_large_images_equals_scikit_image(shape: tuple[int, ...]) -> None:
    x, x_hat = pair(shape)
    expected = [
        structural_similarity(a[0].astype(float), b[0].astype(float), data_range=1.0)
        for a, b in zip(x, x_hat, strict=True)
    ]
    np.testing.assert_allclose(metrics.ssim(x, x_hat), expected, atol=1e-7)


def test_psnr_of_a_tenth_everywhere_is_twenty_decibels() -> None:
    x = np.zeros((1, 1, 8, 8), np.float32)
    assert metrics.psnr(x, x + np.float32(0.1))[0] == pytest.approx(20, abs=1e-4)


def test_equal_images_have_no_error_infinite_psnr_and_ssim_one() -> None:
    x, _ = pair((2, 3, 9, 9))
    assert (metrics.mse(x, x) == 0).all()
    assert (metrics.mae(x, x) == 0).all()
    assert np.isinf(metrics.psnr(x, x)).all()
    np.testing.assert_allclose(metrics.ssim(x, x), 1)


@given(shapes)
def test_error_map_has_the_mean_of_the_images_error(shape: tuple[int, ...]) -> None:
    x, x_hat = pair(shape)
    maps = metrics.error_map(x, x_hat)
    assert maps.shape == (shape[0], *shape[2:])
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), metrics.mse(x, x_hat), rtol=1e-4)
