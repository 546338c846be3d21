"""Crossings of curves whose crossings are known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.robustness import crossings
from core.robustness.curves import METRICS, Curve, levels

MSE, PSNR, SSIM = METRICS
SIGMAS = levels(11)
AT = np.array(SIGMAS)


def curve(
    name: str, mean: Callable[[np.ndarray], np.ndarray], spread: float = 0.0, seed: int = 0
) -> Curve:
    """200 images about a known mean; deviations of the same seed are the same for every curve."""
    deviations = np.random.default_rng(seed).standard_normal(200)
    deviations -= deviations.mean()
    return Curve(name, (mean(AT)[:, None] + spread * deviations)[None])


def squared(offset: float, slope: float) -> Callable[[np.ndarray], np.ndarray]:
    """An MSE whose root is a straight line."""
    return lambda sigma: (offset + slope * sigma) ** 2


@given(st.floats(0.02, 0.98), st.floats(0.05, 0.5))
def test_crossing_of_two_straight_distances_is_found_between_the_levels(
    at: float, slope: float
) -> None:
    rising = curve("rising", squared(0.1, slope))
    level = curve("level", squared(0.1 + slope * at, 0))
    pair = crossings.compare(rising, level, SIGMAS, MSE)
    (crossing,) = pair.crossings
    assert crossing.sigma == pytest.approx(at, abs=1e-6)
    assert (crossing.before, crossing.after) == ("rising", "level")
    assert (crossing.low, crossing.high) == pytest.approx((at, at), abs=1e-6)  # no spread: certain
    assert pair.leader == "rising"


@pytest.mark.parametrize("metric", [PSNR, SSIM], ids=lambda m: m.name)
def test_crossing_where_higher_is_nearer_names_the_higher_curve(metric: object) -> None:
    falling = curve("falling", lambda s: 0.9 - 0.8 * s)
    level = curve("level", lambda s: 0.5 + 0 * s)
    (crossing,) = crossings.compare(falling, level, SIGMAS, metric).crossings  # type: ignore[arg-type]
    assert crossing.sigma == pytest.approx(0.5, abs=1e-6)
    assert (crossing.before, crossing.after) == ("falling", "level")


def test_compare_the_other_way_round_finds_the_same_crossings() -> None:
    a, b = curve("a", squared(0.1, 0.4)), curve("b", squared(0.3, 0.1), 0.01, seed=1)
    one = crossings.compare(a, b, SIGMAS, MSE)
    other = crossings.compare(b, a, SIGMAS, MSE)
    assert one.crossings == pytest.approx(other.crossings)
    assert one.leader == other.leader == "a"


def test_paired_deviations_do_not_blur_a_crossing_and_own_ones_do() -> None:
    a = curve("a", squared(0.1, 0.4), 0.02, seed=0)
    same = curve("b", squared(0.3, 0.1), 0.02, seed=0)
    own = curve("b", squared(0.3, 0.1), 0.02, seed=1)
    (sharp,) = crossings.compare(a, same, SIGMAS, MSE).crossings
    (blurred,) = crossings.compare(a, own, SIGMAS, MSE).crossings
    assert sharp.high - sharp.low < 1e-6
    assert blurred.low < blurred.sigma < blurred.high
    assert blurred.high - blurred.low > 0.01


def test_crossing_lies_in_its_interval_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    truth, inside = 2 / 3, 0
    for _ in range(200):
        values = [
            (mean(AT)[:, None] + 0.03 * rng.standard_normal(100))[None]
            for mean in (squared(0.1, 0.4), squared(0.3, 0.1))
        ]
        pair = crossings.compare(Curve("a", values[0]), Curve("b", values[1]), SIGMAS, MSE)
        inside += any(c.low <= truth <= c.high for c in pair.crossings)
    assert 180 <= inside <= 200  # two standard errors: 95 %


def test_curves_within_their_own_uncertainty_are_not_said_to_cross() -> None:
    rng = np.random.default_rng(0)
    a = Curve("a", 0.1 + 0.01 * rng.standard_normal((1, 11, 50)))
    b = Curve("b", a.values + 1e-5 * rng.standard_normal((1, 11, 50)))
    pair = crossings.compare(a, b, SIGMAS, MSE)
    assert np.diff(np.sign(a.mean - b.mean)).any()  # the means do take turns
    assert pair.crossings == ()


def test_model_compared_with_itself_cannot_be_told_apart() -> None:
    a = curve("a", squared(0.1, 0.4), 0.02)
    pair = crossings.compare(a, Curve("b", a.values), SIGMAS, MSE)
    assert (pair.crossings, pair.leader) == ((), "")
    assert (
        crossings.crossing_sentence(pair) == "a and b do not differ significantly on these images."
    )


def test_pairs_put_the_first_crossing_first_and_those_without_last() -> None:
    curves = [
        curve("steep", squared(0.0, 0.5)),
        curve("flat", squared(0.2, 0.0)),
        curve("flatter", squared(0.3, 0.0)),
    ]
    found = crossings.pairs(curves, SIGMAS, MSE)
    assert [{pair.first, pair.second} for pair in found] == [
        {"steep", "flat"}, {"steep", "flatter"}, {"flat", "flatter"}
    ]  # fmt: skip


def test_nearest_equals_a_search_over_all_sigmas() -> None:
    lines = {"a": (0.0, 1.0), "b": (0.1, 0.4), "c": (0.3, 0.05)}
    curves = [curve(name, squared(*line)) for name, line in lines.items()]
    found = crossings.nearest(curves, SIGMAS, MSE)
    assert [one.name for one in found] == ["a", "b", "c"]
    for stretch in found:
        middle = (stretch.low + stretch.high) / 2
        errors = {name: offset + slope * middle for name, (offset, slope) in lines.items()}
        assert min(errors, key=errors.__getitem__) == stretch.name
    assert found[0].high == pytest.approx(0.1 / 0.6, abs=2e-3)
    assert (found[0].low, found[-1].high) == (0, 1)
    assert crossings.crossing_summary(found) == (
        "Nearest to the original: up to σ 0.17 a, from 0.17 to 0.57 b, above 0.57 c."
    )
