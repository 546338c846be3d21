"""The parts of a set: shares, classes, groups, what the source states, known outliers."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import OptionError
from core.data.own import split
from core.data.own.split import Members, part


def names(n: int) -> list[str]:
    return [f"{i:04d}.png" for i in range(n)]


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=60),
    st.integers(1, 5),
    st.floats(0.05, 0.5),
    st.integers(0, 99),
)
def test_each_image_is_in_one_part_with_its_group_and_the_share_is_kept(
    sizes: list[int], n_classes: int, share: float, seed: int
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    classes = np.random.default_rng(seed).integers(0, n_classes, len(groups))
    found = part(Members(names=names(len(groups)), classes=classes, groups=groups), share, seed)
    assert sorted(found.order.tolist()) == list(range(len(groups)))
    assert len(found.train) > 0 < len(found.test)
    parts = [set(groups[at].tolist()) for at in (found.train, found.calibration, found.test)]
    if not any("belong together" in note for note in found.notes):
        assert sum(map(len, parts)) == len(sizes)
        assert abs(len(found.test) - share * len(groups)) <= max(1, max(sizes) / 2 + 1)
    if len(groups) >= 20 and abs(len(found.test) / len(groups) - share) > split.KEPT_WITHIN:
        assert found.notes


def test_each_class_gives_its_share_and_five_hundred_of_one_image_together() -> None:
    classes = np.array([0] * 70 + [1] * 10)
    found = part(Members(names=names(80), classes=classes), 0.2, 0)
    assert np.bincount(classes[found.test]).tolist() == [14, 2]
    assert np.bincount(classes[found.calibration]).tolist() == [14, 2]
    found = part(Members(names=names(500), classes=np.arange(500)), 0.2, 0)
    assert [len(x) for x in (found.train, found.calibration, found.test)] == [300, 100, 100]
    other = part(Members(names=names(500), classes=np.arange(500)), 0.2, 1)
    assert set(other.test.tolist()) != set(found.test.tolist())


def test_one_large_group_is_said_to_be_why_the_share_is_not_kept() -> None:
    found = part(
        Members(names=names(100), groups=np.array([0] * 90 + list(range(90, 100)))), 0.2, 0
    )
    assert len(found.test) == 10
    assert "10% of the images are to test on and not 20%" in found.notes[-1]
    assert any("calibrate" in note for note in found.notes)


def test_images_that_all_belong_together_are_parted_all_the_same_and_it_is_said() -> None:
    found = part(Members(names=names(40), groups=np.zeros(40, int)), 0.2, 0)
    assert len(found.train) > 0 < len(found.test)
    assert "All images belong together" in found.notes[0]


def test_parts_that_the_source_states_are_kept_and_training_gives_what_calibrates() -> None:
    stated = ["train"] * 70 + ["test"] * 30
    found = part(Members(names=names(100), stated=stated), 0.5, 0)
    assert sorted(found.test.tolist()) == list(range(70, 100))
    assert len(found.calibration) == 20
    assert not found.notes
    stated = ["train"] * 60 + ["calibration"] * 10 + ["test"] * 30
    found = part(Members(names=names(100), stated=stated), 0.5, 0)
    assert sorted(found.calibration.tolist()) == list(range(60, 70))


def test_image_of_a_group_that_is_tested_on_is_tested_on() -> None:
    outliers = np.arange(60) >= 50
    groups = np.arange(60)
    groups[0] = groups[55]
    found = part(Members(names=names(60), groups=groups, outliers=outliers), 0.2, 0)
    assert {0, *range(50, 60)} <= set(found.test.tolist())


def test_known_outliers_are_only_tested_on_and_usual_images_keep_their_share() -> None:
    outliers = np.arange(100) >= 70
    found = part(Members(names=names(100), outliers=outliers), 0.2, 0)
    assert len(found.test) == 30 + 14
    assert "30 known outliers" in found.notes[-1]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(19, 0), (20, 4), (80, 16), (500, 100), (1_000, 100), (5_000, 500), (10**6, 2_000)],
)
def test_as_many_calibrate_as_a_rate_of_one_per_cent_needs_if_they_can_be_spared(
    n: int, expected: int
) -> None:
    assert split.n_to_calibrate(n) == expected


def test_groups_join_what_is_alike_with_what_has_one_key() -> None:
    leaders = np.array([0, 0, 2, 3, 4])
    keys = ["a", "b", "b", "c", "d"]
    assert split.grouped(leaders, keys).tolist() == [0, 0, 0, 3, 4]


def test_keys_are_what_the_pattern_finds() -> None:
    found = split.keys_by(r"^(\d+)_", ["1_a.png", "1_b.png", "2_a.png", "none.png", "x.png"])
    assert found[0] == found[1] != found[2]
    assert found[3] != found[4]
    assert len({*split.keys_by("cam[0-9]", ["cam1/x", "cam1/y", "cam2/x"])}) == 2


@pytest.mark.parametrize(
    "pattern",
    ["(", "(a+)+$", "(.*)*x", "(a|a)*b+c*.*d*", r"(a)\1", "x" * 300, "never", "(?:.+){9}y"],
)
def test_pattern_that_is_none_or_could_take_for_ever_is_refused_at_once(pattern: str) -> None:
    began = time.monotonic()
    with pytest.raises(OptionError, match="expression"):
        split.keys_by(pattern, ["a" * 400] * 50)
    assert time.monotonic() - began < 2


def test_validation_images_of_a_source_without_a_test_part_are_tested_on() -> None:
    stated = ["train"] * 60 + ["calibration"] * 20
    found = part(Members(names=names(80), stated=stated), 0.2, 0)
    assert sorted(found.test.tolist()) == list(range(60, 80))
    assert len(found.calibration) == 16
    assert found.notes == (split.NO_TEST,)


@pytest.mark.parametrize(
    ("n", "expected"), [(19, 0), (40, 8), (399, 80), (400, 100), (486, 100), (5_000, 500)]
)
def test_a_rate_of_one_per_cent_can_be_promised_from_four_hundred_images_on(
    n: int, expected: int
) -> None:
    assert split.n_to_calibrate(n) == expected
