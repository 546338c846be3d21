"""Codes as pictures, and where in them a covered part is felt."""

import numpy as np
import pytest

from core.config import DataError
from core.inference import Autoencoder
from core.latent import feature_maps
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("conv"))


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(0).random((3, *SHAPE), dtype=np.float32)


def test_feature_maps_hold_the_code_in_its_own_order(model: Autoencoder, x: np.ndarray) -> None:
    found = feature_maps.feature_maps(model, x)
    assert found.shape == (3, *model.card.plan.code_shape)
    np.testing.assert_array_equal(found.reshape(3, -1), model.encode(x))


def test_code_that_is_a_list_of_numbers_is_refused_with_advice(x: np.ndarray) -> None:
    with pytest.raises(DataError, match="convolutional"):
        feature_maps.feature_maps(Autoencoder(tiny_checkpoint("dense")), x)


def test_covered_part_is_grey_and_the_rest_as_it_was(x: np.ndarray) -> None:
    before = x.copy()
    found = feature_maps.covered(x, 2, 12, (4, 9))
    assert (found[:, :, 2:6, 12:] == 0.5).all()
    found[:, :, 2:6, 12:] = x[:, :, 2:6, 12:]
    np.testing.assert_array_equal(found, x)
    np.testing.assert_array_equal(x, before)


def test_felt_is_the_squared_way_of_the_code_place_by_place(
    model: Autoencoder, x: np.ndarray
) -> None:
    other = feature_maps.covered(x, 0, 0, (8, 8))
    found = feature_maps.felt(model, x, other)
    c, h, w = model.card.plan.code_shape
    way = model.encode(other) - model.encode(x)
    for i in range(3):
        for row in range(h):
            for column in range(w):
                at = [(m * h + row) * w + column for m in range(c)]
                expected = sum(float(way[i, k]) ** 2 for k in at)
                assert found[i, row, column] == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_places_cover_each_pixel_once(model: Autoencoder) -> None:
    covered = np.zeros(model.input_shape[1:], int)
    found = list(feature_maps.places(model))
    for _, (top, left, tall, wide) in found:
        covered[top : top + tall, left : left + wide] += 1
    assert (covered == 1).all()
    _, h, w = model.card.plan.code_shape
    assert [place for place, _ in found] == [(i, j) for i in range(h) for j in range(w)]


def test_share_felt_at_its_place_equals_the_naive_one(model: Autoencoder, x: np.ndarray) -> None:
    own = everything = 0.0
    for (i, j), (top, left, tall, wide) in feature_maps.places(model):
        for image in x:
            changed = image.copy()
            changed[:, top : top + tall, left : left + wide] = 0.5
            way = (model.encode(changed[None]) - model.encode(image[None])).reshape(
                model.card.plan.code_shape
            )
            own += float(np.square(way[:, i, j]).sum())
            everything += float(np.square(way).sum())
    assert feature_maps.felt_at_its_place(model, x) == pytest.approx(own / everything, rel=1e-4)


def test_images_that_are_grey_already_feel_nothing_and_have_no_share(model: Autoencoder) -> None:
    grey = np.full((1, *SHAPE), 0.5, np.float32)
    assert np.isnan(feature_maps.felt_at_its_place(model, grey))
