import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.named import defects, drawing, shapes
from core.data.named.drawing import SHAPES, Scenes
from core.images.imagesets import ImageSet


@pytest.fixture(scope="module")
def shown() -> ImageSet:
    return shapes.load_shapes("test")


def factors(images: ImageSet) -> pd.DataFrame:
    assert images.factors is not None
    return images.factors


def masks(images: ImageSet) -> np.ndarray:
    assert images.masks is not None
    return images.masks


def scenes_of(table: pd.DataFrame) -> Scenes:
    """The scenes a factor table tells of, to draw them again."""
    words = list(SHAPES)
    columns = {name: table[name].to_numpy() for name in shapes.FACTORS}
    return Scenes(**columns | {"shape": np.array([words.index(word) for word in table["shape"]])})


def one(shape: str, **changes: float) -> Scenes:
    """An upright blue shape in the middle of a dark picture, but for the changes."""
    values = {"hue": 240.0, "size": 20.0, "x": 32.0, "y": 32.0, "rotation": 0.0, "background": 0.1}
    columns = {name: np.array([value], np.float32) for name, value in (values | changes).items()}
    return Scenes(np.array([SHAPES.index(shape)]), **columns)


def test_train_split_has_no_defects_and_no_masks() -> None:
    images = shapes.load_shapes("train")
    assert images.masks is None
    assert set(factors(images)["defect"]) == {"none"}
    assert not factors(images)["is_outlier"].any()


def test_test_split_has_a_fifth_of_defects_in_equal_shares(shown: ImageSet) -> None:
    counts = factors(shown)["defect"].value_counts().to_dict()
    assert counts == {"none": 800, "scratch": 50, "hole": 50, "wrong colour": 50, "merged": 50}
    assert (factors(shown)["is_outlier"] == (factors(shown)["defect"] != "none")).all()


def test_labels_are_the_shapes_of_the_factor_table_and_all_occur(shown: ImageSet) -> None:
    words = [shown.label_name(i) for i in range(len(shown))]
    assert words == factors(shown)["shape"].tolist()
    assert set(words) == set(SHAPES)


def test_images_differ_from_their_clean_twins_exactly_where_the_masks_say(
    shown: ImageSet,
) -> None:
    clean = drawing.draw(scenes_of(factors(shown)))
    change = np.abs(shown.images.astype(int) - clean).max(axis=1)
    assert (change[~masks(shown)] == 0).all()
    assert (change[masks(shown)] >= defects.VISIBLE).all()


def test_every_defect_is_large_enough_to_see_and_no_other_image_has_a_mask(
    shown: ImageSet,
) -> None:
    n_changed = masks(shown).sum(axis=(1, 2))
    outlier = factors(shown)["is_outlier"].to_numpy()
    assert n_changed[outlier].min() >= 12
    assert n_changed[~outlier].max() == 0


def test_defects_other_than_merged_stay_inside_the_shape(shown: ImageSet) -> None:
    inside = drawing.coverage(drawing.distance(scenes_of(factors(shown)))) > 0
    merged = (factors(shown)["defect"] == "merged").to_numpy()
    assert not (masks(shown) & ~inside)[~merged].any()
    assert (masks(shown) & ~inside).any(axis=(1, 2))[merged].all()  # type: ignore[index]


def test_shapes_drawn_stay_inside_the_picture(shown: ImageSet) -> None:
    cover = drawing.coverage(drawing.distance(scenes_of(factors(shown))))
    frame = np.ones((64, 64), bool)
    frame[1:-1, 1:-1] = False
    assert not cover[:, frame].any()


def test_factors_lie_in_their_units_and_vary_independently(shown: ImageSet) -> None:
    table = factors(shown)[["hue", "size", "x", "y", "rotation", "background"]]
    assert (table.min() >= [0, 12, 22, 22, 0, 0.08]).all()
    assert (table.max() <= [360, 20, 42, 42, 360, 0.5]).all()
    correlation = np.corrcoef(table.to_numpy().T) - np.eye(6)
    assert np.abs(correlation).max() < 0.15


def test_splits_share_no_image_and_no_scene(shown: ImageSet) -> None:
    train = shapes.load_shapes("train")
    assert not {x.tobytes() for x in train.images} & {x.tobytes() for x in shown.images}
    assert not set(factors(train)["hue"]) & set(factors(shown)["hue"])


def test_shapes_drawn_anew_equal_the_ones_kept(shown: ImageSet) -> None:
    again = shapes.make("test")
    assert np.array_equal(again["images"], shown.images)
    assert np.array_equal(again["masks"], shown.masks)  # type: ignore[arg-type]


def test_both_splits_are_drawn_within_seconds() -> None:
    started = time.process_time()  # whatever else the machine does
    shapes.make("train")
    shapes.make("test")
    assert time.process_time() - started < 8  # about 1.6 on one idle core


def test_shapes_without_a_folder_to_write_are_drawn_all_the_same(empty_home: Path) -> None:
    (empty_home / "data").write_text("a file where the folder should be")
    assert len(shapes.load_shapes("test")) == 1_000


def test_circle_covers_the_area_that_geometry_gives_it() -> None:
    cover = drawing.coverage(drawing.distance(one("circle")))
    assert cover.sum() == pytest.approx(np.pi * (0.85 * 20) ** 2, rel=0.005)


@pytest.mark.parametrize(
    ("shape", "area"),
    [("square", 2.0), ("triangle", 3 * np.sqrt(3) / 4), ("cross", 8 * 0.33 * (0.94 - 0.165))],
)
def test_polygon_covers_the_area_that_geometry_gives_it(shape: str, area: float) -> None:
    cover = drawing.coverage(drawing.distance(one(shape)))
    assert cover.sum() == pytest.approx(area * 20**2, rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_drawn_equals_its_outline_sampled_finely(shape: str) -> None:
    """The naive twin: 64 points in every pixel, each inside or not."""
    scene = one(shape, rotation=33.0, x=30.4, y=33.7)
    fine = (np.arange(512) + 0.5) / 8
    angle = np.deg2rad(33.0)
    right, down = (fine[None, :] - 30.4) / 20, (fine[:, None] - 33.7) / 20
    across = np.cos(angle) * right + np.sin(angle) * down
    below = np.cos(angle) * down - np.sin(angle) * right
    outline = drawing.OUTLINES[SHAPES.index(shape)]
    inside = outline(across.astype(np.float32), below.astype(np.float32)) < 0
    expected = inside.reshape(64, 8, 64, 8).mean(axis=(1, 3))
    cover = drawing.coverage(drawing.distance(scene))[0]
    assert np.abs(cover - expected).mean() < 0.005
    assert np.abs(cover - expected).max() < 0.45  # tips are sharper than a pixel


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_reaches_about_its_size_from_its_centre_and_not_further(shape: str) -> None:
    across, down = drawing.from_centre(one(shape))
    covered = drawing.coverage(drawing.distance(one(shape))) > 0.5
    reach = np.hypot(across, down)[covered].max() / 20
    assert 0.8 < reach <= 1.03


def test_shape_turned_by_a_quarter_is_the_picture_turned_by_a_quarter() -> None:
    upright = drawing.distance(one("heart"))[0]
    turned = drawing.distance(one("heart", rotation=90.0))[0]
    assert np.allclose(turned, np.rot90(upright, -1), atol=1e-3)


@pytest.mark.parametrize(("hue", "channel"), [(0, 0), (120, 1), (240, 2)])
def test_hue_of_a_primary_colour_is_strongest_in_its_channel(hue: int, channel: int) -> None:
    rgb = drawing.hue_to_rgb(np.array([hue], np.float32))[0]
    assert rgb[channel] == 1
    assert np.delete(rgb, channel).tolist() == [0.25, 0.25]


def test_defects_drawn_for_none_leave_the_picture_as_it_was() -> None:
    scenes = drawing.random_scenes(10, np.random.default_rng(3))
    planted = defects.random_defects(10, 0, np.random.default_rng(4))
    images, changed = defects.draw_with(scenes, planted)
    assert np.array_equal(images, drawing.draw(scenes))
    assert not changed.any()
