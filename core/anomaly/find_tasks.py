"""The odd ones of a data set, as a task: all its images judged by each other."""

import numpy as np

from core.anomaly import crossfit, finding, with_network
from core.anomaly.find_source import SAMPLE
from core.anomaly.finding import Descriptions, Judgement
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.images.imagesets import ImageSet
from core.images.parts import done

PART = 1_024  # images judged at a time, beyond those that are judged by each other


def odd(split: SplitRef) -> Arrays:
    """A task: how strange each of n images is, by what was fitted to others.

    Returns scores (n,), higher = stranger; is_plain (n,): odd by a fact or beyond doubt; facts and
    reasons (n,) in words; calibration (m,), scores of the images that say what is usual, and
    calibration_name; why: a sentence on how the images are ranked; judge: the name of the score.
    Raises DataError if there are too few images.
    """
    images = split.images()
    first = _first(len(images))
    judged = _judged(images.take(first))
    scores, plain = np.empty(len(images)), np.zeros(len(images), np.bool_)
    facts, reasons = np.full((2, len(images)), "", object)
    for at, values, stated in _parts(images, first, judged):
        scores[at] = values[judged.best]
        facts[at] = [", ".join(one) for one in stated]
        plain[at] = (facts[at] != "") | crossfit.is_clear(scores[at])
        reasons[at] = finding.reasons(values, np.ones(len(at), np.bool_))
    return {
        "scores": scores,
        "is_plain": plain,
        "facts": facts.astype(np.str_),
        "reasons": reasons.astype(np.str_),
        "calibration": judged.calibration.scores,
        "calibration_name": np.asarray(judged.calibration.name),
        "why": np.asarray(judged.why()),
        "judge": np.asarray(judged.best),
    }


def _first(n: int) -> crossfit.Index:
    """Which images are judged by each other: all, or SAMPLE of them."""
    return np.sort(np.random.default_rng(0).permutation(n)[:SAMPLE])


def _judged(images: ImageSet) -> Judgement:
    return finding.judged(Descriptions.of(images), crossfit.folds(crossfit.groups_of(images)))


def _parts(
    images: ImageSet, first: crossfit.Index, judged: Judgement
) -> "list[tuple[crossfit.Index, dict[str, crossfit.Scores], list[list[str]]]]":
    """Positions, scores by name and facts: of the first, then of the others part by part."""
    found = [(first, dict(judged.scores), judged.facts)]
    others = np.setdiff1d(np.arange(len(images)), first)
    for start in range(0, len(others), PART):
        at = others[start : start + PART]
        some = images.take(at)
        described = Descriptions.of(some)
        facts = judged.fences.facts(described.values["measures"], some)
        found.append((at, judged.judge_more(described), facts))
        done("Judging the other images", start + len(at), len(others))
    return found


def odd_with_network(split: SplitRef, sha256: str) -> Arrays:
    """A task: whether a network ranks the images of a set better, and how strange they are to it.

    split: all images of an own set.  sha256: of a model that was trained on its train part.
    Returns takes_over: whether it does; score: its name; why: a sentence with both numbers; scores
    (n,): its own, in typical deviations, (0,) if it does not take over.
    Raises DataError if the set has too few images that the network was not trained on.
    """
    images, model = split.images(), stock.model(sha256)
    seen = np.isin(images.ids, stock.images(split.name, "train").ids)
    trained, others = images.take(np.flatnonzero(seen)), images.take(np.flatnonzero(~seen))
    known = with_network.references(model, trained)
    found = with_network.contest(known, others)
    scores = np.empty(0)
    if found.takes_over:
        scores = with_network.judge(known, found.score, others).images(images, seen)
    return {
        "takes_over": np.asarray(found.takes_over),
        "score": np.asarray(found.score),
        "why": np.asarray(found.why(model.card.name)),
        "scores": scores,
    }
