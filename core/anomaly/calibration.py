"""Conformal calibration: thresholds whose rate of false alarms holds for images that are new.

What is promised rests on usual images that the model was not trained on and that are not judged.
If a new usual image is drawn as they were, its rank among them is equally likely to be any: no
assumption about the score is needed. Imports only core.config and core.text.
Source: Vovk, Gammerman and Shafer 2005; Bates et al. 2023 (Testing for outliers with conformal
p-values).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.config import DataError, OptionError

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
COVERAGE = 0.95  # of the interval that band() gives
ROUNDING = 1e-9  # so that 0.01 * 100 counts as 1


@dataclass(frozen=True)
class Calibration:
    """The scores of usual images that were neither trained on nor are judged.

    scores: (n,) rising, n >= 1; higher = more anomalous.  name: what the images are, in words:
    "1,000 held-out digits".
    """

    scores: Scores
    name: str

    @classmethod
    def of(cls, scores: Scores, name: str) -> "Calibration":
        """From scores in any order; those that are not finite count as highest.

        Raises DataError if there are none.
        """
        if not len(scores):
            raise DataError("Calibration needs at least one usual image that is not judged.")
        return cls(np.sort(np.nan_to_num(scores, nan=np.inf, posinf=np.inf)), name)

    @property
    def n(self) -> int:
        return len(self.scores)

    @property
    def smallest_rate(self) -> float:
        """The smallest rate that so many images can promise: 1 / (n + 1)."""
        return 1 / (self.n + 1)

    def p_values(self, scores: Scores) -> Scores:
        """The conformal p-value of each image: (m,) -> (m,), 1 / (n + 1) to 1.

        (1 + how many calibration images score at least as high) / (n + 1): for a usual image the
        chance of a value up to p is at most p. Ties count against flagging.
        """
        at_least = self.n - np.searchsorted(self.scores, scores, side="left")
        return np.asarray((1 + at_least) / (self.n + 1), np.float64)

    def threshold(self, rate: float) -> float:
        """The score above which an image's p-value is at most `rate`.

        rate: 0 to 1.  Raises OptionError for another rate, DataError that names the number needed
        if there are too few images for it; see nearest_rate().
        """
        k = self._k(rate)
        if not k:
            raise DataError(self.too_few(rate))
        return float(self.scores[self.n - k])

    def nearest_rate(self, rate: float) -> float:
        """The rate itself, or the smallest that can be promised if that is larger."""
        return max(rate, self.smallest_rate)

    def too_few(self, rate: float) -> str:
        """A sentence if there are too few images for this rate; "" if there are enough."""
        if self._k(rate):
            return ""
        needs = f": that needs {n_needed(rate):,}" if rate else ""
        return (
            f"{self.n:,} usual images cannot promise {percent(rate)}{needs}. The smallest rate "
            f"they can promise is {percent(self.smallest_rate)}."
        )

    def band(self, rate: float) -> tuple[float, float]:
        """Between what rates the share of usual images that is flagged really lies, in 95 of 100.

        Over the choice of calibration images it follows Beta(k, n + 1 - k), k = floor(rate (n + 1))
        (exactly, where no scores tie). From 0 to an upper bound where k = 0.
        """
        from scipy.special import betaincinv  # a fifth of a second that the command line can spare

        k = self._k(rate)
        if not k:
            return 0.0, float(betaincinv(1, self.n, COVERAGE))
        tail = (1 - COVERAGE) / 2
        low, high = betaincinv(k, self.n + 1 - k, [tail, 1 - tail])
        return float(low), float(high)

    def _k(self, rate: float) -> int:
        """How many of the n + 1 images may reach the threshold, the new one among them."""
        if not 0 <= rate <= 1:
            raise OptionError("The rate of false alarms must be a number from 0 to 1.")
        return min(self.n, math.floor(rate * (self.n + 1) + ROUNDING))


def n_needed(rate: float) -> int:
    """How many calibration images a rate needs to be promised: 99 for 1 %."""
    return math.ceil(1 / rate - ROUNDING) - 1


def benjamini_hochberg(p: Scores, q: float) -> Flags:
    """Which images to flag so that at most a share q of the flagged are usual, on average.

    p: (m,) conformal p-values.  q: 0 to 1.  The k smallest are flagged, k the largest with
    p_(k) <= q k / m.
    Source: Benjamini and Hochberg 1995; valid for conformal p-values: Bates et al. 2023.
    """
    if not 0 < q < 1:
        raise OptionError("The share of false finds must lie between 0 and 1, both excluded.")
    rising = np.sort(p)
    allowed = q * np.arange(1, len(p) + 1) / max(1, len(p))
    held = np.flatnonzero(rising <= allowed + ROUNDING)
    limit = rising[held[-1]] if len(held) else -1.0
    return np.asarray(p <= limit)


def percent(share: float) -> str:
    """0.0125 -> "1.25 %", with at most three digits."""
    return f"{100 * share:.3g} %"
