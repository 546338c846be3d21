"""Where scores stop being usual: a number, how it was chosen, and what it flags.

Imports only core.config. Scores: higher = more anomalous; what lies above a threshold is flagged.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.config import DataError, OptionError

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Mode = Literal["share", "robust z", "fixed", "best F1"]
MODES: tuple[Mode, ...] = get_args(Mode)
EXPLANATIONS = {
    "share": "flags what scores above all but a small share of the reference",
    "robust z": "flags what lies many typical deviations (1.48 MAD) above the reference's median",
    "fixed": "flags what scores above a number of your choice",
    "best F1": "flags as the known truth says is best: for experiments, never for new images",
}
MAD_TO_STD = 1.4826  # of normally distributed values


@dataclass(frozen=True)
class Reference:
    """The scores a threshold is derived from, and whose they are: "5,000 training images"."""

    scores: Scores
    name: str


@dataclass(frozen=True)
class Threshold:
    """value: on the score's scale; above it is flagged.  how: how it was chosen, as words that
    follow the value.
    """

    value: float
    how: str

    def flags(self, scores: Scores) -> Truth:
        """(n,): which scores are above the threshold."""
        return np.asarray(scores > self.value)


@dataclass(frozen=True)
class Edge:
    """The images nearest to a threshold on either side: positions; None where there is none."""

    last_kept: int | None
    first_flagged: int | None


def by_share(reference: Reference, share: float) -> Threshold:
    """The score that a share (0 to 1) of the reference exceeds.

    Raises OptionError for another share, DataError if the reference is empty.
    """
    if not 0 <= share <= 1:
        raise OptionError("The share must be a number from 0 to 1.")
    value = float(np.quantile(_known(reference), 1 - share))
    how = f"chosen so that {100 * share:.3g} % of {reference.name} score higher"
    return Threshold(value, how)


def by_robust_z(reference: Reference, z: float) -> Threshold:
    """So many typical deviations above the reference's median; the deviation is 1.4826 MAD.

    Outliers in the reference hardly move it: up to half of it may be anything.
    Raises DataError if the reference is empty.
    Source: Iglewicz and Hoaglin 1993, who flag from z = 3.5 on.
    """
    scores = _known(reference)
    median = float(np.median(scores))
    deviation = MAD_TO_STD * float(np.median(np.abs(scores - median)))
    how = (
        f"which is {z:g} typical deviations ({deviation:.4g} each, from the median absolute "
        f"deviation) above the median ({median:.4g}) of {reference.name}"
    )
    return Threshold(median + z * deviation, how)


def fixed(value: float) -> Threshold:
    """A number someone chose."""
    return Threshold(float(value), "chosen by hand")


def best_f1(scores: Scores, truth: Truth) -> Threshold:
    """Where the harmonic mean of precision and recall is highest, halfway between two scores.

    Among equally good ones the highest, which flags fewest.  Raises DataError if truth knows no
    outlier.
    """
    n_outliers = int(truth.sum())
    if not n_outliers:
        raise DataError("No image is known to be an outlier: best F1 needs some that are.")
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    n_flagged = np.arange(1, len(scores) + 1)
    f1 = 2 * np.cumsum(truth[order]) / (n_flagged + n_outliers)
    f1[:-1][falling[:-1] == falling[1:]] = -1  # equal scores cannot be parted
    best = int(np.argmax(f1))
    below = falling[best + 1] if best + 1 < len(falling) else falling[best] - 1
    how = f"chosen for the best F1 ({f1[best]:.3f}) by the known truth of these very images"
    return Threshold(float((falling[best] + below) / 2), how)


def edge(scores: Scores, threshold: Threshold) -> Edge:
    """The highest score that is not flagged and the lowest that is."""
    flagged = threshold.flags(scores)
    kept, above = np.flatnonzero(~flagged), np.flatnonzero(flagged)
    return Edge(
        int(kept[scores[kept].argmax()]) if len(kept) else None,
        int(above[scores[above].argmin()]) if len(above) else None,
    )


def _known(reference: Reference) -> Scores:
    if not len(reference.scores):
        raise DataError("There are no images to compare with: choose another threshold.")
    return reference.scores
