"""What crossings of curves mean, in sentences; models are called by their names."""

from collections.abc import Sequence

from core.comparing.crossings import Crossing, Pair, Stretch
from core.robustness import INPUT


def sentence(pair: Pair) -> str:
    """A pair in words, e.g. "Above σ 0.31 mnist-denoising beats mnist-overcomplete."."""
    if not pair.leader:
        return f"{pair.first} and {pair.second} cannot be told apart on these images."
    other = pair.second if pair.leader == pair.first else pair.first
    if not pair.crossings:
        where = "at every σ" if pair.everywhere else "wherever the two can be told apart"
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


def summary(stretches: Sequence[Stretch]) -> str:
    """Who is nearest from where to where, in one sentence."""
    if len(stretches) == 1:
        return f"Nearest to the original at every σ: {stretches[0].name}."
    first, *between, last = stretches
    parts = [f"up to σ {first.high:.2f} {first.name}"]
    parts += [f"from {one.low:.2f} to {one.high:.2f} {one.name}" for one in between]
    return f"Nearest to the original: {', '.join(parts)}, above {last.low:.2f} {last.name}."


def usefulness(pair: Pair) -> str:
    """A model against the noisy image itself (the pair's second), in words."""
    if [c.after for c in pair.crossings] == [pair.first]:
        return (
            f"{pair.first} is of use above σ {_at(pair.crossings[0])}: "
            "with less noise the noisy image itself is nearer to the original."
        )
    if pair.crossings or pair.leader == "":
        return sentence(pair)
    if pair.leader == INPUT:
        return f"{pair.first} is never nearer to the original than {INPUT}."
    return f"{pair.first} is nearer to the original than {INPUT} at every σ above 0."


def _at(crossing: Crossing) -> str:
    """Its sigma, and between which it lies if that is seen in as many digits."""
    digits = 2 if crossing.sigma >= 0.01 else 3
    places = (crossing.sigma, crossing.low, crossing.high)
    sigma, low, high = (f"{place:.{digits}f}" for place in places)
    return sigma if low == high else f"{sigma} ({low} to {high})"


def _capital(words: str) -> str:
    """A name stays as it is; a sentence that begins with a plain word gets its capital."""
    return words.replace("the ", "The ", 1) if words == INPUT else words
