"""What goes wrong: a network with room for everything gives back whatever it is given."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.comparing.strangers import STRANGERS
from pages.ui import mosaic
from pages.ui.learn import onwards, parts
from pages.ui.learn.onwards import GoOn
from pages.ui.robust import copies as robust_copies
from pages.ui.robust.copies import Copying

NAMES = (
    "mnist-dense-2", "mnist-dense-32", "mnist-overcomplete", "mnist-overcomplete-linear",
    "mnist-conv",
)  # fmt: skip
ORDER = ("figures", "random", "inverted", "shuffled", "known")
CLOSE = 0.8  # the share given back that is called close to a copy
N_SHOWN, SIDE = 8, 84


def draw() -> None:
    """A kind of strange images, and what each network makes of them."""
    cards = parts.models(NAMES)
    titles = {one.name: one.title for one in sorted(STRANGERS, key=lambda s: ORDER.index(s.name))}
    with parts.row_of_controls():
        kind = parts.one_of(
            "strangers", "What goes in", titles, "Images unlike any in training, and ordinary ones"
        )
    i = [one.name for one in STRANGERS].index(kind)
    found = [robust_copies.measured(parts.DATASET, parts.SPLIT, card) for card in cards]
    parts.say(*words(cards, found, i))
    _draw_row("What goes in", found[0].copies[i].x)
    for card, one in zip(cards, found, strict=True):
        copy = one.copies[i]
        label = (
            f"{card.name}, D' = {card.latent_dim:,}: {100 * copy.kept:.0f} % given back, "
            f"error {copy.mse.mean():.4f}"
        )
        _draw_row(label, copy.x_hat)
    way = onwards.on_digits(cards[-1], models=list(NAMES), robust_view="Copying")
    onwards.go_on(GoOn("Robustness: copying, in numbers", "pages/robustness.py", way))


def words(cards: Sequence[Card], found: Sequence[Copying], i: int) -> tuple[str, str]:
    """Who gives most back of kind number i, whether that is a copy, and who lets noise through."""
    kept = [one.copies[i].kept for one in found]
    most, least = int(np.argmax(kept)), int(np.argmin(kept))
    passed = [one.passed for one in found]
    first, last = int(np.argmax(passed)), int(np.argmin(passed))
    verdict = "That is close to a copy" if kept[most] >= CLOSE else "None of them copies these"
    return (
        (
            "A network with room for every pixel might learn to copy, and then nothing would be "
            f"strange to it. Of {found[0].copies[i].stranger.explanation} `{cards[most].name}` "
            f"gives {100 * kept[most]:.0f} % back, `{cards[least].name}` "
            f"{100 * kept[least]:.0f} %. **{verdict}.** Of faint noise on digits "
            f"`{cards[first].name}` lets {100 * passed[first]:.0f} % through, "
            f"`{cards[last].name}` {100 * passed[last]:.1f} %."
        ),
        (
            "Given back: the share of what distinguishes the images from an even grey. 100 % = "
            "copied, 0 % = an even grey would be as near, below 0 = it would be nearer."
        ),
    )


def _draw_row(label: str, x: metrics.Array) -> None:
    shown = mosaic.enlarged(mosaic.colours(x[:N_SHOWN]), SIDE)
    st.caption(label)
    st.image(mosaic.strip(shown), alt=f"{label}: {len(shown)} images")
