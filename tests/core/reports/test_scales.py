"""Axes: where values are placed, and which are marked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports.svg import Scale, ends, round_values


def test_scale_puts_its_ends_at_start_and_end_and_the_middle_between() -> None:
    at = Scale(2.0, 4.0, 100.0, 0.0)
    assert at(np.array([2.0, 3.0, 4.0])).tolist() == [100.0, 50.0, 0.0]


def test_logarithmic_scale_puts_factors_at_equal_distances_and_zero_nowhere() -> None:
    low, high = ends([np.array([0.0, 1.0, 100.0])], log=True, margin=0)
    at = Scale(low, high, 0.0, 10.0, log=True)
    np.testing.assert_allclose(at(np.array([1.0, 10.0, 100.0])), [0, 5, 10])
    assert np.isnan(at(np.array([0.0, -1.0]))).all()
    assert at.ticks() == (1.0, 10.0, 100.0)


def test_logarithmic_scale_within_one_decade_is_marked_with_round_values() -> None:
    low, high = ends([np.array([2.0, 8.0])], log=True, margin=0)
    assert Scale(low, high, 0, 1, log=True).ticks() == pytest.approx((2, 3, 4, 5, 6, 7, 8))


@pytest.mark.parametrize("values", [[], [np.nan], [7.0], [0.0], [-1e9, -1e9]])
@pytest.mark.parametrize("log", [False, True])
def test_ends_of_few_or_equal_values_are_apart_and_finite(values: list[float], log: bool) -> None:
    low, high = ends([np.array(values, np.float64)], log, 0.05)
    assert np.isfinite([low, high]).all()
    assert low < high


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_round_values_lie_inside_and_are_evenly_spaced(low: float, span: float) -> None:
    found = np.array(round_values(low, low + span))
    assert 2 <= len(found) <= 13
    assert (found >= low - 1e-6 * span).all()
    assert (found <= low + span * (1 + 1e-6)).all()
    np.testing.assert_allclose(np.diff(found), np.diff(found)[0], rtol=1e-3)
