"""Axes of a chart: from values to places, plain or logarithmic, with round values marked.

Imports nothing else from core.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating[Any]]
TINY = 1e-30  # what is not above this has no logarithm, and a span below it is none


@dataclass(frozen=True)
class Scale:
    """From values to places, linearly; of their logarithms to base 10 if log.

    low, high: what start and end stand for; logarithms if log.  start, end: places, of any unit.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: Numbers) -> Numbers:
        """The places of values, of any shape; nan where a value has no logarithm."""
        share = (_linear(values, self.log) - self.low) / (self.high - self.low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self) -> tuple[float, ...]:
        """Round values from low to high: powers of ten if log and there are two of them."""
        if not self.log:
            return round_values(self.low, self.high)
        decades = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
        if len(decades) > 1:
            return tuple(10.0**i for i in decades)
        return round_values(10**self.low, 10**self.high)


def round_values(low: float, high: float, about: int = 6) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, roughly `about` of them."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))


def ends(columns: Sequence[Numbers], log: bool, margin: float) -> tuple[float, float]:
    """The low and high of a Scale for all values of columns.

    margin: the share of their span that is left free at either end.  Values that are not finite do
    not count; without any the ends are about 0 and 1.
    """
    every = np.concatenate([_linear(one, log).ravel() for one in columns] or [np.zeros(1)])
    finite = every[np.isfinite(every)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    span = high - low
    if span <= max(TINY, 1e-9 * abs(high)):  # one value only
        margin, span = 0.5, abs(high) if abs(high) > TINY else 1.0
    return low - margin * span, high + margin * span


def _linear(values: Numbers, log: bool) -> Numbers:
    if not log:
        return np.asarray(values, np.float64)
    positive = np.where(np.asarray(values) > TINY, values, np.nan)
    return np.asarray(np.log10(positive), np.float64)
