from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.config import DataError
from core.images.imagesets import ImageSet, joined, numbered_ids


@pytest.fixture
def images() -> ImageSet:
    rng = np.random.default_rng(0)
    return ImageSet(
        "some",
        "test",
        rng.integers(0, 256, (6, 3, 4, 5), dtype=np.uint8),
        np.array([0, 1, 2, 0, 1, 2]),
        ("ant", "bee", "cat"),
        numbered_ids("some/test", range(6)),
        pd.DataFrame({"size": np.arange(6)}),
        rng.random((6, 4, 5)) > 0.5,
    )


@pytest.mark.parametrize(
    "index", [[4, 1], np.array([4, 1]), slice(1, 5, 3), [False, True, False, False, True, False]]
)
def test_images_taken_by_index_keep_their_ids_labels_factors_and_masks(
    images: ImageSet, index: slice
) -> None:
    taken = images.take(index)
    rows = np.arange(6)[index]
    assert taken.ids.tolist() == [f"some/test/{row:05d}" for row in rows]
    assert (taken.images == images.images[rows]).all()
    assert images.labels is not None
    assert taken.labels is not None
    assert (taken.labels == images.labels[rows]).all()
    assert taken.factors is not None
    assert taken.factors["size"].tolist() == rows.tolist()
    assert taken.factors.index.tolist() == [0, 1]
    assert images.masks is not None
    assert taken.masks is not None
    assert (taken.masks == images.masks[rows]).all()


def test_images_taken_with_an_empty_list_are_an_empty_set_of_the_same_shape(
    images: ImageSet,
) -> None:
    assert len(images.take([])) == 0
    assert images.take([]).shape == images.shape


def test_images_shuffled_and_filtered_are_found_by_their_ids(images: ImageSet) -> None:
    shuffled = images.take(np.random.default_rng(1).permutation(6)).take(slice(0, 4))
    assert shuffled.positions(shuffled.ids[::-1]).tolist() == [3, 2, 1, 0]


def test_position_of_an_absent_image_is_refused_by_name(images: ImageSet) -> None:
    with pytest.raises(DataError, match="some/test/00099"):
        images.positions(["some/test/00001", "some/test/00099"])


def test_positions_of_no_ids_are_an_empty_array_of_integers(images: ImageSet) -> None:
    assert images.positions([]).dtype == np.int64


def test_pixels_are_float32_from_0_to_1_and_equal_the_bytes_over_255(images: ImageSet) -> None:
    x = images.pixels()
    assert x.dtype == np.float32
    assert np.array_equal(x, images.images.astype(np.float32) / 255)
    assert np.array_equal(images.pixels([3, 0]), x[[3, 0]])


def test_pixels_of_black_and_white_are_exactly_0_and_1() -> None:
    values = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    extremes = ImageSet("e", "test", values, None, (), numbered_ids("e", range(2)))
    assert extremes.pixels().ravel().tolist() == [0.0, 1.0]


def test_label_name_is_the_word_of_the_class_or_empty_without_labels(images: ImageSet) -> None:
    assert images.label_name(4) == "bee"
    bare = ImageSet("e", "test", images.images, None, (), images.ids)
    assert bare.label_name(4) == ""


def test_set_with_a_column_too_short_is_refused(images: ImageSet) -> None:
    with pytest.raises(DataError, match="one row per image"):
        ImageSet("e", "test", images.images, None, (), images.ids[:5])


def test_sets_joined_stand_one_after_the_other_with_all_their_columns(images: ImageSet) -> None:
    first, second = images.take([0, 1]), images.take([4, 3])
    both = joined(first, second)
    assert both.ids.tolist() == [*first.ids.tolist(), *second.ids.tolist()]
    assert both.split == "test + test"
    assert (both.images == images.images[[0, 1, 4, 3]]).all()
    assert images.labels is not None
    assert both.labels is not None
    assert (both.labels == images.labels[[0, 1, 4, 3]]).all()
    assert both.factors is not None
    assert both.factors["size"].tolist() == [0, 1, 4, 3]
    assert both.masks is not None
    assert images.masks is not None
    assert (both.masks == images.masks[[0, 1, 4, 3]]).all()


def test_sets_that_share_an_image_or_differ_in_shape_are_not_joined(images: ImageSet) -> None:
    with pytest.raises(DataError, match="share images"):
        joined(images.take([0, 1]), images.take([1, 2]))
    narrow = replace(images.take([1]), images=images.images[[1], :, :, :4], masks=None)
    with pytest.raises(DataError, match="not alike"):
        joined(images.take([0]), narrow)
