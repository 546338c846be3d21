"""Words that are not ours, made fit to be shown: visible, on one line, and short.

Imports nothing else from core. Whatever shows names of files or classes, or what a checkpoint's
document says, to people takes them from here; escaping for HTML or Markdown comes after.
"""

import re
from collections.abc import Sequence

MOST = 80  # characters of a name where it stands in a sentence
NAMED = 4  # names of a list that are told; the others are counted

_DIGITS = re.compile("([0-9]+)")
# Control characters, line and paragraph separators, what reverses the text around it (bidi), what
# cannot be seen, and halves of characters. Joiners stay: scripts and emoji are spelt with them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(words: str) -> str:
    """`words` with a space for each character that cannot be seen, or that hides others."""
    return _HIDDEN.sub(" ", words)


def one_line(words: str, most: int = MOST) -> str:
    """`words` on one line of at most `most` characters, the end of longer ones left out."""
    line = " ".join(visible(words[: 20 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number of things: "1 image", "2,000 images".  plural: where it is not noun + "s"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def natural(name: str) -> tuple[tuple[object, ...], str]:
    """What to sort names by, so that "2" stands before "10" and "b" between "A" and "C"."""
    parts: list[object] = list(_DIGITS.split(name.casefold()))
    parts[1::2] = [_by_value(str(digits)) for digits in parts[1::2]]
    return tuple(parts), name


def _by_value(digits: str) -> tuple[int, str]:
    """Digits in the order of their numbers, of any length, unlike int()."""
    number = digits.lstrip("0")
    return len(number), number


def listed(names: Sequence[str], most: int = NAMED, longest: int = MOST // 2) -> str:
    """The first names, and how many there are besides: "5, 9, 12, 13 and 996 more"."""
    named = ", ".join(one_line(name, longest) for name in names[:most])
    return named if len(names) <= most else f"{named} and {len(names) - most:,} more"
