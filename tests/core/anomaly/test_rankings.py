"""Curves and areas against scikit-learn's and against counting pairs."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.anomaly import rankings
from core.anomaly.rankings import curves, pixel_auroc, precision_at
from core.config import DataError


@st.composite
def ranked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and a truth with both kinds."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
    scores = np.array([float(s) for s, _ in pairs])
    truth = np.array([t for _, t in pairs])
    truth[:2] = [True, False]
    return scores, truth


@settings(deadline=None)
@given(ranked())
def test_areas_equal_those_of_scikit_learn(given_: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = given_
    found = curves(scores, truth)
    assert found.auroc == pytest.approx(sk.roc_auc_score(truth, scores))
    assert found.average_precision == pytest.approx(sk.average_precision_score(truth, scores))


@given(ranked())
def test_auroc_is_the_share_of_pairs_in_the_right_order(
    given_: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, truth = given_
    pairs = [(o > n) + (o == n) / 2 for o in scores[truth] for n in scores[~truth]]
    assert curves(scores, truth).auroc == pytest.approx(np.mean(pairs))


@given(ranked())
def test_each_point_is_what_its_threshold_flags(given_: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = given_
    found = curves(scores, truth)
    for i, threshold in enumerate(found.thresholds):
        flagged = scores >= threshold
        assert found.found[i] == pytest.approx(flagged[truth].mean())
        assert found.false_alarms[i] == pytest.approx(flagged[~truth].mean())
        assert found.precision[i] == pytest.approx(truth[flagged].mean() if flagged.any() else 1)


@given(ranked(), st.integers(1, 40))
def test_precision_at_k_is_the_mean_over_the_orders_of_tied_images(
    given_: tuple[np.ndarray, np.ndarray], k: int
) -> None:
    scores, truth = given_
    k = min(k, len(scores))
    rng = np.random.default_rng(0)
    shuffled = []
    for _ in range(400):
        order = rng.permutation(len(scores))
        top = order[np.argsort(-scores[order], kind="stable")[:k]]
        shuffled.append(truth[top].mean())
    assert precision_at(scores, truth, k) == pytest.approx(np.mean(shuffled), abs=0.12)


def test_precision_at_k_without_k_takes_as_many_as_there_are_outliers() -> None:
    scores = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    assert precision_at(scores, np.array([True, False, True, False, False])) == 0.5


def test_perfect_and_reversed_rankings_have_areas_1_and_0() -> None:
    truth = np.array([True, True, False])
    assert curves(np.array([3.0, 2.0, 1.0]), truth).auroc == 1
    assert curves(np.array([1.0, 2.0, 3.0]), truth).auroc == 0


@pytest.mark.parametrize("truth", [[True, True], [False, False]])
def test_truth_of_one_kind_is_refused(truth: list[bool]) -> None:
    with pytest.raises(DataError):
        curves(np.zeros(2), np.array(truth))


def test_pixel_auroc_equals_that_of_all_pixels_in_a_row() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((20, 30, 30)) < 0.02
    maps = rng.gamma(0.3, size=masks.shape).astype(np.float32) * (1 + 2 * masks)
    maps[:, :5] = 0  # many ties
    expected = sk.roc_auc_score(masks.ravel(), maps.ravel())
    assert pixel_auroc(maps, masks) == pytest.approx(expected, abs=2e-4)


def test_pixel_auroc_of_a_perfect_map_is_1_and_of_a_flat_one_half() -> None:
    masks = np.zeros((2, 4, 4), bool)
    masks[0, 1, 1] = True
    assert pixel_auroc(masks.astype(np.float32), masks) == 1
    assert pixel_auroc(np.ones(masks.shape), masks) == 0.5


@pytest.mark.parametrize("gap", [0.0, 1.0, 2.5])
def test_true_curve_lies_in_the_band_in_95_of_100_draws(gap: float) -> None:
    rng, n, m = np.random.default_rng(0), 40, 120
    at = np.linspace(0, 1, 101)
    true = scipy.stats.norm.sf(scipy.stats.norm.isf(at) - gap)
    held = np.zeros(len(at))
    for _ in range(200):
        drawn = np.concatenate([rng.normal(gap, 1, n), rng.normal(0, 1, m)])
        truth = np.arange(n + m) < n
        band = rankings.roc_band(rankings.curves(drawn, truth), n, m)
        held += (true >= band.low - 1e-9) & (true <= band.high + 1e-9)
    assert (held / 200).mean() > 0.95
    assert (held / 200).min() > 0.9
    assert (band.high - band.low).mean() < 0.45


def test_auroc_of_a_class_compares_it_with_usual_images_of_other_classes() -> None:
    scores = np.array([1.0, 2.0, 3.0, 9.0, 8.0, 2.5])
    groups = np.array([0, 0, 0, 1, 1, 2])
    found = rankings.auroc_of_groups(scores, groups, groups != 1)
    assert found == pytest.approx({0: 1 / 3, 1: 1.0, 2: 2 / 3})
    assert rankings.auroc_of_groups(scores, groups, groups == 0) == pytest.approx(
        {1: 1.0, 2: 2 / 3}
    )
