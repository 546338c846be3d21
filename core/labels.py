"""Names made short enough for legends and axes, and still told apart.

Imports nothing else from core.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, takewhile

DOTS = "…"


def shortened(names: Sequence[str], most: int = 24) -> tuple[str, ...]:
    """The names, each at most `most` letters wide; different names stay different.

    Of a longer one its end is left out; where that makes two alike its middle, else all that they
    have in common but the beginning; names that are alike still get their number in the list.
    most: 12 or more.
    """
    found = {i: name for i, name in enumerate(names) if width(name) <= most}
    for cut in (_without_end, _without_middle, _without_common):
        left = [i for i in range(len(names)) if i not in found]
        tried = dict(zip(left, cut([names[i] for i in left], most), strict=True))
        count = Counter([*found.values(), *tried.values()])
        found |= {i: short for i, short in tried.items() if count[short] == 1}
    return tuple(found.get(i, _numbered(name, i + 1, most)) for i, name in enumerate(names))


def shortened_one(name: str, most: int = 24) -> str:
    """One name, its end left out where it is wider than `most` letters."""
    return name if width(name) <= most else _without_end([name], most)[0]


def width(words: str) -> int:
    """How many letters' room words take; Chinese, Japanese and Korean signs take two."""
    return sum(map(_width_of, words))


def _without_end(names: Sequence[str], most: int) -> list[str]:
    return [_fitting(name, most - 1) + DOTS for name in names]


def _without_middle(names: Sequence[str], most: int) -> list[str]:
    last = most // 2
    return [
        _fitting(name, most - 1 - last) + DOTS + _fitting(name[::-1], last)[::-1] for name in names
    ]


def _without_common(names: Sequence[str], most: int) -> list[str]:
    """A third of each is its beginning, then it goes on where names of that beginning differ."""
    beginnings = _without_end(names, most)
    twins: dict[str, list[str]] = {}
    for name, beginning in zip(names, beginnings, strict=True):
        twins.setdefault(beginning, []).append(name)
    common = {beginning: _in_common(some) for beginning, some in twins.items()}
    parts = (name[common[beginning] :] for name, beginning in zip(names, beginnings, strict=True))
    first = most // 3
    return [
        _fitting(name, first) + DOTS + shortened_one(part, most - first - 1)
        for name, part in zip(names, parts, strict=True)
    ]


def _numbered(name: str, number: int, most: int) -> str:
    end = f"{DOTS} {number}"
    return _fitting(name, most - len(end)) + end


def _in_common(names: Sequence[str]) -> int:
    """How many letters all of them begin with."""
    first, last = min(names), max(names)  # what these share all between them share, too
    pairs = zip(first, last, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fitting(words: str, most: int) -> str:
    """As much of the beginning as is at most so wide."""
    widths = accumulate(map(_width_of, words))
    return words[: sum(1 for _ in takewhile(lambda width: width <= most, widths))]


def _width_of(letter: str) -> int:
    return 1 + (unicodedata.east_asian_width(letter) in "WF")
