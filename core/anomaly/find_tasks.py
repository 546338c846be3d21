"""The odd ones of a data set, as a task: all its images judged by each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.anomaly import crossfit, finding, patches, with_network
from core.anomaly.find_source import SAMPLE
from core.anomaly.finding import Descriptions, Judgement, Places
from core.anomaly.patches import PatchSpace
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.images.imagesets import ImageSet
from core.images.parts import done

KNOWN, FEW = 1_000, 100  # images that patches are learnt from, and whose maps say what is usual
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
    described = Descriptions.of(images.take(first))
    judged = finding.judged(described, crossfit.folds(crossfit.groups_of(described.images)))
    places = Places.fit(described)
    scores, plain = np.empty(len(images)), np.zeros(len(images), np.bool_)
    facts, reasons = np.full((2, len(images)), "", object)
    points = np.empty((len(images), places.axes.shape[1]), np.float32)
    for part in _parts(images, first, described, judged):
        at = part.at
        scores[at], points[at] = part.scores[judged.best], places.of(part.described)
        facts[at] = [", ".join(one) for one in part.facts]
        plain[at] = (facts[at] != "") | crossfit.is_clear(scores[at])
        reasons[at] = finding.reasons(part.scores, np.ones(len(at), np.bool_))
    return {
        "scores": scores,
        "is_plain": plain,
        "facts": facts.astype(np.str_),
        "reasons": reasons.astype(np.str_),
        "points": points,
        "calibration": judged.calibration.scores,
        "calibration_name": np.asarray(judged.calibration.name),
        "why": np.asarray(judged.why()),
        "judge": np.asarray(judged.best),
    }


def where(split: SplitRef, positions: tuple[int, ...]) -> Arrays:
    """A task: where some images of a set are strange: maps (p, H, W), 0 = as usual, 1 = very.

    By their patches, compared with those of the other images, or of all where few are left.
    """
    images = split.images()
    at = np.array(positions, np.int64)
    left = np.setdiff1d(np.arange(len(images)), at)
    others = images.take(left) if len(left) >= crossfit.LEAST else images
    others = with_network.some(others, KNOWN)
    space = PatchSpace.fit(others, most=finding.PATCH_SAMPLE)
    size = images.shape[1], images.shape[2]
    usual, found = (
        patches.enlarged(space.maps(x, patches.gaussian), size)
        for x in (with_network.some(others, FEW).pixels(), images.pixels(at))
    )
    low, high = np.quantile(usual, (0.5, 0.999))
    shares = np.clip((found - low) / max(float(high - low), 1e-9), 0, 1)
    return {"maps": shares.astype(np.float32)}


def _first(n: int) -> crossfit.Index:
    """Which images are judged by each other: all, or SAMPLE of them."""
    return np.sort(np.random.default_rng(0).permutation(n)[:SAMPLE])


@dataclass(frozen=True)
class _Part:
    """Some images.  at: (p,) positions.  scores: by name, (p,) each.  facts: p lists."""

    at: crossfit.Index
    described: Descriptions
    scores: Mapping[str, crossfit.Scores]
    facts: list[list[str]]


def _parts(
    images: ImageSet, first: crossfit.Index, described: Descriptions, judged: Judgement
) -> Iterator[_Part]:
    """The first, which were judged by each other, then the others part by part."""
    yield _Part(first, described, judged.scores, judged.facts)
    others = np.setdiff1d(np.arange(len(images)), first)
    for start in range(0, len(others), PART):
        at = others[start : start + PART]
        some = Descriptions.of(images.take(at))
        facts = judged.fences.facts(some.values["measures"], some.images)
        yield _Part(at, some, judged.judge_more(some), facts)
        done("Judging the other images", start + len(at), len(others))


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
