"""Error against the size of the code, from the models that are there."""

import shlex
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.checkpoints import Card, trained_on
from core.config import COMMAND
from core.data import catalogue
from core.reports import Content, Figure
from core.robustness import sizes
from core.robustness.sizes import DEFAULT_FAMILIES, FAMILIES, SIZES
from core.runs import series
from pages.ui import cache
from pages.ui.figures import lines, plotting
from pages.ui.figures.text import code, plain
from pages.ui.frame import downloads, tables
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.progress import duration
from pages.ui.session import widgets

GAIN = "PCA's error divided by the network's, at the same D'"
RECIPES = (
    "Models called size-... were trained with the same settings, the others each with its own. "
    "The lines join the best model of each size."
)
COLUMNS = (
    Column("family", "family"),
    number("latent_dim", "D'", ".0f", help="Numbers in the code"),
    Column("name", "model"),
    number("mse", "test MSE", ".4g", help="On clean test images"),
    number("gain", "gain over PCA", ".2f", "×", help=GAIN),
    number("n_parameters", "parameters", ","),
    number("seconds", "training", ".0f", "s"),
    number("n_test", "test images", ","),
)


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
    draw_study(choice.fitting, dataset)


def _draw_found(choice: Choice, dataset: str, found: pd.DataFrame) -> None:
    """found: the table of the models trained on a data set, at least one."""
    said = summary(found)
    chart = lines.size_chart(found)
    st.plotly_chart(
        plotting.figure(chart),
        key="size_curves",
        config={"displayModeBar": False},
        alt=f"{chart.label}; numbers in the table",
    )
    st.markdown(f"**{plain(said)}**")
    st.dataframe(
        found,
        hide_index=True,
        column_config=tables.config(COLUMNS),
        column_order=tables.order(COLUMNS),
        height="content",
        placeholder="",
    )
    st.caption(RECIPES)
    with st.container(horizontal=True):
        downloads.csv_button(lambda: found, "hourglass-sizes.csv", "This table")
        downloads.button(lambda: content(choice.fitting, dataset, found, said), "sizes")


def summary(found: pd.DataFrame) -> str:
    """Sentences about the table: the best of each family, and where a network is worth it."""
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


# Models of further sizes, trained in the background one after the other.

POLL_SECONDS = 1.0


def draw_study(cards: Sequence[Card], dataset: str) -> None:
    """Offer a study of sizes on a data set, or show its progress.  cards: the existing models."""
    st.subheader("Train the missing ones")
    if series.under_way(sizes.folder()) is not None:
        _watch()
        return
    families, latent_dims = _asked()
    wanted = sizes.missing(cards, dataset, families, latent_dims) if families else ()
    here = _is_here(dataset)
    names = ", ".join(one.name for one in wanted)
    st.caption(plain(f"Missing: {names}." if names else "No model is missing."))
    if not here:
        st.caption(f"The images of {plain(dataset)} are not here: choose another set to train on.")
    if st.button(
        f"Train {len(wanted)} in the background" if wanted else "Train in the background",
        icon=":material/model_training:",
        disabled=not wanted or not here,
        help="One after the other, in another process, which continues if this page is closed",
    ):
        sizes.begin(dataset, families, latent_dims)
        st.rerun()
    if wanted:
        said = study_command(dataset, families, latent_dims)
        st.caption(f"The same in a terminal: {code(said)}")


def study_command(dataset: str, families: Sequence[str], latent_dims: Sequence[int]) -> str:
    """The command that trains the same models in a terminal."""
    named = shlex.quote(dataset)
    said = f"{COMMAND} sizes --dataset {named} --arch {' '.join(families)}"
    chosen = " ".join(map(str, latent_dims))
    return said if set(latent_dims) == set(SIZES) else f"{said} --latent-dim {chosen}"


def study_told(progress: series.Progress) -> str:
    """State of a study in words."""
    said = f"{progress.done} of {progress.total} done"
    run = progress.now
    if run is None:
        return f"{said}: preparing the next"
    left = run.status.seconds_left
    return f"{said}; {run.config.name}: {run.state}" + (
        f", about {duration(left)} left for it" if left > 0 else ""
    )


def _asked() -> tuple[list[str], list[int]]:
    """Which families and sizes are wanted."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        families = widgets.several(
            st.pills,
            "Families",
            FAMILIES,
            key="size_families",
            default=DEFAULT_FAMILIES,
            selection_mode="multi",
            help="conv takes many times as long as dense; pca takes seconds",
        )
        latent_dims = widgets.several(
            st.pills,
            "D'",
            SIZES,
            key="size_latent_dims",
            default=SIZES,
            selection_mode="multi",
            help="Numbers in the code",
        )
    return families, latent_dims


def _watch() -> None:
    _progress(len(cache.cards()))
    if st.button(
        "Stop", icon=":material/stop:", help="Trained models stay; you can continue at any time"
    ):
        series.stop(sizes.folder())
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
def _progress(n_cards: int) -> None:
    """n_cards: models there were when the page was drawn; it is drawn anew if there are more."""
    begun = series.under_way(sizes.folder())
    if begun is None or len(cache.cards()) != n_cards:
        st.rerun()
    progress = series.progress(begun)
    st.progress(progress.share, plain(study_told(progress)))


def _is_here(dataset: str) -> bool:
    known = {info.id: info.available for info in catalogue.catalogue()}
    return known.get(dataset, ":" in dataset)


def content(cards: Sequence[Card], dataset: str, found: pd.DataFrame, summary: str) -> Content:
    """Report of the sizes.  found: as core.robustness.sizes.table.  cards: among them
    those of the table.
    """
    chart = lines.size_chart(found)
    named = set(found["name"])
    return Content(
        name="Robustness: size",
        sayings=(summary,),
        settings={"trained and tested on": dataset, "noise": "none", "seeds": "in each checkpoint"},
        cards=tuple(card for card in cards if card.name in named),
        rows=(),
        figures=(
            Figure(
                "Error against size", chart, "A dot a model; the lines join the best of each size."
            ),
        ),
        tables=(tables.table("Models by size", found, COLUMNS),),
    )
