"""Copying made visible: what each model makes of images that are nothing like its training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from core import exports, robustness
from core.checkpoints import Card
from core.comparing import strangers
from core.comparing.strangers import STRANGERS, Copy
from pages.ui import cache, mosaic, state
from pages.ui.robust import controls as robust_controls
from pages.ui.sidebar import Choice
from pages.ui.text import plain

N, N_SHOWN, SEED = 200, 2, 0
SIDE, ROW = 56, 64  # pixels of an image, and of a row of the table
MEASURES = ("comes back", "MSE")
COPIES = 0.9  # the share of every stranger that a copying model returns
WHAT_GOES_IN = "what goes in"
WHY = (
    "A model with room for every pixel might learn to copy: it would rebuild anything, digit or "
    "not, and pass noise on. These images are nothing like its training. **Comes back** is the "
    "share of what distinguishes an image from an even grey: 100 % = copied, 0 % = an even grey "
    "would be as near, below = an even grey would be nearer. **Noise let through** is the share "
    "of faint noise (σ = 0.1) on ordinary images that is still there afterwards: 100 % for a "
    "copy, D' / D for PCA."
)


@dataclass(frozen=True)
class Copying:
    """What a model makes of each kind of images, and the share of faint noise it lets through."""

    copies: tuple[Copy, ...]
    passed: float


def draw(choice: Choice) -> None:
    """Numbers, pictures, and what they say."""
    cards = robust_controls.compared(choice)
    if not cards:
        st.info("Choose at least one model under Compare.")
        return
    found = {card.name: measured(choice.dataset.id, choice.split, card) for card in cards}
    st.markdown(f"**{plain(verdict(found))}**")
    st.caption(WHY)
    as_share = _as_share()
    st.dataframe(
        numbers(found, cards, as_share),
        hide_index=True,
        column_config=_number_columns(as_share),
    )
    st.dataframe(
        pictures(found),
        hide_index=True,
        row_height=ROW,
        height="content",
        column_config=_picture_columns(),
    )
    st.caption(
        plain(
            f"Means over {N} images of each kind, made from {choice.split} images of "
            f"{choice.dataset.id}, the same for all models; the first {N_SHOWN} of each are shown."
        )
    )
    st.download_button(
        "CSV",
        lambda: exports.csv_bytes(numbers(found, cards, as_share)),
        "hourglass-copying.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="The table of numbers",
    )


def _as_share() -> bool:
    """Whether to show shares that come back, or errors."""
    state.recall("copying", MEASURES[0], MEASURES)
    st.segmented_control(
        "Show",
        MEASURES,
        required=True,
        key="copying",
        help="The share of each kind that comes back, or the mean squared error",
    )
    state.publish("copying", MEASURES[0])
    return bool(st.session_state["copying"] == MEASURES[0])


def verdict(found: Mapping[str, Copying]) -> str:
    """Which of the models copy, and how near the others come to it, by their numbers."""
    copying = [name for name, one in found.items() if _least(one) >= COPIES]
    by_noise = sorted(found, key=lambda name: found[name].passed)
    first, last = by_noise[-1], by_noise[0]
    noise = f"{first} lets the most noise through, {100 * found[first].passed:.0f} %"
    if last != first:
        noise += f", {last} the least, {100 * found[last].passed:.1f} %"
    if not copying:
        return f"None of these models copies whatever it is given. {noise}."
    copies = "copies whatever it is" if len(copying) == 1 else "copy whatever they are"
    return f"{', '.join(copying)} {copies} given. {noise}."


def numbers(found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool) -> pd.DataFrame:
    """A row a model: its code, each kind's share that comes back in % (or its MSE), noise in %."""
    rows = []
    for card in cards:
        one = found[card.name]
        values = {
            copy.stranger.name: 100 * copy.kept if as_share else float(copy.mse.mean())
            for copy in one.copies
        }
        passed = 100 * one.passed
        rows.append(
            {"checkpoint": card.name, "latent_dim": card.latent_dim, **values, "noise": passed}
        )
    return pd.DataFrame(rows)


def pictures(found: Mapping[str, Copying]) -> pd.DataFrame:
    """What goes in, then a row a model of what comes out; a column a kind, as data URLs."""
    first = next(iter(found.values()))
    rows = [{"checkpoint": WHAT_GOES_IN} | {c.stranger.name: _strip(c.x) for c in first.copies}]
    rows += [
        {"checkpoint": name} | {copy.stranger.name: _strip(copy.x_hat) for copy in one.copies}
        for name, one in found.items()
    ]
    return pd.DataFrame(rows)


def measured(dataset: str, split: str, card: Card) -> Copying:
    """What a model makes of strangers to the images of a split."""

    def make() -> Copying:
        x = robustness.spread(cache.dataset(dataset, split), N).pixels()
        model = cache.autoencoder(card)
        passed = strangers.noise_passed(model, x, SEED)
        return Copying(strangers.copies(model, x, SEED), passed)

    return cache.kept(("copying", dataset, split, card.sha256), make)


def _least(one: Copying) -> float:
    return min(copy.kept for copy in one.copies)


def _strip(x: robustness.Array) -> str:
    shown = mosaic.enlarged(mosaic.colours(x[:N_SHOWN]), SIDE)
    return mosaic.data_url(mosaic.strip(shown))


def _number_columns(as_share: bool) -> dict[str, Any]:
    number = "%.0f %%" if as_share else "%.4f"
    found: dict[str, Any] = {
        stranger.name: st.column_config.NumberColumn(
            stranger.title, format=number, help=f"In: {stranger.explanation}"
        )
        for stranger in STRANGERS
    }
    return found | {
        "checkpoint": st.column_config.TextColumn("model", pinned=True),
        "latent_dim": st.column_config.NumberColumn("D'", help="Numbers in the code"),
        "noise": st.column_config.NumberColumn(
            "noise let through", format="%.1f %%", help="Of faint noise, σ = 0.1"
        ),
    }


def _picture_columns() -> dict[str, Any]:
    found: dict[str, Any] = {
        stranger.name: st.column_config.ImageColumn(
            stranger.title,
            width=N_SHOWN * (SIDE + mosaic.GAP) + 24,
            help=f"In: {stranger.explanation}",
        )
        for stranger in STRANGERS
    }
    return found | {"checkpoint": st.column_config.TextColumn("model", pinned=True)}
