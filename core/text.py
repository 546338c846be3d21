"""Makes untrusted text fit to be shown: visible, on one line, and short.

Imports nothing else from core. All names of files and classes and all texts of checkpoints that are
shown pass through here; escaping for HTML or Markdown comes after.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, takewhile

MOST = 80  # most characters of a name in a sentence
NAMED = 4  # names of a list that are shown; the others are counted

_DIGITS = re.compile("([0-9]+)")
# Control characters, line and paragraph separators, bidirectional controls, invisible characters,
# and lone surrogates. Joiners stay, because some scripts and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(words: str) -> str:
    """`words` with invisible characters, and those that hide others, replaced by spaces."""
    return _HIDDEN.sub(" ", words)


def one_line(words: str, most: int = MOST) -> str:
    """`words` on one line of at most `most` characters; longer text is cut at the end."""
    line = " ".join(visible(words[: 20 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number with a noun: "1 image", "2,000 images".  plural: if it is not noun + "s"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def natural(name: str) -> tuple[tuple[object, ...], str]:
    """Sort key of names that puts "2" before "10" and "b" between "A" and "C"."""
    parts: list[object] = list(_DIGITS.split(name.casefold()))
    parts[1::2] = [_by_value(str(digits)) for digits in parts[1::2]]
    return tuple(parts), name


def _by_value(digits: str) -> tuple[int, str]:
    """Digits in the order of their numbers, of any length, unlike int()."""
    number = digits.lstrip("0")
    return len(number), number


def listed(names: Sequence[str], most: int = NAMED, longest: int = MOST // 2) -> str:
    """The first names and the number of others: "5, 9, 12, 13 and 996 more"."""
    named = ", ".join(one_line(name, longest) for name in names[:most])
    return named if len(names) <= most else f"{named} and {len(names) - most:,} more"


# Names shortened for legends and axes so that they stay different.

DOTS = "…"


def shortened(names: Sequence[str], most: int = 24) -> tuple[str, ...]:
    """The names, each at most `most` letters wide; different names stay different.

    A longer name loses its end; if two become equal, its middle, or else what they have in common
    after the beginning; names that are still equal get their number in the list.
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
    """Width of text in letters; Chinese, Japanese and Korean characters count as two."""
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
    """Length of the common beginning of all names."""
    first, last = min(names), max(names)  # what these share all between them share, too
    pairs = zip(first, last, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fitting(words: str, most: int) -> str:
    """The longest beginning of a text with at most this width."""
    widths = accumulate(map(_width_of, words))
    return words[: sum(1 for _ in takewhile(lambda width: width <= most, widths))]


def _width_of(letter: str) -> int:
    return 1 + (unicodedata.east_asian_width(letter) in "WF")
