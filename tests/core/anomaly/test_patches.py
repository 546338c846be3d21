"""Patches: cut where they should be, unusual where the picture is."""

import numpy as np
import pytest

from core import metrics
from core.anomaly import patches
from core.anomaly.features import TOP, scales
from core.anomaly.judging import References
from core.anomaly.patches import PatchSpace, cut, enlarged, gaussian, near
from core.images.imagesets import ImageSet, numbered_ids
from core.inference import Autoencoder
from tests.core.models_for_tests import tiny_checkpoint

SIDE = 32


def textures(n: int, seed: int, channels: int = 1, side: int = SIDE) -> ImageSet:
    """Smooth noise, each picture in its own light."""
    rng = np.random.default_rng(seed)
    x = metrics.smoothed(rng.normal(size=(n * channels, side, side)).astype(np.float32), 3)
    x = x.reshape(n, channels, side, side)
    light = rng.uniform(0.3, 0.7, (n, 1, 1, 1))
    pixels = np.clip(255 * (light + 0.2 * x), 0, 255).astype(np.uint8)
    return ImageSet("textures", "train", pixels, None, (), numbered_ids("t", range(n)))


def with_stripes(images: ImageSet) -> ImageSet:
    """A small square of stripes in the lower right corner of each."""
    x = images.images.copy()
    x[:, :, -10:-2, -10:-2] = np.array([90, 160], np.uint8)[np.arange(8) % 2]
    return ImageSet("odd", "test", x, None, (), images.ids)


def test_patches_are_squares_of_the_picture_each_half_over_the_next() -> None:
    x = np.arange(2 * 3 * 20 * 24, dtype=np.float32).reshape(2, 3, 20, 24)
    found = cut(x, 8)
    assert found.shape == (2, 4, 5, 3 * 64)
    np.testing.assert_array_equal(found[1, 2, 3], x[1, :, 8:16, 12:20].ravel())


def test_picture_smaller_than_a_patch_is_one_patch() -> None:
    assert cut(np.ones((3, 1, 5, 9), np.float32), 8).shape == (3, 1, 1, 64)
    space = PatchSpace.fit(textures(30, 0, side=5))
    assert np.isfinite(space.scores(textures(4, 1, side=5), gaussian)).all()


def test_distance_is_mahalanobis_of_the_reference_patches() -> None:
    images = textures(60, 0)
    space = PatchSpace.fit(images)
    scale = space.scales[0]
    found = cut(patches._picture(images.pixels(), 0), space.size).reshape(-1, space.size**2)
    covariance = np.cov(found.T.astype(np.float64), bias=True)
    ridge = patches.RIDGE * np.trace(covariance) / len(covariance)
    precision = np.linalg.inv(covariance + (ridge + 1e-9) * np.eye(len(covariance)))
    few = found[:50] - found.mean(axis=0)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", few, precision, few) / few.shape[1])
    np.testing.assert_allclose(gaussian(scale, found[:50]), expected, rtol=2e-2)


@pytest.mark.parametrize(("measure", "channels"), [(gaussian, 1), (gaussian, 3), (near, 1)])
def test_small_defect_is_found_and_light_is_not(measure: patches.Measure, channels: int) -> None:
    space = PatchSpace.fit(textures(150, 0, channels))
    usual, odd = textures(40, 1, channels), with_stripes(textures(40, 2, channels))
    low, high = space.scores(usual, measure), space.scores(odd, measure)
    assert np.median(high) > np.quantile(low, 0.95)
    dark = ImageSet("dark", "test", usual.images // 2, None, (), usual.ids)
    np.testing.assert_allclose(space.scores(dark, measure), low, rtol=0.35)


def test_map_is_largest_where_the_defect_is() -> None:
    space = PatchSpace.fit(textures(150, 0))
    odd = with_stripes(textures(10, 2))
    found = enlarged(space.maps(odd.pixels(), gaussian), (SIDE, SIDE)).mean(axis=0)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert found.shape == (SIDE, SIDE)
    assert min(row, column) >= 18


def test_distance_to_the_nearest_patch_is_the_smallest_of_all() -> None:
    images = textures(30, 0)
    space = PatchSpace.fit(images)
    scale = space.scales[1]
    few = cut(patches._picture(images.pixels([3]), 1), space.size).reshape(-1, space.size**2)[:20]
    points = (few - scale.mean) @ scale.axes
    expected = [np.linalg.norm(scale.bank - point, axis=1).min() for point in points]
    np.testing.assert_allclose(near(scale, few), expected, rtol=1e-3, atol=2e-3)


def test_uniform_pictures_have_finite_scores() -> None:
    flat = ImageSet(
        "flat",
        "test",
        np.full((3, 1, SIDE, SIDE), 7, np.uint8),
        None,
        (),
        numbered_ids("f", (0, 1, 2)),
    )
    space = PatchSpace.fit(textures(20, 0))
    for measure in (gaussian, near):
        assert np.isfinite(space.scores(flat, measure)).all()


def test_local_errors_are_the_extremes_of_the_smoothed_error_map() -> None:
    known, judged = textures(40, 0), textures(6, 1)
    references = References(Autoencoder(tiny_checkpoint("dense", (1, SIDE, SIDE))), known)
    found = references.judge(judged).features.local_errors
    x = judged.pixels()
    errors = np.square(x - references.spaces.autoencoder.reconstruct(x))[:, 0]
    assert scales(SIDE) == (3, 5, 9)
    for i, size in enumerate(scales(SIDE)):
        edge = size // 2
        for j, error in enumerate(errors):
            wide = np.pad(error, edge, mode="edge")
            windows = np.lib.stride_tricks.sliding_window_view(wide, (size, size))
            values = np.sort(windows.mean(axis=(2, 3)).ravel())
            k = round(TOP * SIDE * SIDE)
            assert found[j, 0, i] == pytest.approx(values[-1], rel=1e-4)
            assert found[j, 1, i] == pytest.approx(values[-k:].mean(), rel=1e-4)


def test_largest_error_is_one_for_an_image_as_usual_at_every_scale() -> None:
    known = textures(60, 0)
    references = References(Autoencoder(tiny_checkpoint("dense", (1, SIDE, SIDE))), known)
    for name in ("largest", "top_share"):
        assert np.median(references.distribution(name)) == pytest.approx(1, abs=0.1)
