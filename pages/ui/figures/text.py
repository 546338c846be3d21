"""Words for people, and other people's words made safe."""

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
    """`words` as Streamlit's markdown shows them letter by letter: for all that is not ours."""
    return _MARKDOWN.sub(r"\\\1", visible(words))


def code(words: str) -> str:
    """`words` as a piece of code in Streamlit's markdown, whatever is in them."""
    longest = max(map(len, re.findall("`+", words)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{visible(words)}{pad}{fence}"


def sentence(words: str) -> str:
    """`words` letter by letter, but what stands between backticks as code: for messages of ours.

    They may quote what a stranger wrote; whatever that is, it stays text.
    """
    parts = words.split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half is no mark of ours
        return plain(words)
    return "".join(code(part) if i % 2 and part else plain(part) for i, part in enumerate(parts))


def hover_text(words: str) -> str:
    """`words` as plotly shows them letter by letter, in its hovers, legends and titles."""
    return html.escape(words)


def wrapped(words: str, most: int = 44) -> str:
    """The same on lines of at most so many letters: plotly breaks none, and a phone is narrow."""
    lines = textwrap.wrap(words, most) or [""]
    return "<br>".join(map(hover_text, lines))


def titles(cards: Sequence[Card]) -> dict[str, str]:
    """What to call each checkpoint, by name: its title, with the name where two have one title."""
    count = Counter(card.title for card in cards)
    return {
        card.name: card.title if count[card.title] == 1 else f"{card.title} · {card.name}"
        for card in cards
    }


def decimal(value: float, digits: int) -> str:
    """A number with so many decimals; in powers of ten where it would read as 0 and is not.

    A dash for what is no number.  sweep.js writes numbers alike.
    """
    if not math.isfinite(value):
        return "–"
    written = f"{value:.{digits}f}"
    return written if value == 0 or float(written) else f"{value:.1e}"


def size_name(shape: tuple[int, int, int]) -> str:
    """The size of images (C, H, W) as words: "28 x 28 pixels, grey"."""
    channels, height, width = shape
    return f"{width} x {height} pixels, {'grey' if channels == 1 else 'colour'}"


def noise_name(noise: Noise) -> str:
    """What kind of noise, without its amount: "gaussian noise, mu 0.1, clipped to [0, 1]"."""
    kind = KINDS[noise.kind]
    shift = f", mu {noise.mu:g}" if noise.mu and kind.has_mean else ""
    clip = f", {'clipped to [0, 1]' if noise.clip else 'not clipped'}" if kind.leaves_range else ""
    return f"{kind.title} noise{shift}{clip}"


def training_note(card: Card, shown: Noise) -> str:
    """A sentence if the model was trained on other noise than is shown; "" if not."""
    if not card.noise or same_sort(card.noise, shown):
        return ""
    return (
        f"Trained on {noise_name(card.noise)}; shown is {noise_name(shown)}: "
        "the numbers say how it copes with noise it was not trained for."
    )
