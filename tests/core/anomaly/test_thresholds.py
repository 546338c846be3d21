"""Thresholds: what they flag, and that they say how they were chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from core.anomaly.thresholds import (
    EXPLANATIONS,
    MODES,
    Reference,
    Threshold,
    best_f1,
    by_robust_z,
    by_share,
    edge,
    fixed,
)
from core.config import DataError, OptionError

RNG = np.random.default_rng(0)
TRAINING = Reference(RNG.gamma(2.0, size=4000), "4,000 training images")


@pytest.mark.parametrize("share", [0.001, 0.01, 0.25])
def test_share_flags_that_share_of_the_reference_itself(share: float) -> None:
    threshold = by_share(TRAINING, share)
    assert threshold.flags(TRAINING.scores).mean() == pytest.approx(share, abs=1 / 4000)
    assert f"{100 * share:g} %" in threshold.how
    assert TRAINING.name in threshold.how


def test_share_says_nothing_about_the_judged_images_themselves() -> None:
    judged = TRAINING.scores + 100
    assert by_share(TRAINING, 0.01).flags(judged).all()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_share_out_of_bounds_is_refused(share: float) -> None:
    with pytest.raises(OptionError):
        by_share(TRAINING, share)


def test_robust_z_of_normal_scores_is_their_z() -> None:
    normal = Reference(RNG.normal(7.0, 2.0, 200_000), "normals")
    assert by_robust_z(normal, 3.0).value == pytest.approx(7 + 3 * 2, abs=0.05)


def test_robust_z_is_not_moved_by_outliers_in_the_reference() -> None:
    normal = RNG.normal(7.0, 2.0, 10_000)
    spoiled = np.append(normal, np.full(500, 1e6))
    clean, dirty = (by_robust_z(Reference(s, "x"), 3.0).value for s in (normal, spoiled))
    assert dirty == pytest.approx(clean, abs=0.5)


def test_robust_z_says_median_and_deviation() -> None:
    how = by_robust_z(Reference(np.array([1.0, 2.0, 3.0]), "three images"), 3.5).how
    assert "3.5 typical deviations (1.483" in how
    assert "median (2) of three images" in how


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_best_f1_is_at_least_as_good_as_every_other_threshold(pairs: list) -> None:
    scores = np.array([float(s) for s, _ in pairs])
    truth = np.array([t for _, t in pairs])
    if not truth.any():
        with pytest.raises(DataError):
            best_f1(scores, truth)
        return
    best = f1_score(truth, best_f1(scores, truth).flags(scores))
    tried = [f1_score(truth, scores > t, zero_division=0) for t in (-1, 0, 1, 2, 3, 4)]
    assert best == pytest.approx(max(tried))


def test_best_f1_admits_that_it_has_seen_the_truth() -> None:
    assert "truth of these very images" in best_f1(np.arange(3.0), np.arange(3) == 2).how


def test_edge_is_the_last_image_kept_and_the_first_flagged() -> None:
    found = edge(np.array([5.0, 1.0, 3.0, 2.0, 9.0]), fixed(2.5))
    assert (found.last_kept, found.first_flagged) == (3, 2)


@pytest.mark.parametrize(("value", "missing"), [(99.0, "first_flagged"), (-1.0, "last_kept")])
def test_edge_where_all_or_none_are_flagged_has_one_side_only(value: float, missing: str) -> None:
    found = edge(np.array([5.0, 1.0]), fixed(value))
    assert getattr(found, missing) is None
    assert {found.last_kept, found.first_flagged} != {None}


def test_score_equal_to_the_threshold_is_kept() -> None:
    assert not Threshold(2.0, "").flags(np.array([2.0])).any()


def test_share_of_no_reference_is_refused() -> None:
    with pytest.raises(DataError):
        by_share(Reference(np.empty(0), "nothing"), 0.1)


def test_every_mode_is_explained() -> None:
    assert set(MODES) == set(EXPLANATIONS)
