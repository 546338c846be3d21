"""What is said of curves whose crossings are known."""

from collections.abc import Callable

import numpy as np
import pytest

from core.robustness import crossings
from core.robustness.curves import INPUT
from tests.core.robustness.test_crossings import MSE, SIGMAS, curve, squared


def test_sentence_of_one_crossing_says_who_wins_above_it() -> None:
    pair = crossings.compare(
        curve("plain", squared(0.0, 0.4)), curve("denoising", squared(0.124, 0)), SIGMAS, MSE
    )
    assert crossings.crossing_sentence(pair) == "Above σ 0.31 denoising beats plain."


def test_sentence_of_a_crossing_near_zero_has_a_digit_more() -> None:
    said = crossings.crossing_sentence(
        crossings.compare(
            curve("a", squared(0.1, 0.4)), curve("b", squared(0.1016, 0)), SIGMAS, MSE
        )
    )
    assert said == "Above σ 0.004 b beats a."


def test_sentence_tells_the_interval_only_if_two_digits_show_it() -> None:
    plain = curve("plain", squared(0.0, 0.4), 0.02, seed=1)
    denoising = curve("denoising", squared(0.124, 0), 0.02, seed=2)
    said = crossings.crossing_sentence(crossings.compare(plain, denoising, SIGMAS, MSE))
    assert said.startswith("Above σ 0.3")
    assert " to " in said
    assert said.endswith("denoising beats plain.")


def test_sentence_of_two_crossings_says_who_wins_between_them() -> None:
    bowl = curve("bowl", lambda s: (0.1 + (s - 0.5) ** 2) ** 2)
    level = curve("level", squared(0.19, 0))
    said = crossings.crossing_sentence(crossings.compare(bowl, level, SIGMAS, MSE))
    assert said == "Between σ 0.20 and 0.80 bowl beats level."


def test_sentence_of_three_crossings_lists_them() -> None:
    wave = curve("wave", lambda s: (0.3 + 0.1 * np.cos(2.5 * np.pi * s + 0.2)) ** 2)
    level = curve("level", squared(0.3, 0))
    said = crossings.crossing_sentence(crossings.compare(wave, level, SIGMAS, MSE))
    assert said.startswith("level begins nearer than wave; they change places at σ 0.1")
    assert said.count(",") == 1
    assert " and 0." in said


def test_sentence_without_crossing_says_whether_it_holds_everywhere() -> None:
    better, worse = curve("a", squared(0.1, 0.1)), curve("b", squared(0.2, 0.1))
    assert crossings.crossing_sentence(crossings.compare(better, worse, SIGMAS, MSE)) == (
        "a beats b at every σ."
    )
    meeting = curve("b", squared(0.1, 0.2))
    assert crossings.crossing_sentence(crossings.compare(better, meeting, SIGMAS, MSE)) == (
        "a beats b wherever the two differ significantly."
    )


def test_summary_of_a_single_winner_says_at_every_sigma() -> None:
    found = crossings.nearest([curve("a", squared(0.1, 0.1))], SIGMAS, MSE)
    assert crossings.crossing_summary(found) == "Nearest to the original at every σ: a."


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (squared(0.2, 0.1), "is of use above σ 0.22"),
        (squared(1.0, 1.0), "is never nearer to the original than the noisy image itself"),
        (squared(-1e-3, 0.1), "is nearer to the original than the noisy image itself at every"),
    ],
)
def test_usefulness_compares_with_leaving_the_image_as_it_is(
    model: Callable[[np.ndarray], np.ndarray], said: str
) -> None:
    noisy = curve(INPUT, squared(1e-3, 1))
    assert said in crossings.usefulness(
        crossings.compare(curve("model", model), noisy, SIGMAS, MSE)
    )
