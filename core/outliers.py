"""Scores: how far an image is from what a model knows. Higher = more anomalous, always.

All are fitted on reference images alone, which are not judged, and none is told which images are
outliers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core import rankings
from core.config import DataError, OptionError
from core.features import Features
from core.imagesets import ImageSet
from core.inference import Autoencoder
from core.parts import Once
from core.rankings import Truth
from core.spaces import Rows, Scores, Spaces
from core.thresholds import MAD_TO_STD

N_SCORED = 5_000  # reference images whose own scores say what is usual


@dataclass(frozen=True)
class Score:
    """One way to judge images.

    explanation: one sentence.  unit: what its numbers are, for axes.  needs: the features it is
    made of.  parts: the other scores it is made of, and what is usual for them.
    baseline: uses no model; to compare with.
    """

    name: str
    title: str
    explanation: str
    unit: str
    compute: Callable[["Judged"], Scores]
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    baseline: bool = False


@dataclass(frozen=True)
class Ranked:
    """How well one score tells known outliers from the rest; see core.rankings.

    precision_at_k: among the k highest scores, k = how many outliers there are.
    seconds: from pixels to scores, once model and references are ready.
    """

    name: str
    auroc: float
    average_precision: float
    precision_at_k: float
    seconds: float


class References:
    """What is usual to a model: images it knows, and how they score themselves.

    Raises DataError if there are too few.
    """

    def __init__(self, autoencoder: Autoencoder, images: ImageSet) -> None:
        self.spaces = Spaces(autoencoder, images)
        self.images = images
        rows = np.random.default_rng(0).permutation(len(images))[:N_SCORED]
        self.rows: Rows = np.sort(rows)
        self.scored = Judged(self, images.take(self.rows), self.rows)

    @property
    def name(self) -> str:
        """Whose scores distribution() gives: "5,000 train images of mnist"."""
        return f"{len(self.rows):,} {self.images.split} images of {self.images.id}"

    def distribution(self, name: str) -> Scores:
        """The scores of reference images, none compared with itself: (s,)."""
        return self.scored.score(name)

    def judge(self, images: ImageSet) -> "Judged":
        """Images to be scored; nothing is computed yet.

        Raises DataError if there are none or they do not fit the model.
        """
        if not len(images):
            raise DataError(f"There are no images in {images.id} ({images.split}).")
        return Judged(self, images)


class Judged:
    """Images and their scores, each computed once, when first asked for."""

    def __init__(self, references: References, images: ImageSet, rows: Rows | None = None) -> None:
        self.references, self.images = references, images
        self.features = Features(references.spaces, images, rows)
        self._once = Once()

    def score(self, name: str) -> Scores:
        """(n,) float64; higher = more anomalous.  OptionError if there is no such score."""
        spec = score(name)
        for part in spec.parts:
            self.references.distribution(part)
            self.score(part)
        for need in spec.needs:
            getattr(self.features, need)
        made = self._once.get(name, lambda: spec.compute(self))
        return np.asarray(made, np.float64)

    def seconds(self, name: str) -> float:
        """How long a score took, with all that it is made of, from pixels on, without fitting."""
        self.score(name)
        features, scores = _made_of(score(name))
        took = [self.features.once.seconds[feature] for feature in features]
        return sum(took) + sum(self._once.seconds[one] for one in scores)


def score(name: str) -> Score:
    """The score called `name`, or OptionError."""
    if name not in BY_NAME:
        raise OptionError(f"There is no score {name[:60]!r}: choose one of {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def available(references: References) -> tuple[Score, ...]:
    """The scores that can be computed: all, or all but those that need classes."""
    has_classes = references.images.labels is not None
    return tuple(s for s in SCORES if has_classes or s.name != "class_percentile")


def ranked(judged: Judged, name: str, truth: Truth) -> Ranked:
    """One score against truth, (n,) True for outliers; DataError unless there are both kinds."""
    scores = judged.score(name)
    curves = rankings.curves(scores, truth)
    return Ranked(
        name,
        curves.auroc,
        curves.average_precision,
        rankings.precision_at(scores, truth),
        judged.seconds(name),
    )


def _made_of(spec: Score) -> tuple[set[str], set[str]]:
    """The features and the scores behind one, itself included."""
    features, scores = set(spec.needs), {spec.name}
    for part in spec.parts:
        more_features, more_scores = _made_of(score(part))
        features |= more_features
        scores |= more_scores
    return features, scores


def _class_percentile(judged: Judged) -> Scores:
    """The share, 0 to 100, of reference images of the same class that were rebuilt better.

    The class is the one that most of the nearest codes have, so that no label of the judged image
    is used.
    """
    labels = judged.references.images.labels
    if labels is None:
        raise DataError("The reference images have no classes: choose another score.")
    classes = _majority(labels[judged.features.near_codes.positions])
    known_classes = labels[judged.references.rows]
    known, errors = judged.references.distribution("mse"), judged.score("mse")
    out = np.empty(len(errors))
    for c in np.unique(classes):
        own = known[known_classes == c]
        lower = np.sort(own if len(own) else known)
        mine = classes == c
        out[mine] = 100 * np.searchsorted(lower, errors[mine]) / len(lower)
    return out


def _majority(votes: Rows) -> Rows:
    """The most frequent value of each row, of equally frequent ones the least: (n, k) -> (n,)."""
    counts = [(votes == value).sum(axis=1) for value in range(int(votes.max()) + 1)]
    return np.asarray(np.argmax(counts, axis=0))


def _combined(judged: Judged) -> Scores:
    """The mean over COMBINED of how many typical deviations each lies above its usual value.

    Measured on logarithms, since all of them are ratios or distances, and by median and MAD of the
    references.
    """
    total = np.zeros(len(judged.images))
    for name in COMBINED:
        usual = _log(judged.references.distribution(name))
        median = np.median(usual)
        deviation = MAD_TO_STD * np.median(np.abs(usual - median))
        total += (_log(judged.score(name)) - median) / max(deviation, 1e-9)
    return total / len(COMBINED)


def _log(scores: Scores) -> Scores:
    return np.asarray(np.log(np.maximum(scores, 1e-12)))


COMBINED = ("neighbours", "density", "pixel_neighbours", "pixel_density", "dissimilarity")
_ERRORS, _NEAR = ("codes", "errors"), ("codes", "code_points", "near_codes")
_PIXELS = ("pixel_points", "near_pixels")
SCORES: tuple[Score, ...] = (
    Score(
        "mse",
        "Reconstruction error (MSE)",
        "How far the reconstruction is from the image: the mean squared difference of the pixels.",
        "mean squared error, pixels 0 to 1",
        lambda judged: judged.features.errors[:, 0],
        _ERRORS,
    ),
    Score(
        "mae",
        "Absolute error (MAE)",
        "The mean absolute difference of the pixels: a few very wrong ones count less than in MSE.",
        "mean absolute error, pixels 0 to 1",
        lambda judged: judged.features.errors[:, 1],
        _ERRORS,
    ),
    Score(
        "dissimilarity",
        "Dissimilarity (1 − SSIM)",
        "How much of the local structure is lost in the reconstruction: edges count, brightness "
        "does not.",
        "1 − SSIM, 0 to 2",
        lambda judged: judged.features.errors[:, 2],
        _ERRORS,
    ),
    Score(
        "class_percentile",
        "Error within its class",
        "How many in a hundred reference images of the class it looks like were rebuilt better.",
        "percentile of the error within the class",
        _class_percentile,
        _NEAR,
        ("mse",),
    ),
    Score(
        "mahalanobis",
        "Distance from the centre (Mahalanobis)",
        "How many standard deviations the code lies from the middle of all codes: good for one "
        "round cluster only.",
        "Mahalanobis distance, standard deviations",
        lambda judged: judged.references.spaces.codes.mahalanobis(judged.features.code_points),
        ("codes", "code_points"),
    ),
    Score(
        "neighbours",
        "Distance to the nearest codes (k-NN)",
        "How far the ten nearest codes of reference images are: far means nothing alike is known.",
        "mean distance to the 10 nearest codes",
        lambda judged: judged.features.near_codes.mean_distance,
        _NEAR,
    ),
    Score(
        "density",
        "Local density of the codes",
        "How much farther its nearest codes are than theirs from each other: finds what lies "
        "between clusters of unequal width.",
        "distance relative to the neighbours' own, 1 = as dense",
        lambda judged: judged.references.spaces.codes.relative_density(judged.features.near_codes),
        _NEAR,
    ),
    Score(
        "combined",
        "Combined",
        "The mean of five scores (distance and density by codes, the same by pixels, and "
        "dissimilarity), each in typical deviations of the reference images.",
        "typical deviations above usual",
        _combined,
        parts=COMBINED,
    ),
    Score(
        "pca",
        "PCA reconstruction error",
        "What the linear model with a code of the same size gets wrong: a network should find "
        "more.",
        "mean squared error, pixels 0 to 1",
        lambda judged: judged.features.linear_errors,
        ("pixel_points", "linear_errors"),
        baseline=True,
    ),
    Score(
        "pixel_neighbours",
        "Distance to the nearest images (pixels)",
        "How far the ten nearest reference images are by their pixels, along 50 principal "
        "components: no network at all.",
        "mean distance to the 10 nearest images",
        lambda judged: judged.features.near_pixels.mean_distance,
        _PIXELS,
        baseline=True,
    ),
    Score(
        "pixel_density",
        "Local density of the pixels",
        "The same local density, but of the pixels along 50 principal components: no network at "
        "all.",
        "distance relative to the neighbours' own, 1 = as dense",
        lambda judged: judged.references.spaces.pixels.relative_density(
            judged.features.near_pixels
        ),
        _PIXELS,
        baseline=True,
    ),
)
BY_NAME: Mapping[str, Score] = MappingProxyType({spec.name: spec for spec in SCORES})
