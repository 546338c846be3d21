"""Scores by name: how each is computed from what is known of images. Higher = more anomalous.

All are fitted on reference images alone, which are not judged, and none is told which images are
outliers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from core import metrics
from core.anomaly import patches
from core.anomaly.features import TOP, Features, at_scales, repair_maps
from core.anomaly.spaces import PIXEL_WIDTH, Rows, Scores, Spaces
from core.anomaly.thresholds import MAD_TO_STD
from core.config import DataError, OptionError
from core.images.imagesets import ImageSet
from core.neighbours import Array

# Scores that are made of other scores, and what all scores are computed from.

COMBINED = (
    "neighbours", "density", "pixel_neighbours", "pixel_density", "near_textures",
    "texture_density", "dissimilarity",
)  # fmt: skip
TOGETHER = ("shape", "near_shapes", "texture", "near_textures", "texture_density")
LEAST_EACH, MOST_EACH = -2.0, 3.0  # typical deviations between which a part of them counts fully
BEYOND = 0.1  # how much the logarithm of what lies above counts


class Known(Protocol):
    """Reference images.  rows: (s,), where those stand that are scored themselves."""

    @property
    def images(self) -> ImageSet: ...

    @property
    def rows(self) -> Rows: ...

    @property
    def scored(self) -> "Judging":
        """Those at `rows`, as images that are judged."""
        ...

    def distribution(self, name: str) -> Scores:
        """The scores of those at `rows`, none compared with itself: (s,)."""
        ...


class Judging(Protocol):
    """Images that are judged, what is known of them, and their other scores, (n,) each."""

    @property
    def images(self) -> ImageSet: ...

    @property
    def features(self) -> Features: ...

    @property
    def references(self) -> Known: ...

    def score(self, name: str) -> Scores: ...


def class_percentile(judged: Judging) -> Scores:
    """The share of reference images of the same class that were rebuilt better: (n,), 0 to 100.

    The class is the one that most of the nearest codes have, so that no label of the judged image
    is used.  Raises DataError if the reference images have no classes.
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


def combined(judged: Judging) -> Scores:
    """The mean over COMBINED of how many typical deviations each lies above its usual value: (n,).

    Measured on logarithms, since all of them are ratios or distances, and by median and MAD of the
    references.
    """
    return np.asarray(np.mean([_deviations(judged, name) for name in COMBINED], axis=0))


def together(judged: Judging) -> Scores:
    """The mean over TOGETHER of how many typical deviations each lies above its usual value: (n,).

    Each counts between LEAST_EACH and MOST_EACH, and hardly more above, so that none decides alone.
    """
    each = np.stack([_deviations(judged, name) for name in TOGETHER])
    beyond = np.log1p(np.maximum(each - MOST_EACH, 0))
    return np.asarray((np.clip(each, LEAST_EACH, MOST_EACH) + BEYOND * beyond).mean(axis=0))


def _deviations(judged: Judging, name: str) -> Scores:
    """How many typical deviations (1.48 MAD) a score lies above its median, by logarithms."""
    usual = _log(judged.references.distribution(name))
    median = np.median(usual)
    deviation = MAD_TO_STD * np.median(np.abs(usual - median))
    return np.asarray((_log(judged.score(name)) - median) / max(float(deviation), 1e-9))


def largest_error(judged: Judging) -> Scores:
    """The largest value of the smoothed error map, over what is usual for it: (n,) >= 0.

    At each scale the ratio to the references' median; the mean over the scales.
    """
    return _over_scales(judged, 0)


def top_errors(judged: Judging) -> Scores:
    """The mean of the largest values of the smoothed error map, over what is usual: (n,) >= 0.

    How many of the values: features.TOP.  Scales as in largest_error().
    """
    return _over_scales(judged, 1)


def _over_scales(judged: Judging, which: int) -> Scores:
    known = judged.references.scored.features.local_errors[:, which]
    usual = np.maximum(np.median(known, axis=0), 1e-12)
    return np.asarray((judged.features.local_errors[:, which] / usual).mean(axis=1))


def error_map(among: Spaces, x: Array) -> Array:
    """The squared error of each pixel, smoothed, the mean over the scales: (n, H, W)."""
    errors = metrics.error_map(x, among.rebuilt(x))
    return np.asarray(np.mean(at_scales(errors), axis=0), np.float32)


def repair_map(among: Spaces, x: Array) -> Array:
    """Where the model says that it repairs, the mean over the scales: (n, H, W) in [0, 1]."""
    return np.asarray(np.mean(repair_maps(among.repairs(x)), axis=0), np.float32)


def _patch_map(among: Spaces, x: Array, measure: patches.Measure) -> Array:
    height, width = x.shape[2:]
    return patches.enlarged(among.patches.maps(x, measure), (height, width))


def map_of(spec: "Score", among: Spaces, x: Array) -> Array:
    """Where images (n, C, H, W) in [0, 1] are strange: the score's map, or the squared errors where
    it has none: (n, H, W) >= 0; 0 in a region to ignore.
    """
    ignored = among.images.ignored
    if ignored is not None:
        x = ignored.filled(x)
    found = spec.local(among, x) if spec.local else metrics.error_map(x, among.rebuilt(x))
    return found if ignored is None else np.where(ignored.mask, np.float32(0), found)


def _log(scores: Scores) -> Scores:
    return np.asarray(np.log(np.maximum(scores, 1e-12)))


@dataclass(frozen=True)
class Score:
    """One way to judge images.

    explanation: one sentence.  unit: what its numbers are, for axes.  needs: the features it is
    made of.  parts: the other scores it is made of, and what is usual for them.
    baseline: uses no model; to compare with.  of_repairs: needs a model that says where it repairs.
    local: where in the picture it is strange: what is known of the references, and images
    (n, C, H, W) in [0, 1] -> a map (n, H, W) >= 0; None where it has no map of its own.
    """

    name: str
    title: str
    explanation: str
    unit: str
    compute: Callable[[Judging], Scores]
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    baseline: bool = False
    of_repairs: bool = False
    local: Callable[[Spaces, Array], Array] | None = None


def score(name: str) -> Score:
    """The score called `name`, or OptionError."""
    if name not in BY_NAME:
        raise OptionError(f"There is no score {name[:60]!r}: choose one of {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def pca_width(latent_dim: int, n_values: int, n_known: int) -> int:
    """How many numbers the PCA has that "pca" is the error of.

    latent_dim: numbers in the model's code.  n_values: in an image.  n_known: reference images.
    """
    return min(latent_dim, PIXEL_WIDTH, n_values, n_known - 1)


def made_of(spec: Score) -> tuple[set[str], set[str]]:
    """The features and the scores behind one, itself included."""
    features, scores = set(spec.needs), {spec.name}
    for part in spec.parts:
        more_features, more_scores = made_of(score(part))
        features |= more_features
        scores |= more_scores
    return features, scores


_ERRORS, _NEAR = ("codes", "errors"), ("codes", "code_points", "near_codes")
_LOCAL = ("codes", "local_errors")
_PIXELS = ("pixel_points", "near_pixels")
SCORES: tuple[Score, ...] = (
    Score(
        name="mse",
        title="Reconstruction error (MSE)",
        explanation="How far the reconstruction is from the image: the mean squared difference "
        "of the pixels.",
        unit="mean squared error, pixels 0 to 1",
        compute=lambda judged: judged.features.errors[:, 0],
        needs=_ERRORS,
    ),
    Score(
        name="mae",
        title="Absolute error (MAE)",
        explanation="The mean absolute difference of the pixels: a few very wrong ones count "
        "less than in MSE.",
        unit="mean absolute error, pixels 0 to 1",
        compute=lambda judged: judged.features.errors[:, 1],
        needs=_ERRORS,
    ),
    Score(
        name="dissimilarity",
        title="Dissimilarity (1 − SSIM)",
        explanation="How much of the local structure is lost in the reconstruction: edges count, "
        "brightness "
        "does not.",
        unit="1 − SSIM, 0 to 2",
        compute=lambda judged: judged.features.errors[:, 2],
        needs=_ERRORS,
    ),
    Score(
        name="largest",
        title="Largest local error",
        explanation="The largest value of the smoothed error map, at three scales: a small defect "
        "counts as much as a large one.",
        unit="largest smoothed error, 1 = as usual",
        compute=largest_error,
        needs=_LOCAL,
        local=error_map,
    ),
    Score(
        name="top_share",
        title="Worst 2 % of the picture",
        explanation=f"The mean of the largest {100 * TOP:g} % of the smoothed error map, at three "
        "scales.",
        unit="mean of the largest smoothed errors, 1 = as usual",
        compute=top_errors,
        needs=_LOCAL,
        local=error_map,
    ),
    Score(
        name="repair",
        title="Most certain repair",
        explanation="How sure the model is, at the place where it is surest, that it had to repair "
        "the picture.",
        unit="largest value of the map of repairs, 0 to 1",
        compute=lambda judged: judged.features.repairs[:, 0],
        needs=("repairs",),
        of_repairs=True,
        local=repair_map,
    ),
    Score(
        name="repair_share",
        title="Most certain repairs, 2 % of the picture",
        explanation=f"The mean of the largest {100 * TOP:g} % of the map of repairs: larger "
        "defects count more.",
        unit="mean of the largest values of the map of repairs, 0 to 1",
        compute=lambda judged: judged.features.repairs[:, 1],
        needs=("repairs",),
        of_repairs=True,
        local=repair_map,
    ),
    Score(
        name="class_percentile",
        title="Error within its class",
        explanation="How many in a hundred reference images of the class it looks like were "
        "rebuilt better.",
        unit="percentile of the error within the class",
        compute=class_percentile,
        needs=_NEAR,
        parts=("mse",),
    ),
    Score(
        name="mahalanobis",
        title="Distance from the centre (Mahalanobis)",
        explanation="How many standard deviations the code lies from the middle of all codes: "
        "good for one "
        "round cluster only.",
        unit="Mahalanobis distance, standard deviations",
        compute=lambda judged: judged.features.among.codes.mahalanobis(judged.features.code_points),
        needs=("codes", "code_points"),
    ),
    Score(
        name="neighbours",
        title="Distance to the nearest codes (k-NN)",
        explanation="How far the ten nearest codes of reference images are: far means nothing "
        "alike is known.",
        unit="mean distance to the 10 nearest codes",
        compute=lambda judged: judged.features.near_codes.mean_distance,
        needs=_NEAR,
    ),
    Score(
        name="density",
        title="Local density of the codes",
        explanation="How much farther its nearest codes are than theirs from each other: finds "
        "what lies "
        "between clusters of unequal width.",
        unit="distance relative to the neighbours' own, 1 = as dense",
        compute=lambda judged: judged.features.among.codes.relative_density(
            judged.features.near_codes
        ),
        needs=_NEAR,
    ),
    Score(
        name="path",
        title="Path of activations (RaPP)",
        explanation="How far the values of the encoder's hidden layers for the image are from "
        "those for its reconstruction.",
        unit="mean squared difference of hidden values",
        compute=lambda judged: judged.features.path[:, 0],
        needs=("path",),
    ),
    Score(
        name="normalised_path",
        title="Path of activations, normalised (RaPP)",
        explanation="The same differences of hidden values along their strongest directions for "
        "reference images, each in its own standard deviations.",
        unit="mean square in standard deviations, 1 = as usual",
        compute=lambda judged: judged.features.path[:, 1],
        needs=("path",),
    ),
    Score(
        name="combined",
        title="Combined",
        explanation="The mean of seven scores (distance and density by codes, the same by "
        "pixels and by textures, and dissimilarity), each in typical deviations of the reference "
        "images.",
        unit="typical deviations above usual",
        compute=combined,
        parts=COMBINED,
    ),
    Score(
        name="pca",
        title="PCA reconstruction error",
        explanation=f"What PCA gets wrong with as many numbers as the code has, {PIXEL_WIDTH} at "
        "most: a "
        "network should find more.",
        unit="mean squared error, pixels 0 to 1",
        compute=lambda judged: judged.features.linear_errors,
        needs=("pixel_points", "linear_errors"),
        baseline=True,
    ),
    Score(
        name="pixel_neighbours",
        title="Distance to the nearest images (pixels)",
        explanation="How far the ten nearest reference images are by their pixels, along "
        f"{PIXEL_WIDTH} principal "
        "components: no network at all.",
        unit="mean distance to the 10 nearest images",
        compute=lambda judged: judged.features.near_pixels.mean_distance,
        needs=_PIXELS,
        baseline=True,
    ),
    Score(
        name="pixel_density",
        title="Local density of the pixels",
        explanation=f"The same local density, but of the pixels along {PIXEL_WIDTH} principal "
        "components: no "
        "network at all.",
        unit="distance relative to the neighbours' own, 1 = as dense",
        compute=lambda judged: judged.features.among.pixels.relative_density(
            judged.features.near_pixels
        ),
        needs=_PIXELS,
        baseline=True,
    ),
    Score(
        name="patches",
        title="Unusual patches (mean and covariance)",
        explanation="How far the most unusual small squares of the picture lie from those of "
        "reference images, "
        "in standard deviations, at up to three scales: no network at all.",
        unit="Mahalanobis distance of patches, 1 = as usual",
        compute=lambda judged: judged.features.patches,
        needs=("patches",),
        baseline=True,
        local=lambda among, x: _patch_map(among, x, patches.gaussian),
    ),
    Score(
        name="near_patches",
        title="Unusual patches (nearest ones)",
        explanation="How far the most unusual small squares of the picture lie from the nearest of "
        "reference images, at up to three scales: no network at all.",
        unit="distance to the nearest patch",
        compute=lambda judged: judged.features.near_patches,
        needs=("near_patches",),
        baseline=True,
        local=lambda among, x: _patch_map(among, x, patches.near),
    ),
    Score(
        name="shape",
        title="Unusual outlines",
        explanation="How far the directions of edges, counted in a grid of cells, lie from those "
        "of reference images, in standard deviations: no network at all.",
        unit="Mahalanobis distance of outlines, 1 = as usual",
        compute=lambda judged: judged.features.shape[:, 0].astype(np.float64),
        needs=("shape",),
        baseline=True,
    ),
    Score(
        name="near_shapes",
        title="Distance to the nearest outlines (k-NN)",
        explanation="How far the ten reference images with the most similar outlines are: no "
        "network at all.",
        unit="mean distance to the 10 nearest outlines",
        compute=lambda judged: judged.features.near_shapes.mean_distance,
        needs=("shape", "near_shapes"),
        baseline=True,
    ),
    Score(
        name="texture",
        title="Unusual textures",
        explanation="How far the responses of small patches to waves, pooled over the quarters of "
        "the picture, lie from those of reference images, in standard deviations: no network at "
        "all.",
        unit="Mahalanobis distance of textures, 1 = as usual",
        compute=lambda judged: judged.features.texture[:, 0].astype(np.float64),
        needs=("texture",),
        baseline=True,
    ),
    Score(
        name="near_textures",
        title="Distance to the nearest textures (k-NN)",
        explanation="How far the ten reference images with the most similar textures are: no "
        "network at all.",
        unit="mean distance to the 10 nearest textures",
        compute=lambda judged: judged.features.near_textures.mean_distance,
        needs=("texture", "near_textures"),
        baseline=True,
    ),
    Score(
        name="texture_density",
        title="Local density of the textures",
        explanation="How much farther the most similar textures are than theirs from each other: "
        "no network at all.",
        unit="distance relative to the neighbours' own, 1 = as dense",
        compute=lambda judged: judged.features.among.described("texture").space.relative_density(
            judged.features.near_textures
        ),
        needs=("texture", "near_textures"),
        baseline=True,
    ),
    Score(
        name="together",
        title="Outlines and textures together",
        explanation="The mean of five scores of outlines and textures, each in typical deviations "
        "of the reference images and none more than three: no network at all.",
        unit="typical deviations above usual",
        compute=together,
        parts=TOGETHER,
        baseline=True,
    ),
)
BY_NAME: Mapping[str, Score] = MappingProxyType({spec.name: spec for spec in SCORES})
