"""Where curves of error against noise cross, and how certain the crossings are.

Two models get the same images with the same noise, so that their errors are compared image by
image. Where the mean difference is within two standard errors of zero the difference is not
significant, and a change of sign there is no crossing.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.robustness.curves import INPUT, Curve, Metric

Numbers = npt.NDArray[np.float64]
CERTAIN = 2.0  # standard errors
FINE = np.linspace(0, 1, 1001)


@dataclass(frozen=True)
class Crossing:
    """Below sigma `before` is nearer to the original, above it `after`.

    low, high: interval of the crossing of the expected errors, at two standard errors.
    """

    sigma: float
    low: float
    high: float
    before: str
    after: str


@dataclass(frozen=True)
class Pair:
    """Two models under growing noise.

    crossings: ascending.  leader: the nearer one at the lowest sigma with a significant difference,
    "" if there is none.  everywhere: whether the difference is significant at every sigma.
    """

    first: str
    second: str
    crossings: tuple[Crossing, ...]
    leader: str
    everywhere: bool


@dataclass(frozen=True)
class Stretch:
    """An interval of sigma in which this model is nearest to the original."""

    name: str
    low: float
    high: float


def compare(first: Curve, second: Curve, sigmas: Sequence[float], metric: Metric) -> Pair:
    """Which of two models is nearer to the original, and where that changes.

    first, second: curves with the same images, draws and sigmas.
    """
    difference, error = _difference(first, second, metric)
    signs = np.where(np.abs(difference) > CERTAIN * error, np.sign(difference), 0).astype(int)
    certain = np.flatnonzero(signs)
    names = {-1: first.name, 1: second.name}  # a difference below 0: the first one is nearer
    crossings = tuple(
        _crossing(np.asarray(sigmas), difference, error, slice(p, q + 1), names)
        for p, q in itertools.pairwise(certain)
        if signs[p] != signs[q]
    )
    leader = names[signs[certain[0]]] if len(certain) else ""
    return Pair(
        first=first.name,
        second=second.name,
        crossings=crossings,
        leader=leader,
        everywhere=len(certain) == len(signs),
    )


def pairs(curves: Sequence[Curve], sigmas: Sequence[float], metric: Metric) -> tuple[Pair, ...]:
    """All pairs of curves, in order of their first crossing; pairs without one come last."""
    found = [compare(a, b, sigmas, metric) for a, b in itertools.combinations(curves, 2)]
    return tuple(sorted(found, key=lambda pair: [c.sigma for c in pair.crossings] or [2.0]))


def nearest(
    curves: Sequence[Curve], sigmas: Sequence[float], metric: Metric
) -> tuple[Stretch, ...]:
    """The model nearest to the original in each interval of sigma, by the mean errors."""
    straight = [np.interp(FINE, sigmas, metric.to_linear(curve.mean)) for curve in curves]
    winners = np.argmin(straight, axis=0)
    starts = [0, *(np.flatnonzero(np.diff(winners)) + 1).tolist()]
    ends = [*starts[1:], len(FINE) - 1]
    return tuple(
        Stretch(curves[winners[a]].name, float(FINE[a]), float(FINE[b]))
        for a, b in zip(starts, ends, strict=True)
    )


def _difference(first: Curve, second: Curve, metric: Metric) -> tuple[Numbers, Numbers]:
    """Difference of the two metrics, linearised, and its standard error: (S,) each."""
    paired = first.per_image - second.per_image
    n = paired.shape[1]
    error = paired.std(axis=1, ddof=1) / np.sqrt(n) if n > 1 else np.zeros(len(paired))
    mean = first.mean - second.mean
    straight = metric.to_linear(first.mean) - metric.to_linear(second.mean)
    slope = np.divide(straight, mean, out=np.zeros_like(mean), where=mean != 0)
    return straight, np.abs(slope) * error


def _crossing(
    sigmas: Numbers, difference: Numbers, error: Numbers, part: slice, names: dict[int, str]
) -> Crossing:
    """The crossing in a range of sigmas whose difference is only significant at both ends."""
    s, d, e = sigmas[part], difference[part], error[part]
    sign = int(np.sign(d[0]))
    turn = int(np.flatnonzero(np.sign(d) == sign)[-1])
    low = _zero(s[:2], sign * d[:2] - CERTAIN * e[:2])
    high = _zero(s[-2:], sign * d[-2:] + CERTAIN * e[-2:])
    sigma = _zero(s[turn : turn + 2], d[turn : turn + 2])
    return Crossing(sigma, low, high, before=names[sign], after=names[-sign])


def _zero(at: Numbers, values: Numbers) -> float:
    """Root of the line through two points with values of different sign."""
    (x0, x1), (y0, y1) = at, values
    return float(x0 + (x1 - x0) * y0 / (y0 - y1))


# Crossings in sentences, with the names of the models.


def crossing_sentence(pair: Pair) -> str:
    """A pair in words, e.g. "Above σ 0.31 mnist-denoising beats mnist-overcomplete."."""
    if not pair.leader:
        return f"{pair.first} and {pair.second} do not differ significantly on these images."
    other = pair.second if pair.leader == pair.first else pair.first
    if not pair.crossings:
        where = "at every σ" if pair.everywhere else "wherever the two differ significantly"
        return f"{_capital(pair.leader)} beats {other} {where}."
    if len(pair.crossings) == 1:
        crossing = pair.crossings[0]
        return f"Above σ {_at(crossing)} {crossing.after} beats {crossing.before}."
    if len(pair.crossings) == 2:
        low, high = pair.crossings
        return f"Between σ {_at(low)} and {_at(high)} {low.after} beats {low.before}."
    places = [_at(crossing) for crossing in pair.crossings]
    listed = f"{', '.join(places[:-1])} and {places[-1]}"
    return f"{_capital(pair.leader)} begins nearer than {other}; they change places at σ {listed}."


def crossing_summary(stretches: Sequence[Stretch]) -> str:
    """The nearest model in each interval of sigma, in one sentence."""
    if len(stretches) == 1:
        return f"Nearest to the original at every σ: {stretches[0].name}."
    first, *between, last = stretches
    parts = [f"up to σ {first.high:.2f} {first.name}"]
    parts += [f"from {one.low:.2f} to {one.high:.2f} {one.name}" for one in between]
    return f"Nearest to the original: {', '.join(parts)}, above {last.low:.2f} {last.name}."


def usefulness(pair: Pair) -> str:
    """Whether a model improves on the noisy image itself (the pair's second), in words."""
    if [c.after for c in pair.crossings] == [pair.first]:
        return (
            f"{pair.first} is of use above σ {_at(pair.crossings[0])}: "
            "with less noise the noisy image itself is nearer to the original."
        )
    if pair.crossings or pair.leader == "":
        return crossing_sentence(pair)
    if pair.leader == INPUT:
        return f"{pair.first} is never nearer to the original than {INPUT}."
    return f"{pair.first} is nearer to the original than {INPUT} at every σ above 0."


def _at(crossing: Crossing) -> str:
    """Sigma of a crossing, and its interval if both ends differ in the digits shown."""
    digits = 2 if crossing.sigma >= 0.01 else 3
    places = (crossing.sigma, crossing.low, crossing.high)
    sigma, low, high = (f"{place:.{digits}f}" for place in places)
    return sigma if low == high else f"{sigma} ({low} to {high})"


def _capital(words: str) -> str:
    """Capitalise "the noisy image itself" at the start of a sentence, but no model's name."""
    return words.replace("the ", "The ", 1) if words == INPUT else words
