"""Verdicts re-rank the rest, say why, and leave no trace when they are taken back."""

import time

import numpy as np
import pytest

from core.anomaly.teaching import ENOUGH, Teacher
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.principal import principal_axes


@pytest.fixture(scope="module")
def digits() -> tuple[Teacher, np.ndarray]:
    """1,000 digits in the space of their pixels, ranked by nothing: 5 and 9 are odd."""
    images: ImageSet = catalogue.load("mnist-5k", "test")
    x = images.pixels().reshape(len(images), -1)
    places = principal_axes(x, 30).coordinates(x)
    base = np.random.default_rng(0).random(len(images))
    return Teacher.of(places, base), np.isin(np.asarray(images.labels), (5, 9))


def looked_at(teacher: Teacher, truth: np.ndarray, n: int) -> dict[int, bool]:
    """The verdicts of who looks at n images as they are ranked, one after the other."""
    verdicts: dict[int, bool] = {}
    while len(verdicts) < n:
        first = int(teacher.lesson(verdicts).order[0])
        verdicts[first] = bool(truth[first])
    return verdicts


def test_verdicts_find_more_than_the_fixed_order(digits: tuple[Teacher, np.ndarray]) -> None:
    teacher, truth = digits
    taught = sum(looked_at(teacher, truth, 100).values())
    fixed = truth[np.argsort(-teacher.base)[:100]].sum()
    assert fixed < 30
    assert taught > 2.5 * fixed


def test_without_verdicts_the_order_is_the_fixed_one(digits: tuple[Teacher, np.ndarray]) -> None:
    teacher, _ = digits
    lesson = teacher.lesson({})
    assert (lesson.order == np.argsort(-teacher.base, kind="stable")).all()
    assert not lesson.teaching.any()


def test_verdicts_taken_back_and_given_in_another_order_leave_the_same_scores(
    digits: tuple[Teacher, np.ndarray],
) -> None:
    teacher, truth = digits
    verdicts = {i: bool(truth[i]) for i in range(60)}
    before = teacher.scores(verdicts)
    teacher.scores(verdicts | {700: True, 701: False})
    backwards = dict(reversed(list(verdicts.items())))
    assert (teacher.scores(verdicts) == before).all()
    assert (teacher.scores(backwards) == before).all()


def test_why_counts_the_verdicts_an_image_is_like() -> None:
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal(0, 1, (50, 4)), rng.normal(30, 1, (20, 4))])
    teacher = Teacher.of(places, rng.random(70))
    verdicts = {0: False, 1: False, 50: True, 51: True, 52: True}
    said = teacher.why(60, verdicts)
    assert said.startswith("like ")
    assert said.endswith(" that you called odd")
    moved = teacher.scores(verdicts) - teacher.scores({})
    assert moved[53:].min() > 0 > moved[2:50].max()
    assert teacher.why(60, {}) == ""


def test_images_that_teach_most_are_mixed_in_and_marked(
    digits: tuple[Teacher, np.ndarray],
) -> None:
    teacher, truth = digits
    verdicts = {i: bool(truth[i]) for i in range(100)}
    lesson = teacher.lesson(verdicts)
    assert lesson.teaching[lesson.order[9]]
    verdicts |= {i: bool(truth[i]) for i in lesson.order[:9].tolist()}
    again = teacher.lesson(verdicts)
    assert again.teaching[again.order[0]]
    assert lesson.teaching.sum() == 2
    assert lesson.teaching[lesson.order[:20]].sum() == 2
    assert not lesson.teaching[lesson.order[0]]
    assert sorted(lesson.order.tolist()) == list(range(100, 1000))


def test_evaluation_is_by_verdicts_that_did_not_take_part(
    digits: tuple[Teacher, np.ndarray],
) -> None:
    teacher, truth = digits
    assert teacher.evaluation({i: bool(truth[i]) for i in range(ENOUGH)}) is None
    found = teacher.evaluation({i: bool(truth[i]) for i in range(300)})
    assert found is not None
    assert found.taught > 0.85
    assert abs(found.fixed - 0.5) < 0.15
    noise = np.random.default_rng(1).random(300) < 0.3
    guessed = teacher.evaluation(dict(enumerate(noise.tolist())))
    assert guessed is not None
    assert abs(guessed.taught - 0.5) < 0.15  # nothing to be learnt from chance
    assert "AUROC" in found.words()


def test_seventy_thousand_images_are_ranked_anew_at_once() -> None:
    rng = np.random.default_rng(0)
    teacher = Teacher.of(rng.standard_normal((70_000, 32)), rng.standard_normal(70_000))
    verdicts = {i: i % 3 == 0 for i in range(100)}
    teacher.lesson(verdicts)
    spent = []
    for i in range(200, 205):
        began = time.process_time()
        verdicts[i] = i % 2 == 0
        teacher.lesson(verdicts)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.3
