"""Common failure: an overcomplete network (a code larger than the image) may copy any input."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from core import metrics
from core.checkpoints import Card
from core.robustness.copying import UNKNOWN_KINDS
from core.text import counted
from pages.ui.figures import mosaic
from pages.ui.learn import parts
from pages.ui.learn.parts import GoOn
from pages.ui.robust import copying as robust_copying
from pages.ui.robust.copying import Copying
from pages.ui.session.registry import ROBUSTNESS

NAMES = (
    "mnist-dense-2", "mnist-dense-32", "mnist-overcomplete", "mnist-overcomplete-linear",
    "mnist-conv",
)  # fmt: skip
ORDER = ("figures", "random", "inverted", "shuffled", "known")
CLOSE = 0.8  # share given back from which a network is said to copy
N_SHOWN, SIDE = 8, 84
GIVEN_BACK = (
    "Given back: 1 − error / error of a uniform grey image. 100 % = copied exactly, 0 % = no "
    "better than uniform grey, below 0 = worse than uniform grey."
)


def draw() -> None:
    """Draw images of a kind unlike the training images, and each network's reconstructions."""
    cards = parts.models(NAMES)
    titles = {
        one.name: one.title for one in sorted(UNKNOWN_KINDS, key=lambda s: ORDER.index(s.name))
    }
    with parts.row_of_controls():
        kind = parts.one_of(
            "strangers", "Input", titles, "Images unlike the training images, and ordinary ones"
        )
    i = [one.name for one in UNKNOWN_KINDS].index(kind)
    found = list(robust_copying.measured_copying(parts.DATASET, parts.SPLIT, cards).values())
    parts.say(*words(cards, found, i))
    _draw_row("Input", found[0].copies[i].x)
    for card, one in zip(cards, found, strict=True):
        copy = one.copies[i]
        label = (
            f"{card.name}, D' = {card.latent_dim:,}: {100 * copy.kept:.0f} % given back, "
            f"error {copy.mse.mean():.4f}"
        )
        _draw_row(label, copy.x_hat)
    way = parts.on_digits(cards[-1], models=list(NAMES), **ROBUSTNESS.open("Copying"))
    parts.go_on(GoOn("Robustness: copying, in numbers", "pages/robustness.py", way))


def words(cards: Sequence[Card], found: Sequence[Copying], i: int) -> tuple[str, ...]:
    """Sentence about the share of kind number i that overcomplete and other networks reproduce.

    Overcomplete: at least as many numbers in the code as in the image.
    """
    kept = {card.name: one.copies[i].kept for card, one in zip(cards, found, strict=True)}
    roomy = [card for card in cards if card.latent_dim >= math.prod(card.input_shape)]
    small = [card for card in cards if card not in roomy]
    kind, n = found[0].copies[i].stranger, len(found[0].copies[i].mse)
    first = (
        "A network is overcomplete if its code has at least as many numbers as the image. It might "
        "learn to copy every input, and could then not detect unusual images. "
        f"{kind.title} ({kind.explanation}), {counted(n, 'image')}: "
    )
    of_roomy = _of_roomy(roomy, kept) if roomy else "None of these networks is overcomplete."
    sayings = (first + of_roomy, _of_small(small, roomy, kept) if small else "")
    return (*filter(None, sayings), _noise(cards, found), GIVEN_BACK)


def _of_roomy(roomy: Sequence[Card], kept: Mapping[str, float]) -> str:
    best = max(roomy, key=lambda card: kept[card.name])
    verdict = "That is close to a copy" if kept[best.name] >= CLOSE else "That is no copy"
    most = ", the most of the overcomplete ones" if len(roomy) > 1 else ""
    return (
        f"`{best.name}` (D' = {best.latent_dim:,}) gives {_share(kept[best.name])} back{most}. "
        f"**{verdict}.**"
    )


def _of_small(small: Sequence[Card], roomy: Sequence[Card], kept: Mapping[str, float]) -> str:
    """Sentence about the share that networks with fewer numbers than pixels reproduce."""
    most, least = (pick(small, key=lambda card: kept[card.name]) for pick in (max, min))
    sentence = (
        f"With a code smaller than the image, `{most.name}` (D' = {most.latent_dim:,}) gives "
        f"{_share(kept[most.name])} back"
    )
    if least is not most:
        sentence += f", `{least.name}` (D' = {least.latent_dim:,}) {_share(kept[least.name])}"
    if roomy and kept[most.name] >= max(kept[card.name] for card in roomy):
        sentence += ", so the size of the code alone does not decide whether a network copies"
    return f"{sentence}."


def _noise(cards: Sequence[Card], found: Sequence[Copying]) -> str:
    passed = [one.passed for one in found]
    first, last = int(np.argmax(passed)), int(np.argmin(passed))
    return (
        "Of faint noise on digits (σ = 0.1) "
        f"`{cards[first].name}` lets {_share(passed[first])} through, "
        f"`{cards[last].name}` {100 * passed[last]:.1f} %."
    )


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _draw_row(label: str, x: metrics.Array) -> None:
    shown = mosaic.enlarged(mosaic.colours(x[:N_SHOWN]), SIDE)
    st.caption(label)
    st.image(mosaic.strip(shown), alt=f"{label}: {len(shown)} images")
