"""What is said of scores against a known truth: no more than the numbers do."""

import numpy as np
import pytest

from core.anomaly.judging import Ranked
from core.anomaly.rankings import auroc_margin
from core.anomaly.scores import SCORES
from pages.ui.outliers.lesson import Setting, lesson

MANY = Setting(1_000, 9_000, 32)


def ranked(**aurocs: float) -> dict[str, Ranked]:
    """All scores at 0.5 but those that are named."""
    outcome = {spec.name: aurocs.get(spec.name, 0.5) for spec in SCORES}
    return {name: Ranked(name, auroc, 0.1, 0.1, 1.0) for name, auroc in outcome.items()}


@pytest.mark.parametrize("error", [0.43, 0.5, 0.53, 0.59])
def test_scores_that_find_little_are_not_praised(error: float) -> None:
    said = lesson(ranked(mse=error, neighbours=0.48), MANY)
    assert "hardly better than guessing" in said
    assert "Nothing works here" in said
    assert not any(words in said for words in ("tells more", "finds", "well", "adds"))


def test_score_that_few_images_cannot_tell_from_guessing_is_not_praised_either() -> None:
    assert "hardly better than guessing" in lesson(ranked(mse=0.72), Setting(4, 6, 32))


@pytest.mark.parametrize(
    ("auroc", "words"), [(0.95, "finds these outliers well"), (0.85, "most"), (0.75, "misses many"),
                         (0.65, "little")],
)  # fmt: skip
def test_best_score_is_said_to_be_worth_what_it_is(auroc: float, words: str) -> None:
    said = lesson(ranked(density=auroc), MANY)
    assert words in said.split(":")[0]
    assert f"{auroc:.3f} ± " in said


def test_error_and_codes_are_compared_only_where_they_differ() -> None:
    near = lesson(ranked(mse=0.85, neighbours=0.853), MANY)
    assert "tells more" not in near
    code = lesson(ranked(mse=0.55, neighbours=0.9), MANY)
    assert "Scores of the code are better" in code
    assert "D' = 32" in code
    better = lesson(ranked(mse=0.7, neighbours=0.9), MANY)  # the error does find them, though
    assert "as well as normal images" not in better
    assert "The reconstruction error is better" in lesson(ranked(mse=0.9), MANY)


def test_baselines_are_told_whichever_way_it_turns_out() -> None:
    assert "the network adds 0.200." in lesson(ranked(mse=0.9, pca=0.7), MANY)
    needless = lesson(ranked(mse=0.7, pca=0.9), MANY)
    assert "more than any score of the network (0.700): it is not needed here" in needless
    assert "does not differ significantly" in lesson(ranked(mse=0.8, pca=0.801), MANY)
    few = lesson(ranked(combined=0.862, pixel_density=0.85), MANY)
    assert "the network adds 0.012, which does not differ significantly" in few


def test_error_is_told_to_be_no_better_than_that_of_pca_where_it_is_not() -> None:
    said = lesson(ranked(combined=0.95, mse=0.802, pca=0.8), MANY)
    assert "reconstruction error is no better than that of PCA (0.802 and 0.800)" in said
    assert "than that of PCA" not in lesson(ranked(combined=0.95, mse=0.9, pca=0.8), MANY)


def test_outliers_the_model_has_learned_from_are_said_to_be_nothing_new_to_it() -> None:
    seen = Setting(100, 900, 32, was_seen=True)
    assert "trained with images of these classes" in lesson(ranked(), seen)
    assert "trained with images" not in lesson(ranked(), MANY)
    assert "trained with images" not in lesson(ranked(mse=0.95), seen)


@pytest.mark.parametrize("auroc", [0.5, 0.7, 0.9])
def test_margin_is_two_standard_errors_as_resampling_finds_them(auroc: float) -> None:
    rng = np.random.default_rng(0)
    n, m = 40, 60
    # of exponential scores with rates 1 and r the chance is 1 / (1 + r), as the formula assumes
    usual = rng.exponential(1, (4000, m, 1))
    outliers = rng.exponential(auroc / (1 - auroc), (4000, 1, n))
    outcome = (outliers > usual).mean(axis=(1, 2))
    assert outcome.mean() == pytest.approx(auroc, abs=0.005)
    assert auroc_margin(auroc, n, m) == pytest.approx(2 * outcome.std(), rel=0.05)
