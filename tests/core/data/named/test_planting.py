"""Planted outliers: known, reproducible, and nothing else is touched."""

import numpy as np
import pytest

from core.config import DataError, OptionError
from core.data import catalogue
from core.data.named import planting
from core.data.named.planting import CORRUPTIONS
from core.images.imagesets import ImageSet


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return catalogue.load("mnist-5k", "test").take(slice(0, 200))


def test_classes_named_are_the_outliers(digits: ImageSet) -> None:
    experiment = planting.by_classes(digits, ("5", "9"))
    assert experiment.images is digits
    assert experiment.is_outlier.tolist() == np.isin(digits.labels, (5, 9)).tolist()  # type: ignore[arg-type]


def test_class_that_is_not_there_is_refused(digits: ImageSet) -> None:
    with pytest.raises(DataError):
        planting.by_classes(digits, ("cat",))


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("dataset", ["mnist-5k", "shapes"])
def test_corrupted_copies_differ_from_their_originals_and_follow_them(
    name: str, dataset: str
) -> None:
    images = catalogue.load(dataset, "test").take(slice(0, 50))
    before = images.images.copy()
    experiment = planting.by_corruption(images, name, 0.2, seed=3)
    planted = experiment.images.take(experiment.is_outlier)
    assert (len(experiment.images), len(planted)) == (60, 10)
    assert not experiment.is_outlier[:50].any()
    np.testing.assert_array_equal(experiment.images.images[:50], before)
    for i, one in enumerate(planted.ids.tolist()):
        origin, plus, how = one.rpartition("+")
        assert (plus, how) == ("+", name)
        original = images.images[images.positions([origin])[0]]
        assert (planted.images[i] != original).any()


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (8, 8), (9, 64)])
def test_images_of_any_proportion_can_be_corrupted(name: str, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).integers(0, 100, (5, 1, *shape), dtype=np.uint8)
    spoiled = CORRUPTIONS[name].make(x, np.random.default_rng(1))
    assert (spoiled.shape, spoiled.dtype) == (x.shape, np.uint8)
    assert (spoiled != x).any(axis=(1, 2, 3)).all()


def test_set_planted_among_its_own_images_is_refused(digits: ImageSet) -> None:
    with pytest.raises(DataError, match="plant those of another set"):
        planting.by_dataset(digits, digits, 0.1)


def test_planting_with_the_same_seed_is_the_same(digits: ImageSet) -> None:
    first, again, other = (planting.by_corruption(digits, "noise", 0.1, s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.images.images, again.images.images)
    assert (first.images.images != other.images.images).any()


def test_planted_images_are_a_class_of_their_own(digits: ImageSet) -> None:
    images = planting.by_corruption(digits, "noise", 0.1).images
    assert images.label_name(len(images) - 1) == "planted: noise"
    assert images.class_names[:10] == digits.class_names
    assert len(set(images.ids.tolist())) == len(images)


def test_images_of_another_set_are_brought_to_the_shape(digits: ImageSet) -> None:
    shapes = catalogue.load("shapes", "test")
    experiment = planting.by_dataset(digits, shapes, 0.25)
    assert experiment.images.shape == digits.shape
    planted = experiment.images.ids[experiment.is_outlier]
    assert len(planted) == 50
    assert set(planted.tolist()) <= set(shapes.ids.tolist())


def test_grey_images_planted_among_coloured_ones_get_three_channels(digits: ImageSet) -> None:
    shapes = catalogue.load("shapes", "test").take(slice(0, 20))
    assert planting.by_dataset(shapes, digits, 0.5).images.shape == (3, 64, 64)


def test_defects_are_the_outliers_that_the_set_marks(digits: ImageSet) -> None:
    experiment = planting.by_defects(catalogue.load("shapes", "test"))
    assert experiment is not None
    assert experiment.is_outlier.sum() == 200
    assert planting.by_defects(digits) is None
    assert planting.by_defects(catalogue.load("shapes", "train")) is None


def test_usual_images_are_without_excluded_classes_and_marked_defects(digits: ImageSet) -> None:
    assert len(planting.usual(catalogue.load("shapes", "test"))) == 800
    usual = planting.usual(digits, ("5", "no such class"))
    assert not (np.asarray(usual.labels) == 5).any()


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_share_out_of_bounds_is_refused(share: float, digits: ImageSet) -> None:
    with pytest.raises(OptionError):
        planting.by_corruption(digits, "noise", share)


def test_unknown_corruption_is_refused(digits: ImageSet) -> None:
    with pytest.raises(OptionError, match="choose one of noise"):
        planting.by_corruption(digits, "haunted", 0.1)


def test_empty_set_cannot_be_planted(digits: ImageSet) -> None:
    with pytest.raises(DataError):
        planting.by_dataset(digits, digits.take([]), 0.1)
