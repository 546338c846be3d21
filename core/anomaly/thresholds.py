"""Where scores stop being usual: a number, how it was chosen, and what it flags.

Scores: higher = more anomalous; what lies above a threshold is flagged. by_rate() and
by_false_finds() are the only ones that promise something about new images; every page, the command
line and the reports take their threshold from here.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.anomaly.calibration import Calibration, benjamini_hochberg, percent
from core.config import DataError, OptionError

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
Mode = Literal["rate", "false finds", "share", "robust z", "fixed", "best F1"]
MODES: tuple[Mode, ...] = get_args(Mode)
PROMISING: tuple[Mode, ...] = ("rate", "false finds")  # need a calibration
DEFAULT_RATE, DEFAULT_FALSE_FINDS = 0.01, 0.1
EXPLANATIONS = {
    "rate": "flags at most this share of usual images, as measured on usual images that the model "
    "was not trained on and that are not judged",
    "false finds": "flags as many as it can so that at most this share of the flagged are usual "
    "images (Benjamini and Hochberg)",
    "share": "flags what scores above all but a small share of the reference; it promises nothing "
    "about new images",
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


def by_rate(calibration: Calibration, rate: float, n_judged: int | None = None) -> Threshold:
    """Flags at most a share `rate` (0 to 1) of usual images; n_judged: how many are judged.

    With too few calibration images the smallest rate that they can promise is taken, and said.
    Raises OptionError for another rate.
    """
    taken = calibration.nearest_rate(rate)
    low, high = calibration.band(taken)
    how = (
        f"chosen to flag at most {percent(taken)} of usual images ({100 * low:.2g} to "
        f"{100 * high:.2g} %, from {calibration.name})"
    )
    if n_judged is not None:
        how += f": {_expected(taken * n_judged)} expected of {n_judged:,}"
    if note := calibration.too_few(rate):
        how += f". {note.removesuffix('.')}"
    return Threshold(calibration.threshold(taken), how)


def by_false_finds(calibration: Calibration, scores: Scores, share: float) -> Threshold:
    """Flags as many of the judged as it can so that at most a share of the flagged are usual.

    scores: (n,), of all images that are judged.  share: 0 to 1, exclusive.  On average over the
    choice of calibration images.  Raises OptionError for another share.
    """
    p = calibration.p_values(scores)
    flags = benjamini_hochberg(p, share)
    n = int(flags.sum())
    how = (
        f"chosen so that at most {percent(share)} of the flagged are false finds ("
        f"{_expected(share * n)} of {n:,}), by {calibration.name}"
    )
    if n:
        return Threshold(calibration.threshold(float(p[flags].max())), how)
    highest = float(np.max(scores, initial=-np.inf))
    return Threshold(max(highest, float(calibration.scores[-1])), how + _none_found(p, share))


def _none_found(p: Scores, share: float) -> str:
    """Why nothing is flagged, if more calibration images could help."""
    least = float(p.min(initial=1.0))
    return (
        f"; none stands out enough (the smallest p-value is {least:.2g}, and of {len(p):,} images "
        f"one alone would need {share / max(1, len(p)):.2g})"
    )


def _expected(number: float) -> str:
    """About how many images: "10", "0.4"."""
    return f"{number:,.0f}" if number >= 9.5 else f"{number:.2g}"


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
