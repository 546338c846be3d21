"""Promised rates hold for images that are new, whatever the score's distribution."""

import numpy as np
import pytest

from core.anomaly.calibration import Calibration, benjamini_hochberg, n_needed
from core.config import DataError, OptionError

SEEDS = 400


def drawn(rng: np.random.Generator, n: int) -> np.ndarray:
    """Scores with a heavy tail, which would deceive a threshold by mean and deviation."""
    return np.exp(rng.normal(size=n)) + rng.pareto(2.0, n)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("n", [100, 399])
def test_threshold_flags_the_promised_share_of_new_usual_images_over_many_calibrations(
    n: int, rate: float
) -> None:
    realised = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([n, seed])
        threshold = Calibration.of(drawn(rng, n), "x").threshold(rate)
        realised.append((drawn(rng, 2000) > threshold).mean())
    k = np.floor(rate * (n + 1))
    error = np.std(realised) / np.sqrt(SEEDS)
    assert np.mean(realised) == pytest.approx(k / (n + 1), abs=4 * error)
    assert np.mean(realised) <= rate + 4 * error


def test_band_holds_for_95_of_100_calibrations() -> None:
    inside = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        calibration = Calibration.of(rng.random(400), "x")  # the true rate is 1 - threshold
        low, high = calibration.band(0.05)
        inside.append(low <= 1 - calibration.threshold(0.05) <= high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.035)


def test_band_narrows_with_the_number_of_images() -> None:
    few, many = (Calibration.of(np.arange(float(n)), "x").band(0.01) for n in (400, 4000))
    assert few[0] < many[0] < 0.01 < many[1] < few[1]
    assert few == pytest.approx((0.0027, 0.0217), abs=5e-4)


def test_p_value_up_to_the_rate_is_the_same_as_a_score_above_the_threshold() -> None:
    rng = np.random.default_rng(1)
    calibration = Calibration.of(np.round(drawn(rng, 137), 1), "x")
    judged = np.round(drawn(rng, 500), 1)
    for rate in (0.0073, 0.02, 0.1, 0.5):
        flagged = judged > calibration.threshold(rate)
        assert (flagged == (calibration.p_values(judged) <= rate + 1e-12)).all()


def test_ties_count_against_flagging() -> None:
    calibration = Calibration.of(np.ones(99), "x")
    assert calibration.p_values(np.array([1.0]))[0] == 1.0
    assert calibration.p_values(np.array([1.1]))[0] == pytest.approx(0.01)
    assert not (np.ones(10) > calibration.threshold(0.5)).any()


def test_too_few_images_are_said_with_the_number_needed() -> None:
    calibration = Calibration.of(np.arange(80.0), "x")
    with pytest.raises(DataError, match=r"80 usual images cannot promise 1 %: that needs 99"):
        calibration.threshold(0.01)
    assert "smallest rate they can promise is 1.23 %" in calibration.too_few(0.01)
    assert calibration.nearest_rate(0.01) == pytest.approx(1 / 81)
    assert calibration.threshold(calibration.nearest_rate(0.01)) == 79.0
    assert calibration.band(0.01)[0] == 0.0


@pytest.mark.parametrize(("rate", "n"), [(0.01, 99), (0.05, 19), (0.001, 999), (0.3, 3)])
def test_needed_number_is_the_smallest_that_can_promise(rate: float, n: int) -> None:
    assert n_needed(rate) == n
    assert not Calibration.of(np.arange(float(n)), "x").too_few(rate)
    assert Calibration.of(np.arange(float(n - 1)), "x").too_few(rate)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(OptionError):
        Calibration.of(np.arange(9.0), "x").threshold(rate)
    with pytest.raises(OptionError):
        benjamini_hochberg(np.array([0.5]), rate)


def test_no_calibration_images_are_refused() -> None:
    with pytest.raises(DataError):
        Calibration.of(np.empty(0), "nothing")


def test_scores_that_are_not_finite_never_lower_the_threshold() -> None:
    scores = np.append(np.arange(98.0), [np.nan, np.inf])
    assert Calibration.of(scores, "x").threshold(0.01) == np.inf
    assert Calibration.of(scores, "x").threshold(0.03) == 97.0


def test_false_finds_are_at_most_the_promised_share_on_average() -> None:
    shares, found = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        calibration = Calibration.of(rng.normal(size=1000), "x")
        judged = np.append(rng.normal(size=450), rng.normal(3.0, 1.0, 50))
        flags = benjamini_hochberg(calibration.p_values(judged), 0.1)
        shares.append(flags[:450].sum() / max(1, flags.sum()))
        found.append(flags[450:].mean())
    assert np.mean(shares) <= 0.1 + 3 * np.std(shares) / np.sqrt(SEEDS)
    assert np.mean(found) > 0.3


def test_false_finds_of_many_p_values_equal_the_definition() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(60) ** 2
    order = np.sort(p)
    k = max((i for i in range(1, 61) if order[i - 1] <= 0.2 * i / 60), default=0)
    assert benjamini_hochberg(p, 0.2).sum() == k
    assert not benjamini_hochberg(np.array([0.9, 0.8]), 0.1).any()
    assert not len(benjamini_hochberg(np.empty(0), 0.1))
