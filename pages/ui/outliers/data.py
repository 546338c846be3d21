"""What the Outliers page stands on: images, what is known of them, and their scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.anomaly import choosing, judge_tasks, judging, quality, references
from core.anomaly.calibration import Calibration
from core.anomaly.choosing import ChosenScore
from core.anomaly.judge_tasks import Case, Kind, Truth
from core.anomaly.scores import BY_NAME, Score, pca_width
from core.anomaly.teaching import Teacher
from core.anomaly.thresholds import Reference, Threshold
from core.checkpoints import Card
from core.computing.tasks import Arrays, Function, Task, task
from core.data import ignored
from core.data.named import planting
from core.data.named.planting import Experiment
from core.data.own.store import AND_ALL_OF
from core.images.imagesets import ImageSet
from core.images.preparation import words
from pages.ui import cache

__all__ = ["Kind", "Truth"]

Scores = npt.NDArray[np.float64]
Array = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
FACTS = quality.EVERY
ALL_OF_UNSEEN = (
    "All images of the classes that the model was trained without are judged, also those outside "
    "the test part."
)


@dataclass(frozen=True)
class Scope:
    """Which images are judged by which model: all that scores depend on."""

    dataset: str
    split: str
    card: Card
    truth: Truth

    @property
    def key(self) -> tuple[object, ...]:
        return self.dataset, self.split, self.card.sha256, self.truth


@dataclass(frozen=True)
class Scored:
    """One score.  scores: (n,) of the images, higher = stranger.  references: (s,) of those.

    seconds: from the images' pixels on.  known: what the references are, in words.
    calibration: of usual images that are neither judged nor references; None if there are none, and
    why_none is the sentence that says why.
    """

    scores: Scores
    references: Scores
    seconds: float
    known: str
    calibration: Calibration | None
    why_none: str

    @property
    def usual(self) -> Reference:
        """What is usual, and whose: the calibration's scores, or else the references'."""
        if self.calibration is None:
            return Reference(self.references, self.known)
        return Reference(self.calibration.scores, self.calibration.name)


@dataclass(frozen=True)
class Outcome:
    """What one score and one threshold make of the images.

    is_outlier: (n,), the truth, or None.
    """

    scope: Scope
    images: ImageSet
    is_outlier: Flags | None
    score: Score
    scored: Scored
    threshold: Threshold

    @property
    def scores(self) -> Scores:
        return self.scored.scores

    @property
    def known(self) -> str:
        """What the images are compared with, in words."""
        return self.scored.usual.name

    @property
    def flagged(self) -> Flags:
        return self.threshold.flags(self.scores)

    @property
    def queue(self) -> Positions:
        """The flagged images, the strangest first."""
        return by_score(self.scores, np.flatnonzero(self.flagged))

    def usual_below(self, i: int) -> float:
        """The share of usual images that score lower than image i, in per cent."""
        return 100 * float((self.scored.usual.scores < self.scores[i]).mean())


def explanation(outcome: Outcome) -> str:
    """What the score is, and of PCA how large it is here."""
    said = outcome.score.explanation
    if (how := outcome.images.preparation) is not None:
        said = f"{said} Images of {outcome.images.id}: {words(how)}."
    if AND_ALL_OF in outcome.scope.split:
        said = f"{said} {ALL_OF_UNSEEN}"
    if outcome.score.name != "pca":
        return said
    n, size = linear_width(outcome), outcome.scope.card.latent_dim
    return f"{said} Here it has {n:,} numbers, and the code {size:,}."


def linear_width(outcome: Outcome) -> int:
    """How many numbers the PCA has that images are compared with."""
    n_values, n_known = math.prod(outcome.images.shape), len(outcome.scored.references)
    return pca_width(outcome.scope.card.latent_dim, n_values, n_known)


def by_score(scores: Scores, positions: Positions) -> Positions:
    """Positions, the highest score first, equal ones in their own order."""
    return positions[np.argsort(-scores[positions], kind="stable")]


def experiment(dataset: str, split: str, truth: Truth) -> tuple[ImageSet, Flags | None, str]:
    """The images, which of them are known outliers (or None), and what those are."""
    images, others = cache.dataset(dataset, split), _others(truth)

    def make() -> Experiment | None:
        return judge_tasks.experiment(images, truth, others)

    if (
        truth.kind == "none"
        or (made := cache.kept(("experiment", dataset, split, truth), make)) is None
    ):
        return images, None, ""
    return made.images, made.is_outlier, made.what


def case(scope: Scope) -> Case:
    """What tasks are told.  Raises DataError if there is nothing to compare with."""
    judged = cache.split_ref(scope.dataset, scope.split)
    others = cache.split_ref(_others_id(scope.truth), "test") if _others_id(scope.truth) else None
    usual = cache.split_ref(known_id(scope), "train")
    return Case(
        judged=judged,
        others=others,
        usual=usual,
        truth=scope.truth,
        sha256=scope.card.sha256,
        ignored=ignored.digest(scope.dataset, usual.name),
    )


def outside(scope: Scope, x: Array, x_hat: Array) -> Array:
    """Reconstructions without errors in the region to ignore, if there is one: (p, C, H, W)."""
    size = (int(x.shape[2]), int(x.shape[3]))
    masks = (ignored.of(name, size) for name in (scope.dataset, known_id(scope)))
    mask = next((one for one in masks if one is not None), None)
    return x_hat if mask is None else np.where(mask, x, x_hat)


def known_id(scope: Scope) -> str:
    """The data set that the images are compared with."""
    return references.available_id(scope.card, cache.dataset(scope.dataset, scope.split))


def offered(scope: Scope) -> dict[str, Score]:
    """The scores that can be computed, by name."""
    has_classes = cache.dataset(known_id(scope), "train").labels is not None
    return {one.name: one for one in judging.available(has_classes, bool(scope.card.plan.locator))}


def scored(scope: Scope, names: Sequence[str]) -> list[Scored]:
    """Scores of the images, and of the references.

    Those that are made of others are computed last.
    """
    order = sorted(names, key=lambda name: bool(BY_NAME[name].parts))
    outcome = cache.all_computed([_score(scope, name) for name in order])
    by_name = {name: _as_scored(one) for name, one in zip(order, outcome, strict=True)}
    return [by_name[name] for name in names]


def _as_scored(one: Arrays) -> Scored:
    said, usual = str(one["calibration_name"]), one["calibration"]
    calibration = Calibration(usual, said) if len(usual) else None
    return Scored(
        scores=one["scores"],
        references=one["references"],
        seconds=float(one["seconds"]),
        known=str(one["known"]),
        calibration=calibration,
        why_none="" if calibration else said,
    )


def choice(scope: Scope) -> ChosenScore | None:
    """The score to begin with, if it was chosen; now, if the model is of a person's own images."""
    if outcome := choosing.known(scope.card):
        return outcome
    if choosing.is_chosen_at_once(scope.card):
        return choose(scope)
    made = cache.find(_choice(scope))
    return None if made is None else _as_choice(made)


def choose(scope: Scope) -> ChosenScore | None:
    """The score that finds planted outliers best, chosen now where that is not known yet; None if
    there is nothing to choose by.
    """
    return choosing.known(scope.card) or _as_choice(cache.computed(_choice(scope)))


def _choice(scope: Scope) -> Task:
    """Whatever is judged: one choice for a model."""
    usual = cache.split_ref(known_id(scope), "train")
    return task(
        judge_tasks.choice,
        usual,
        scope.card.sha256,
        title="Choosing a score by planted outliers",
        group=f"codes {scope.card.sha256} {scope.dataset} {scope.split}",
        models=[scope.card],
    )


def _as_choice(made: Arrays) -> ChosenScore | None:
    if not int(made["n"]):
        return None
    kinds = made["kinds"].tolist()
    auroc = {
        name: dict(zip(kinds, row, strict=True))
        for name, row in zip(made["scores"].tolist(), made["auroc"].tolist(), strict=True)
    }
    return ChosenScore(auroc, str(made["best"]), int(made["n"]), int(made["seed"]))


def prepare(scope: Scope, name: str) -> None:
    """Have all that the page shows to begin with computed at one time."""
    cache.all_computed([_score(scope, name), _looks(scope), _copies(scope)])


def error_scale(scope: Scope) -> float:
    """The error that 99.5 % of the pixels stay under, in some images of the set; 0.01 to 1."""
    return float(cache.computed(_looks(scope))["scale"])


def facts(scope: Scope, positions: Positions) -> list[tuple[str, ...]]:
    """What is conspicuous about each of some images, e.g. ("dark", "blurred").

    positions: (m,), among the images that are judged.
    """
    return [quality.named(one) for one in _holding(scope)[positions]]


def conspicuous(scope: Scope) -> Positions:
    """All judged images that are conspicuous pictures, whatever they score, the most so first;
    last those that are only copies of each other.
    """
    measures, bounds = _measured(scope)
    outcome = np.flatnonzero(_holding(scope).any(axis=1))
    return by_score(quality.distance(measures, bounds), outcome)


def _holding(scope: Scope) -> Flags:
    """Which of FACTS hold for which judged images: (n, facts)."""
    outside_bounds = quality.holding(*_measured(scope))
    return np.column_stack([outside_bounds, cache.computed(_copies(scope))["copies"]])


def _measured(scope: Scope) -> tuple[quality.Measures, quality.Usual]:
    """What the pictures look like, and between what bounds usual ones do."""
    outcome = cache.computed(_looks(scope))
    return outcome["measures"], quality.Usual(outcome["low"], outcome["high"])


def prepare_review(scope: Scope) -> None:
    """Have all that helps to judge single images computed at one time."""
    cache.all_computed([_looks(scope), _thumbnails(scope), _known_codes(scope)])


def near_duplicates(scope: Scope, i: int) -> Positions:
    """Where the other judged images stand that look almost the same as one of them."""
    outcome = cache.computed(_thumbnails(scope))
    (same,) = quality.near_duplicates(outcome["thumbnails"], [i])
    return same


def known_codes(scope: Scope) -> Arrays:
    """Reference images and their codes; see core.anomaly.judge_tasks."""
    return cache.computed(_known_codes(scope))


def teacher(outcome: Outcome) -> Teacher:
    """What ranks the images by verdicts, beside the score that is chosen."""

    def make() -> Teacher:
        points = cache.computed(_places(outcome.scope))["points"]
        return Teacher.of(points, outcome.scores)

    return cache.kept(("teacher", outcome.scope.key, outcome.score.name), make)


def mean_errors(scope: Scope) -> dict[int, Scores]:
    """The mean squared error of each pixel over the images of each class that has some."""
    outcome = cache.computed(_task(judge_tasks.mean_errors, scope, "Finding where the errors are"))
    return dict(zip(outcome["classes"].tolist(), outcome["errors"], strict=True))


def localisation(scope: Scope, name: str) -> float:
    """Pixel-level AUROC of a score's map, or of the errors, for images whose defects are marked."""
    outcome = cache.computed(
        _task(judge_tasks.localisation, scope, "Comparing maps with the marks", name)
    )
    return float(outcome["auroc"])


def maps(outcome: Outcome, positions: Positions) -> Array | None:
    """Where images are strange by the score, 0 to 1: (p, H, W); None if it has no map."""
    if outcome.score.local is None:
        return None
    name, chosen = outcome.score.name, tuple(positions.tolist())
    made = cache.computed(
        task(
            judge_tasks.maps,
            case(outcome.scope),
            name,
            chosen,
            title="Finding where the images are strange",
            models=[outcome.scope.card],
            lasting=False,
        )
    )
    return np.clip(made["maps"] / np.float32(made["scale"]), 0, 1)


def _score(scope: Scope, name: str) -> Task:
    spec = BY_NAME[name]
    space = "pixels" if "pixel_points" in spec.needs else "codes"
    return _task(judge_tasks.score, scope, f"Scoring: {spec.title}", name, group=space)


def _looks(scope: Scope) -> Task:
    return _task(judge_tasks.looks, scope, "Looking for broken pictures")


def _copies(scope: Scope) -> Task:
    return _task(judge_tasks.copies, scope, "Looking for copies")


def _thumbnails(scope: Scope) -> Task:
    return _task(judge_tasks.thumbnails, scope, "Comparing the images")


def _places(scope: Scope) -> Task:
    return _task(judge_tasks.places, scope, "Encoding the images")


def _known_codes(scope: Scope) -> Task:
    return _task(judge_tasks.known_codes, scope, "Encoding the reference images")


def _task(function: Function, scope: Scope, title: str, *more: str, group: str = "looks") -> Task:
    shared = f"{group} {scope.card.sha256} {scope.dataset} {scope.split}"
    return task(function, case(scope), *more, title=title, group=shared, models=[scope.card])


def _others(truth: Truth) -> ImageSet | None:
    return cache.dataset(_others_id(truth), "test") if _others_id(truth) else None


def _others_id(truth: Truth) -> str:
    """The data set whose images are planted, "" if none is."""
    corrupted = truth.plant in planting.CORRUPTIONS
    return "" if truth.kind != "planted" or corrupted else truth.plant
