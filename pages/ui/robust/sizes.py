"""Error against the size of the code, from the models that are there."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.checkpoints import Card, trained_on
from core.robustness import sizes
from pages.ui import exporting
from pages.ui.figures import lines
from pages.ui.figures.text import plain
from pages.ui.frame import downloads
from pages.ui.frame.sidebar import Choice
from pages.ui.robust import size_study, view_reports
from pages.ui.session import widgets

RECIPES = (
    "Models called size-... share one recipe; the others were trained each by its own. "
    "The lines join the best model of each size."
)
COLUMNS = {
    "family": st.column_config.TextColumn("family"),
    "latent_dim": st.column_config.NumberColumn("D'", help="Numbers in the code"),
    "name": st.column_config.TextColumn("model"),
    "mse": st.column_config.NumberColumn("test MSE", format="%.4g", help="On clean test images"),
    "gain": st.column_config.NumberColumn(
        "gain over PCA",
        format="%.2f ×",
        help="How many times smaller its error is than that of PCA with as many numbers",
    ),
    "n_parameters": st.column_config.NumberColumn("parameters", format="localized"),
    "seconds": st.column_config.NumberColumn("training", format="%.0f s"),
    "n_test": st.column_config.NumberColumn("test images", format="localized"),
}


def draw(choice: Choice) -> None:
    """The curves, the table, and what is missing."""
    dataset = _dataset(choice)
    found = sizes.table(sizes.study(choice.fitting, dataset))
    if len(found):
        _draw_found(choice, dataset, found)
    else:
        st.info(f"No model is trained on all of {plain(dataset)} without noise: train some below.")
    if said := sizes.words_of_left_out(sizes.left_out(choice.fitting, dataset)):
        st.caption(plain(said))
    size_study.draw_study(choice.fitting, dataset)


def _draw_found(choice: Choice, dataset: str, found: pd.DataFrame) -> None:
    """found: the table of the models trained on a data set, at least one."""
    said = summary(found)
    st.plotly_chart(
        lines.size_curves(found),
        key="size_curves",
        config={"displayModeBar": False},
        alt="Test error against the size of the code, a line a family; numbers in the table",
    )
    st.markdown(f"**{plain(said)}**")
    st.dataframe(
        found,
        hide_index=True,
        column_config=COLUMNS,
        column_order=tuple(COLUMNS),
        height="content",
        placeholder="",
    )
    st.caption(RECIPES)
    with st.container(horizontal=True):
        exporting.csv_button(lambda: found, "hourglass-sizes.csv", "This table")
        downloads.button(lambda: view_reports.size(choice.fitting, dataset, found, said), "sizes")


def summary(found: pd.DataFrame) -> str:
    """What the table says: the best of each family, and where a network is worth it."""
    networks = found[(found["family"] != "pca") & found["gain"].notna() & found["best"]]
    if not len(networks):
        return "No network here has a PCA of its size beside it: train the missing ones below."
    by_gain = networks.sort_values("gain")
    least, best = by_gain.iloc[0], by_gain.iloc[-1]
    said = f"{best['name']} gains most over PCA of its size, {best['gain']:.2f} times"
    if len(networks) > 1:
        verb = "gains least" if least["gain"] >= 1 else "loses to PCA"
        said += f"; {least['name']} {verb}, {least['gain']:.2f} times"
    return f"{said}."


def comparable(cards: Sequence[Card], chosen: str) -> tuple[str, ...]:
    """The data sets that models can be compared on, the one with most of them first."""
    known = (trained_on.known(card) for card in cards if trained_on.is_measured_here(card))
    names = dict.fromkeys([chosen, *filter(None, known)])
    return tuple(sorted(names, key=lambda name: -len(sizes.study(cards, name))))


def _dataset(choice: Choice) -> str:
    names = comparable(choice.fitting, choice.dataset.id)
    return widgets.choice(
        st.selectbox,
        "Trained on",
        names,
        key="trained_on",
        default=names[0],
        width=320,
        help="Models are compared if they learned from the same images, without noise; their "
        "error is on the clean test images of that set",
    )
