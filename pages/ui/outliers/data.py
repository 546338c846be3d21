"""What the Outliers page stands on: images, what is known of them, and their scores."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core import metrics
from core.anomaly import quality
from core.anomaly.scores import Score
from core.anomaly.thresholds import Reference, Threshold
from core.checkpoints import Card
from core.data import planting
from core.data.imagesets import ImageSet
from core.data.planting import Experiment
from core.outliers import Judged, References
from pages.ui import cache, telling

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Kind = Literal["none", "classes", "marked", "planted"]
FACTS = quality.FACTS
N_FOR_SCALE = 400  # images that say how bright an error is drawn


@dataclass(frozen=True)
class Truth:
    """How it is known which images are outliers, as the visitor asked for it.

    classes: of kind "classes".  plant: a corruption or a data set, share and seed: of "planted".
    """

    kind: Kind = "none"
    classes: tuple[str, ...] = ()
    plant: str = ""
    share: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Asked:
    """Which images are judged by which model: all that scores depend on."""

    dataset: str
    split: str
    card: Card
    truth: Truth

    @property
    def key(self) -> tuple[object, ...]:
        return self.dataset, self.split, self.card.sha256, self.truth


@dataclass(frozen=True)
class Found:
    """What one score and one threshold make of the images.

    is_outlier: (n,), the truth, or None.  scores: (n,), higher = stranger.  reference: what the
    threshold was derived from.
    """

    asked: Asked
    images: ImageSet
    is_outlier: Flags | None
    judged: Judged
    score: Score
    scores: Scores
    reference: Reference
    threshold: Threshold

    @property
    def flagged(self) -> Flags:
        return self.threshold.flags(self.scores)

    @property
    def queue(self) -> Positions:
        """The flagged images, the strangest first."""
        return by_score(self.scores, np.flatnonzero(self.flagged))

    def usual_below(self, i: int) -> float:
        """The share of the reference images that score lower than image i, in per cent."""
        usual = self.judged.references.distribution(self.score.name)
        return 100 * float((usual < self.scores[i]).mean())


def by_score(scores: Scores, positions: Positions) -> Positions:
    """Positions, the highest score first, equal ones in their own order."""
    return positions[np.argsort(-scores[positions], kind="stable")]


def experiment(dataset: str, split: str, truth: Truth) -> tuple[ImageSet, Flags | None, str]:
    """The images, which of them are known outliers (or None), and what those are."""
    images = cache.dataset(dataset, split)
    if truth.kind == "none":
        return images, None, ""
    key = ("experiment", dataset, split, truth)
    made = cache.kept(key, lambda: _experiment(images, truth))
    return made.images, made.is_outlier, made.what


def _experiment(images: ImageSet, truth: Truth) -> Experiment:
    if truth.kind == "marked" and (marked := planting.by_defects(images)):
        return marked
    if truth.kind == "classes":
        return planting.by_classes(images, truth.classes)
    usual = planting.usual(images, truth.classes)
    if truth.plant in planting.CORRUPTIONS:
        return planting.by_corruption(usual, truth.plant, truth.share, truth.seed)
    others = cache.dataset(truth.plant, "test")
    return planting.by_dataset(usual, others, truth.share, truth.seed)


def references(asked: Asked) -> References:
    """What is usual to the model, from images that are not judged."""
    return cache.references(asked.card, asked.dataset, asked.split)


def judged(asked: Asked) -> Judged:
    """The images, ready to be scored."""

    def make() -> Judged:
        images, _, _ = experiment(asked.dataset, asked.split, asked.truth)
        return references(asked).judge(images)

    return cache.kept(("judged", asked.key), make)


def scores(asked: Asked, name: str) -> tuple[Scores, Scores]:
    """A score of the images, and of the references; with a bar while it takes time."""
    with telling.progress():
        one = judged(asked)
        return one.score(name), one.references.distribution(name)


def error_scale(asked: Asked) -> float:
    """The error that 99.5 % of the pixels stay under, in some images of the set; 0.01 to 1."""

    def make() -> float:
        images, model = judged(asked).images, cache.autoencoder(asked.card)
        few = np.linspace(0, len(images) - 1, min(N_FOR_SCALE, len(images))).astype(np.int64)
        x = images.pixels(few)
        error = np.sqrt(metrics.error_map(x, model.reconstruct(x)))
        return float(np.clip(np.quantile(error, 0.995), 0.01, 1))

    return cache.kept(("error scale", asked.key), make)


def usual_quality(asked: Asked) -> quality.Usual:
    """Between what bounds the references' brightness, contrast and sharpness lie."""
    known = references(asked).scored.images
    key = ("usual quality", asked.dataset, asked.split, asked.card.sha256)
    return cache.kept(key, lambda: quality.usual(quality.measures(known)))


def facts(asked: Asked, images: ImageSet) -> list[tuple[str, ...]]:
    """What is conspicuous about each picture, e.g. ("dark", "blurred")."""
    if not len(images):
        return []
    bounds = usual_quality(asked)
    return [quality.facts(one, bounds) for one in quality.measures(images)]


def thumbnails(asked: Asked) -> quality.Thumbnails:
    """Of all judged images, to find near duplicates by."""
    images = judged(asked).images
    return cache.kept(("thumbnails", asked.key), lambda: quality.thumbnails(images))
