"""How well scores rank known outliers above the rest. Imports only core.config.

Scores: higher = more anomalous.  truth: True for the outliers; both kinds must be there.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.config import DataError

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
LEVELS = 10_000
WILSON_Z = 2.2414  # standard deviations of a 97.5 % interval of a normal value


@dataclass(frozen=True)
class Curves:
    """What each threshold would give, from the one that flags nothing to the one that flags all.

    thresholds: (t,) falling, the first infinite.  false_alarms: share of the normal images flagged.
    found: share of the outliers flagged (recall).  precision: share of the flagged that are
    outliers; 1 where nothing is flagged.
    """

    thresholds: Scores
    false_alarms: Scores
    found: Scores
    precision: Scores

    @property
    def auroc(self) -> float:
        """Area under found against false alarms: the chance that an outlier scores above a normal
        image, ties counted half; 0.5 = guessing.
        """
        return float(np.trapezoid(self.found, self.false_alarms))

    @property
    def average_precision(self) -> float:
        """Precision, weighted by what each threshold newly finds; the share of outliers =
        guessing.
        """
        return float(np.sum(np.diff(self.found) * self.precision[1:]))


@dataclass(frozen=True)
class RocBand:
    """Where the ROC curve of a score lies in 95 of 100, point by point.

    false_alarms: (m,), rising from 0 to 1.  low, high: (m,), shares of the outliers found.
    """

    false_alarms: Scores
    low: Scores
    high: Scores


def roc_band(one: Curves, n_outliers: int, n_usual: int, points: int = 101) -> RocBand:
    """The band of a ROC curve for so few images, at evenly spread shares of false alarms.

    Each threshold's shares of outliers found and of false alarms lie in their Wilson intervals at
    97.5 % each, so that both do in at least 95 of 100.  Source: Wilson 1927; Bonferroni.
    """
    found_low, found_high = _wilson(one.found, n_outliers)
    alarms_low, alarms_high = _wilson(one.false_alarms, n_usual)
    at = np.linspace(0, 1, points)
    low = np.interp(at, alarms_high, found_low, left=0.0)
    high = np.interp(at, alarms_low, found_high, right=1.0)
    line = np.interp(at, one.false_alarms, one.found)
    return RocBand(at, np.minimum(low, line), np.maximum(high, line))


def _wilson(shares: Scores, n: int) -> tuple[Scores, Scores]:
    """The interval of each share of n images: (t,), (t,)."""
    square = WILSON_Z**2
    middle = (shares + square / (2 * n)) / (1 + square / n)
    half = WILSON_Z * np.sqrt(shares * (1 - shares) / n + square / (4 * n**2)) / (1 + square / n)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def curves(scores: Scores, truth: Truth) -> Curves:
    """One point for each different score.  Raises DataError unless both kinds are there."""
    n_outliers = _checked(truth)
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # of each run of equals
    hits = np.cumsum(truth[order])[last]
    n_flagged = last + 1
    return Curves(
        np.append(np.inf, falling[last]),
        np.append(0.0, (n_flagged - hits) / (len(truth) - n_outliers)),
        np.append(0.0, hits / n_outliers),
        np.append(1.0, hits / n_flagged),
    )


def precision_at(scores: Scores, truth: Truth, k: int | None = None) -> float:
    """The share of outliers among the k highest scores; k = how many outliers there are if None.

    Of images that tie for the last places, the share that a random order would be expected to give.
    """
    n_outliers = _checked(truth)
    k = min(len(scores), n_outliers if k is None else k)
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    above, tied = scores > last, scores == last
    return float((truth[above].sum() + (k - above.sum()) * truth[tied].mean()) / k)


def auroc_margin(auroc: float, n_outliers: int, n_usual: int) -> float:
    """How far an AUROC may be off for so few images: two standard errors, 0 to 1.

    Source: Hanley and McNeil 1982.
    """
    one, other = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    square = auroc**2
    spread = auroc - square + (n_outliers - 1) * (one - square) + (n_usual - 1) * (other - square)
    return min(1.0, 2 * math.sqrt(max(0.0, spread) / (n_outliers * n_usual)))


def auroc_of_groups(
    scores: Scores, groups: npt.NDArray[np.int64], usual: Truth
) -> dict[int, float]:
    """For each group the chance that one of its images scores above a usual image of another one.

    groups: (n,).  usual: (n,), which images are usual.  Groups without usual images outside are
    left out.
    """
    found = {}
    for group in np.unique(groups).tolist():
        mine = groups == group
        among = mine | usual
        if mine.any() and (usual & ~mine).any():
            found[group] = curves(scores[among], mine[among]).auroc
    return found


def _checked(truth: Truth) -> int:
    n_outliers = int(truth.sum())
    if not 0 < n_outliers < len(truth):
        raise DataError(
            "Ranking needs some images that are outliers and some that are not: "
            "choose other classes or images."
        )
    return n_outliers


def pixel_auroc(maps: npt.NDArray[np.floating], masks: Truth) -> float:
    """AUROC of single pixels: the chance that a masked one has the larger value.

    maps: (n, H, W) >= 0.  masks: (n, H, W).  Counted in LEVELS classes of equal size in rank, which
    costs less than 0.0001 and makes millions of pixels a matter of a tenth of a second.
    """
    _checked(masks.ravel())
    sample = np.sort(maps.ravel()[:: max(1, maps.size // (16 * LEVELS))])
    borders = np.unique(sample[:: max(1, len(sample) // LEVELS)])
    level = np.searchsorted(borders, maps.ravel(), side="right")
    size = len(borders) + 1
    marked = np.bincount(level[masks.ravel()], minlength=size)
    other = np.bincount(level[~masks.ravel()], minlength=size)
    below = np.cumsum(other) - other
    return float((marked * (below + other / 2)).sum() / (marked.sum() * other.sum()))
