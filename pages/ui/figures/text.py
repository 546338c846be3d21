"""Numbers and names in words, and texts of others made safe to show."""

import html
import math
import re
import textwrap
from collections import Counter
from collections.abc import Sequence

from core.checkpoints import Card
from core.noise import KINDS, Noise, same_sort
from core.text import visible

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~&^=])")


def plain(words: str) -> str:
    """`words` escaped, so that Streamlit's markdown shows them literally."""
    return _MARKDOWN.sub(r"\\\1", visible(words))


def code(words: str) -> str:
    """`words` as inline code in Streamlit's markdown, whatever characters they contain."""
    longest = max(map(len, re.findall("`+", words)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{visible(words)}{pad}{fence}"


def sentence(words: str) -> str:
    """`words` escaped, except that text between backticks is code: for our own messages.

    Untrusted text quoted in them stays text.
    """
    parts = words.split("`")
    if len(parts) % 2 == 0:  # an unpaired backtick is not markup
        return plain(words)
    return "".join(code(part) if i % 2 and part else plain(part) for i, part in enumerate(parts))


def hover_text(words: str) -> str:
    """`words` escaped for plotly's tooltips, legends and titles."""
    return html.escape(words)


def wrapped(words: str, most: int = 44) -> str:
    """`words` escaped for plotly and broken into lines of at most `most` characters."""
    lines = textwrap.wrap(words, most) or [""]
    return "<br>".join(map(hover_text, lines))


def titles(cards: Sequence[Card]) -> dict[str, str]:
    """Titles of checkpoints by name; if two have the same title, the name is added.

    A mark follows the title of a model with which something is wrong.
    """
    count = Counter(card.title for card in cards)
    return {
        card.name: (card.title if count[card.title] == 1 else f"{card.title} · {card.name}")
        + card.mark
        for card in cards
    }


def decimal(value: float, digits: int) -> str:
    """A number with so many decimals, or in scientific notation if it would read as 0.

    NaN and infinity become a dash.  sweep.js formats numbers in the same way.
    """
    if not math.isfinite(value):
        return "–"
    written = f"{value:.{digits}f}"
    return written if value == 0 or float(written) else f"{value:.1e}"


def size_name(shape: tuple[int, int, int]) -> str:
    """The size of images (C, H, W) in words: "28 x 28 pixels, grey"."""
    channels, height, width = shape
    return f"{width} x {height} pixels, {'grey' if channels == 1 else 'colour'}"


def noise_name(noise: Noise) -> str:
    """The noise in words, without sigma: "gaussian noise, mu 0.1, clipped to [0, 1]"."""
    kind = KINDS[noise.kind]
    shift = f", mu {noise.mu:g}" if noise.mu and kind.has_mean else ""
    clip = f", {'clipped to [0, 1]' if noise.clip else 'not clipped'}" if kind.leaves_range else ""
    return f"{kind.title} noise{shift}{clip}"


def training_note(card: Card, shown: Noise) -> str:
    """A sentence if the model was trained on other noise than is shown, else ""."""
    if not card.noise or same_sort(card.noise, shown):
        return ""
    return (
        f"Trained on {noise_name(card.noise)}; shown is {noise_name(shown)}: "
        "the numbers show how it performs on noise it was not trained for."
    )
