"""Scoring images: how far each is from what a model knows, and how well that finds outliers."""

from dataclasses import dataclass, replace

import numpy as np

from core.anomaly import rankings, scores
from core.anomaly.calibration import Calibration
from core.anomaly.features import Features
from core.anomaly.rankings import Truth
from core.anomaly.references import name_of
from core.anomaly.scores import Score
from core.anomaly.spaces import Rows, Scores, Spaces
from core.config import DataError
from core.images.imagesets import ImageSet
from core.images.parts import Once
from core.inference import Autoencoder
from core.memory import weigh

N_SCORED = 5_000  # reference images whose own scores say what is usual


@dataclass(frozen=True)
class Ranked:
    """How well one score tells known outliers from the rest; see core.anomaly.rankings.

    precision_at_k: among the k highest scores, k = how many outliers there are.
    seconds: from pixels to scores, once model and references are ready.
    """

    name: str
    auroc: float
    average_precision: float
    precision_at_k: float
    seconds: float


class References:
    """Reference images, which a model knows, and their own scores: what is usual.

    calibrating: usual images that are neither references nor judged, if there are any; see
    core.anomaly.references.  kept: see Spaces.  Raises DataError if there are too few references.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        images: ImageSet,
        calibrating: ImageSet | None = None,
        kept: bool = True,
    ) -> None:
        self.spaces = Spaces(autoencoder, images, kept)
        self.images = images
        rows = np.random.default_rng(0).permutation(len(images))[:N_SCORED]
        self.rows: Rows = np.sort(rows)
        self.scored = Judged(self, images.take(self.rows), self.rows)
        self.calibrating = Judged(self, self._like(calibrating)) if calibrating else None

    @property
    def name(self) -> str:
        """What distribution() is of, in words: "5,000 train images of mnist"."""
        return f"{len(self.rows):,} {self.images.split} images of {self.images.id}"

    def distribution(self, name: str) -> Scores:
        """The scores of reference images, none compared with itself: (s,)."""
        return self.scored.score(name)

    def calibration(self, name: str) -> Calibration | None:
        """What rates a threshold on this score has; None without calibration images."""
        if self.calibrating is None:
            return None
        return Calibration.of(self.calibrating.score(name), name_of(self.calibrating.images))

    def judge(self, images: ImageSet) -> "Judged":
        """Images to be scored; nothing is computed yet.

        Raises DataError if there are none or they do not fit the model.
        """
        if not len(images):
            raise DataError(f"There are no images in {images.id} ({images.split}).")
        return Judged(self, self._like(images))

    def _like(self, images: ImageSet) -> ImageSet:
        """Images with the region to ignore that the references have."""
        return replace(images, ignored=self.images.ignored)


class Judged:
    """Images and their scores, each computed once, when first asked for."""

    def __init__(self, references: References, images: ImageSet, rows: Rows | None = None) -> None:
        self.references, self.images = references, images
        self.features = Features(references.spaces, images, rows)
        self._once = Once()

    @property
    def autoencoder(self) -> Autoencoder:
        return self.references.spaces.autoencoder

    @property
    def usual_images(self) -> ImageSet:
        """References that say what is usual."""
        return self.references.scored.images

    def calibration(self, name: str) -> Calibration | None:
        """What rates a threshold on this score has; None without calibration images."""
        return self.references.calibration(name)

    def weight(self) -> int:
        """The bytes it keeps in memory, without the references, which many share."""
        return weigh((self.images, self.features.once, self._once))

    def score(self, name: str) -> Scores:
        """(n,) float64; higher = more anomalous.  OptionError if there is no such score."""
        spec = scores.score(name)
        for part in spec.parts:
            self.references.distribution(part)
            self.score(part)
        for need in spec.needs:
            getattr(self.features, need)
        made = self._once.get(name, lambda: spec.compute(self))
        return np.asarray(made, np.float64)

    def seconds(self, name: str) -> float:
        """How long a score took from pixels on, with all that it is made of, without fitting."""
        self.score(name)
        features, others = scores.made_of(scores.score(name))
        took = [self.features.once.seconds[feature] for feature in features]
        return sum(took) + sum(self._once.seconds[one] for one in others)


def available(has_classes: bool, is_locator: bool = False) -> tuple[Score, ...]:
    """The scores that can be computed: all, or all but those that need classes or a locator.

    has_classes: whether the reference images have some.  is_locator: whether the model says where
    it repairs.
    """
    return tuple(
        s
        for s in scores.SCORES
        if (has_classes or s.name != "class_percentile") and (is_locator or not s.of_repairs)
    )


def ranked(judged: Judged, name: str, truth: Truth) -> Ranked:
    """One score against truth, (n,) True for outliers; DataError unless there are both kinds."""
    return ranking(name, judged.score(name), truth, judged.seconds(name))


def ranking(name: str, values: Scores, truth: Truth, seconds: float) -> Ranked:
    """A score against truth (n,), from its values (n,) and the seconds that they took; DataError as
    in ranked().
    """
    curves = rankings.curves(values, truth)
    precision = rankings.precision_at(values, truth)
    return Ranked(
        name=name,
        auroc=curves.auroc,
        average_precision=curves.average_precision,
        precision_at_k=precision,
        seconds=seconds,
    )
