"""Facts about pictures, made on purpose."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from core.anomaly import quality
from core.data import catalogue
from core.images import duplicates
from core.images.imagesets import ImageSet


@pytest.fixture(scope="module", params=["mnist-5k", "shapes"])
def images(request: pytest.FixtureRequest) -> ImageSet:
    return catalogue.load(request.param, "train").take(slice(0, 1000))


def facts_of(x: np.ndarray, images: ImageSet) -> tuple[str, ...]:
    """Of one picture (C, H, W) among usual ones."""
    one = replace(images.take([0]), images=np.clip(x, 0, 255).astype(np.uint8)[None])
    bounds = quality.usual(quality.measures(images))
    return quality.facts(quality.measures(one)[0], bounds)


def test_measures_equal_their_definitions() -> None:
    images = catalogue.load("shapes", "train").take(slice(0, 3))
    for x, (brightness, contrast, sharpness) in zip(
        images.pixels(), quality.measures(images), strict=True
    ):
        grey = x.mean(axis=0)
        detail = laplace(grey, mode="nearest")
        assert brightness == pytest.approx(grey.mean(), rel=1e-5)
        assert contrast == pytest.approx(grey.std(), rel=1e-5)
        assert sharpness == pytest.approx(detail.std() / grey.std(), rel=1e-4)


def test_almost_no_usual_image_has_a_fact(images: ImageSet) -> None:
    measured = quality.measures(images)
    bounds = quality.usual(measured)
    strange = sum(bool(quality.facts(one, bounds)) for one in measured)
    assert 0 < strange <= 2 * len(quality.NAMES) * quality.EXTREME * len(images) + 1


def test_uniform_image_is_called_nearly_uniform_and_nothing_about_its_detail(
    images: ImageSet,
) -> None:
    found = facts_of(np.full(images.shape, 90), images)
    assert "nearly uniform" in found
    assert not {"blurred", "grainy"} & set(found)


def test_black_and_white_images_are_dark_and_bright(images: ImageSet) -> None:
    assert "dark" in facts_of(np.zeros(images.shape), images)
    assert "bright" in facts_of(np.full(images.shape, 255), images)


def test_smoothed_image_is_blurred_and_a_noisy_one_grainy(images: ImageSet) -> None:
    x = images.images[0].astype(np.float32)
    side = images.shape[1]
    assert "blurred" in facts_of(gaussian_filter(x, (0, side / 10, side / 10)) * 2, images)
    noise = np.random.default_rng(0).integers(0, 256, images.shape)
    assert "grainy" in facts_of(noise, images)


def test_facts_are_all_explained(images: ImageSet) -> None:
    everything = quality.facts(np.array([-1.0, 5.0, -1.0]), quality.Usual(np.zeros(3), np.ones(3)))
    assert set(everything) <= set(quality.FACTS)


def test_picture_farther_from_what_is_usual_is_the_more_conspicuous(images: ImageSet) -> None:
    bounds = quality.usual(quality.measures(images))
    grey, white = (np.full((1, *images.shape), value, np.uint8) for value in (150, 255))
    pictures = replace(images.take([0, 1]), images=np.concatenate([grey, white]))
    usual = images.take([int(np.argsort(images.images.mean(axis=(1, 2, 3)))[500])])
    near, far = quality.distance(quality.measures(pictures), bounds)
    assert 0 < near < far
    assert quality.distance(quality.measures(usual), bounds) == [0]


def test_near_duplicates_are_found_by_a_loop_too(images: ImageSet) -> None:
    x = images.images[:40].copy()
    x[7] = np.clip(x[3].astype(int) + 3, 0, 255)  # a little brighter
    x[9] = x[3]
    few = replace(images.take(slice(0, 40)), images=x)
    small = quality.thumbnails(few)
    found = quality.near_duplicates(small, [3, 0])
    for i, positions in zip((3, 0), found, strict=True):
        expected = [
            j
            for j in range(40)
            if j != i
            and np.sqrt(np.mean((small[j].astype(float) - small[i]) ** 2))
            <= duplicates.limit_for(small)
        ]
        assert positions.tolist() == expected
    assert {7, 9} <= set(found[0].tolist())


def test_a_picture_of_which_a_part_is_missing_has_an_empty_edge() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((4, 3, 20, 30), dtype=np.float32)
    x[1, :, 10:] = 0.5  # its lower half
    x[2, :, :, :6] = 0.5  # from the left
    x[3] = 0.5
    found = quality.fine_measures(x)[:, 4]
    np.testing.assert_allclose(found, [0, 0.5, 0.2, 1])


def test_copies_and_copies_of_another_class_are_facts() -> None:
    images = catalogue.load("mnist-5k", "test").take(slice(0, 60))
    x, labels = images.images.copy(), np.zeros(60, np.int64)
    x[7], x[20], x[31] = x[3], x[4], x[5]
    x[31, 0, 9, 9] ^= 1
    labels[20] = 1
    found = quality.copies(replace(images, images=x, labels=labels))
    assert np.flatnonzero(found[:, 0]).tolist() == [3, 4, 7, 20]
    assert np.flatnonzero(found[:, 1]).tolist() == [5, 31]
    assert np.flatnonzero(found[:, 2]).tolist() == [4, 20]
    beside = np.append(np.zeros(len(quality.FACTS), bool), found[20])
    assert quality.named(beside) == ("equal", "conflicting classes")
