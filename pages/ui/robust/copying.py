"""Copying made visible: what each model makes of images that are nothing like its training."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.checkpoints import Card
from core.robustness import curves
from core.robustness.copying import STRANGERS
from pages.ui import exporting
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.frame import downloads
from pages.ui.frame.sidebar import Choice
from pages.ui.robust import controls as robust_controls
from pages.ui.robust import copies, copying_report
from pages.ui.robust.copies import Copying
from pages.ui.session import widgets

N_SHOWN = 2
SIDE, ROW = 56, 64  # pixels of an image, and of a row of the table
MEASURES = ("comes back", "MSE")
WHAT_GOES_IN = "what goes in"


def draw(choice: Choice) -> None:
    """Numbers, pictures, and what they say."""
    cards = robust_controls.compared(choice)
    if not cards:
        st.info("Choose at least one model under Compare.")
        return
    found = copies.measured_copying(choice.dataset.id, choice.split, cards)
    verdict = copies.copying_verdict(found)
    st.markdown(f"**{plain(verdict)}**")
    st.caption(copies.WHY)
    as_share = _as_share()
    _draw_tables(found, cards, as_share)
    st.caption(
        plain(
            f"Means over {copies.N} images of each kind, made from {choice.split} images of "
            f"{choice.dataset.id}, the same for all models; the first {N_SHOWN} of each are shown."
        )
    )
    with st.container(horizontal=True):
        exporting.csv_button(
            lambda: copies.copying_numbers(found, cards, as_share),
            "hourglass-copying.csv",
            "The table of numbers",
        )
        downloads.button(
            lambda: copying_report.copying_content(choice, cards, found, verdict), "copying"
        )


def _draw_tables(found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool) -> None:
    """Numbers above pictures, a row a model in each."""
    st.dataframe(
        copies.copying_numbers(found, cards, as_share),
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


def _as_share() -> bool:
    """Whether to show shares that come back, or errors."""
    measure = widgets.choice(
        st.segmented_control,
        "Show",
        MEASURES,
        key="copying",
        default=MEASURES[0],
        required=True,
        help="The share of each kind that comes back, or the mean squared error",
    )
    return measure == MEASURES[0]


def pictures(found: Mapping[str, Copying]) -> pd.DataFrame:
    """What goes in, then a row a model of what comes out; a column a kind, as data URLs."""
    first = next(iter(found.values()))
    rows = [{"checkpoint": WHAT_GOES_IN} | {c.stranger.name: _strip(c.x) for c in first.copies}]
    rows += [
        {"checkpoint": name} | {copy.stranger.name: _strip(copy.x_hat) for copy in one.copies}
        for name, one in found.items()
    ]
    return pd.DataFrame(rows)


def _strip(x: curves.Array) -> str:
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
