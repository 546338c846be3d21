"""Judging images, as tasks: scores, what is usual, what is conspicuous, where models err."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core import metrics
from core.anomaly import choosing, quality, references, scores
from core.anomaly.calibration import Calibration
from core.anomaly.judging import Judged, References
from core.anomaly.line import stored
from core.anomaly.rankings import pixel_auroc
from core.computing import stock
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays
from core.data.named import planting
from core.data.named.planting import Experiment
from core.images.imagesets import ImageSet
from core.images.parts import done

Kind = Literal["none", "classes", "marked", "planted"]
N_FOR_SCALE = 400  # images that say how bright an error is drawn
PART = 256  # images whose errors are measured at a time


@dataclass(frozen=True)
class Truth:
    """How it is known which images are outliers.

    classes: of kind "classes".  plant: a corruption or a data set, share and seed: of "planted".
    """

    kind: Kind = "none"
    classes: tuple[str, ...] = ()
    plant: str = ""
    share: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Case:
    """Which images are judged by which model.

    others: images that are planted among them, if they come from another set.  usual: the train
    split of the set that the model knows.  ignored: core.data.ignored.digest() of both sets: with
    another region to ignore all is judged anew.
    """

    judged: SplitRef
    others: SplitRef | None
    usual: SplitRef
    truth: Truth
    sha256: str
    ignored: str = ""


def experiment(images: ImageSet, truth: Truth, others: ImageSet | None) -> Experiment | None:
    """The images and which of them are outliers; None if nothing is known of them."""
    if truth.kind == "none":
        return None
    if truth.kind == "marked" and (marked := planting.by_defects(images)):
        return marked
    if truth.kind == "classes":
        return planting.by_classes(images, truth.classes)
    usual = planting.usual(images, truth.classes)
    if others is None:
        return planting.by_corruption(usual, truth.plant, truth.share, truth.seed)
    return planting.by_dataset(usual, others, truth.share, truth.seed)


def score(case: Case, name: str) -> Arrays:
    """A task: one score.

    Returns scores (n,) of the images; references (s,), the scores of the references; seconds: what
    the scores took from the pixels on; known: what the references are, in words; calibration (m,),
    rising, the scores of usual images that are neither, m = 0 if there are none; calibration_name:
    what those are, or a sentence that says why there are none.
    """
    judged = _judged(case)
    found, calibration = judged.score(name), _calibration(case, judged, name)
    why = references.why_no_calibration(stock.model(case.sha256).card)
    return {
        "scores": found,
        "references": judged.references.distribution(name),
        "seconds": np.asarray(judged.seconds(name)),
        "known": np.asarray(judged.references.name),
        "calibration": calibration.scores if calibration else np.empty(0),
        "calibration_name": np.asarray(calibration.name if calibration else why),
    }


def choice(_usual: SplitRef, sha256: str) -> Arrays:
    """A task: which score a model begins with, see core.anomaly.choosing.for_model.

    _usual: the train split that it knows: other images, another choice.
    Returns scores (s,) and kinds (k,), their names; auroc (s, k); best; n: how many usual images
    were spoiled, 0 if there are none, and nothing is chosen; seed.
    """
    found = choosing.for_model(stock.model(sha256), stock.images)
    if found is None:
        return {"n": np.asarray(0)}
    kinds = tuple(found.auroc[found.best])
    return {
        "n": np.asarray(found.n),
        "seed": np.asarray(found.seed),
        "best": np.asarray(found.best),
        "scores": np.array(list(found.auroc), np.str_),
        "kinds": np.array(kinds, np.str_),
        "auroc": np.array([[of[kind] for kind in kinds] for of in found.auroc.values()]),
    }


def looks(case: Case) -> Arrays:
    """A task: measures (n, 3) of the images as core.anomaly.quality has them; low, high (3,): the
    bounds of usual ones; scale: the error that 99.5 % of the pixels stay under, 0.01 to 1.
    """
    judged, model = _judged(case), stock.model(case.sha256)
    bounds = quality.usual(quality.measures(judged.references.scored.images))
    some = np.linspace(0, len(judged.images) - 1, min(N_FOR_SCALE, len(judged.images)))
    x = judged.images.pixels(some.astype(np.int64))
    error = np.sqrt(metrics.error_map(x, model.reconstruct(x)))
    scale = np.clip(np.quantile(error, 0.995), 0.01, 1)
    measures = quality.measures(judged.images)
    return {"measures": measures, "low": bounds.low, "high": bounds.high, "scale": scale}


def copies(case: Case) -> Arrays:
    """A task: copies (n, 3), which of core.anomaly.quality.COPIES hold for the images."""
    return {"copies": quality.copies(_experiment(case))}


def known_codes(case: Case) -> Arrays:
    """A task: codes (s, D') of the references that are scored, and their images and labels."""
    scored = _judged(case).references.scored
    images = scored.images
    found: Arrays = {"codes": scored.features.codes, "images": images.images, "ids": images.ids}
    names = [images.label_name(i) for i in range(len(images))]
    return found | {"labels": np.array(names, np.str_)}


def thumbnails(case: Case) -> Arrays:
    """A task: thumbnails (n, 256) of the images, to find near duplicates by."""
    return {"thumbnails": quality.thumbnails(_experiment(case))}


def mean_errors(case: Case) -> Arrays:
    """A task: classes (k,), those with images; errors (k, H, W), of each the mean squared error
    of each pixel.
    """
    images, among = _experiment(case), _references(case).spaces
    assert images.labels is not None
    present, sums = np.unique(images.labels), {}
    n_done = 0
    for label in present.tolist():
        mine = np.flatnonzero(images.labels == label)
        total: npt.NDArray[np.float64] = np.zeros(images.shape[1:])
        for start in range(0, len(mine), PART):
            x = images.pixels(mine[start : start + PART])
            errors = scores.map_of(scores.score("mse"), among, x)
            total += errors.sum(axis=0, dtype=np.float64)
            n_done += len(x)
            done("Finding where the errors are", n_done, len(images))
        sums[label] = total / len(mine)
    return {"classes": present, "errors": np.stack(list(sums.values()))}


def places(case: Case) -> Arrays:
    """A task: points (n, d), the codes of the judged images along their principal axes."""
    return {"points": _judged(case).features.code_points}


def maps(case: Case, name: str, positions: tuple[int, ...]) -> Arrays:
    """A task: where some of the judged images are strange, by a score that has a map.

    Returns maps (p, H, W); scale: the value that 99.5 % of the pixels of the set stay under.
    """
    images = _judged(case).images
    some = np.linspace(0, len(images) - 1, min(N_FOR_SCALE, len(images))).astype(np.int64)
    scale = stock.kept(
        ("scale of maps", case, name),
        lambda: float(np.quantile(_maps(case, name, some), 0.995)),
    )
    return {
        "maps": _maps(case, name, np.array(positions, np.int64)),
        "scale": np.asarray(max(scale, 1e-9)),
    }


def localisation(case: Case, name: str) -> Arrays:
    """A task: the pixel-level AUROC of a score's map, or of the errors where it has none, for
    images whose defects are marked.
    """
    images = _experiment(case)
    assert images.masks is not None
    found = _maps(case, name, np.arange(len(images)))
    return {"auroc": np.asarray(pixel_auroc(found, images.masks))}


def _maps(case: Case, name: str, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """The map of each of some judged images: of the score, else of the errors: (p, H, W)."""
    images, among = _experiment(case), _references(case).spaces
    found = np.empty((len(positions), *images.shape[1:]), np.float32)
    for start in range(0, len(positions), PART):
        part = slice(start, start + PART)
        x = images.pixels(positions[part])
        found[part] = scores.map_of(scores.score(name), among, x)
        done("Finding where the images are strange", start + len(x), len(positions))
    return found


def _calibration(case: Case, judged: Judged, name: str) -> Calibration | None:
    """From images; else, for the error, from what the checkpoint says of its test images, unless
    those are judged.
    """
    found = judged.references.calibration(name)
    card = stock.model(case.sha256).card
    was_tested = case.judged.name == card.metrics["dataset"] and case.judged.split != "train"
    if found is None and name == "mse" and not was_tested:
        return stored(card)
    return found


def _judged(case: Case) -> Judged:
    return stock.kept(("judged", case), lambda: _references(case).judge(_experiment(case)))


def _references(case: Case) -> References:
    def make() -> References:
        model, judged = stock.model(case.sha256), case.judged.images()
        known = references.reference_images(model.card, judged, load=stock.images)
        calibrating = references.calibration_images(model.card, (judged, known), stock.images)
        return References(model, known, calibrating)

    return stock.kept(("references", case.sha256, case.judged, case.usual, case.ignored), make)


def _experiment(case: Case) -> ImageSet:
    def make() -> ImageSet:
        others = case.others.images() if case.others else None
        made = experiment(case.judged.images(), case.truth, others)
        return made.images if made else case.judged.images()

    return stock.kept(("experiment", case.judged, case.others, case.truth), make)
