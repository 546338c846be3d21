"""Scores that are made of other scores, and what all scores are computed from."""

from typing import Protocol

import numpy as np

from core.anomaly.features import Features
from core.anomaly.spaces import Rows, Scores
from core.anomaly.thresholds import MAD_TO_STD
from core.config import DataError
from core.data.imagesets import ImageSet

COMBINED = ("neighbours", "density", "pixel_neighbours", "pixel_density", "dissimilarity")


class Known(Protocol):
    """Reference images.  rows: (s,), where those stand that are scored themselves."""

    @property
    def images(self) -> ImageSet: ...

    @property
    def rows(self) -> Rows: ...

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
    total = np.zeros(len(judged.images))
    for name in COMBINED:
        usual = _log(judged.references.distribution(name))
        median = np.median(usual)
        deviation = MAD_TO_STD * np.median(np.abs(usual - median))
        total += (_log(judged.score(name)) - median) / max(deviation, 1e-9)
    return total / len(COMBINED)


def _log(scores: Scores) -> Scores:
    return np.asarray(np.log(np.maximum(scores, 1e-12)))
