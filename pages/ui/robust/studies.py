"""Studies: many models trained from one file, with their progress, figure and table."""

import shlex
from typing import Any

import pandas as pd
import streamlit as st

from core.config import COMMAND, OptionError
from core.export.tables import parquet_bytes
from core.reports import Content, Figure
from core.reports.charts import Chart
from core.studies import figure, plan, results, work
from core.studies.plan import Study
from core.studies.work import Standing
from core.text import counted
from pages.ui import cache
from pages.ui.figures import plotting
from pages.ui.figures.text import code, plain
from pages.ui.frame import deleting, downloads, errors, tables
from pages.ui.frame.sidebar import Choice
from pages.ui.frame.tables import Column, number
from pages.ui.session import widgets

POLL_SECONDS = 1.0
MOST_LETTERS = 20_000
EXAMPLE = """\
name = "noise-kinds"
dataset = "mnist-5k"
arch = "dense"
epochs = 5
excluded_classes = ["9"]

[grid]                       # every combination of these
noise_kind = ["gaussian", "masking"]
noise_std = [0.3]
latent_dim = [8, 32]
seed = [0, 1]

[test]                       # noise on the test images, besides clean ones
noise_std = [0.3]
"""
COLUMNS = (
    Column("study", "study", pinned=True),
    Column("state", "state"),
    number("n_done", "models done", ".0f"),
    number("n_models", "of", ".0f"),
    number("minutes", "training", ".1f", "min", help="Of all its models together"),
)


def draw(choice: Choice) -> None:
    """The list of studies, the one that is chosen, and a form for a new one."""
    del choice  # a study says itself what its models are trained on
    known = work.found()
    if known:
        shown = _chosen(known)
        _draw_standing(shown)
        _draw_results(shown.study)
    else:
        st.info("No study has been begun yet: begin one below.")
    _begin_new()


def _chosen(known: tuple[Standing, ...]) -> Standing:
    by_name = {one.study.name: one for one in known}
    frame = pd.DataFrame([_row(one) for one in known])
    st.dataframe(
        frame, hide_index=True, column_config=tables.config(COLUMNS),
        column_order=tables.order(COLUMNS), height="content", placeholder="",
    )  # fmt: skip
    name = widgets.choice(
        st.selectbox, "Study", tuple(by_name), key="study", default=next(iter(by_name)), width=320,
        help="Whose figure and table are shown",
    )  # fmt: skip
    return by_name[name]


def _row(one: Standing) -> dict[str, Any]:
    found = results.table(one.study).drop_duplicates("model")
    return {
        "study": one.study.name,
        "state": one.state,
        "n_done": one.n_done,
        "n_models": one.total,
        "minutes": float(found["seconds"].fillna(0).sum()) / 60,
    }


def _draw_standing(one: Standing) -> None:
    """Its progress, and what can be done with it."""
    if one.state == "under way":
        _progress(one.study.name, one.n_done)
        if st.button(
            "Stop", icon=":material/stop:", help="Trained models stay; you can continue at any time"
        ):
            work.stop(one.study)
            st.rerun()
        return
    with st.container(horizontal=True), errors.shown():
        if one.state == "incomplete" and st.button("Continue", icon=":material/play_arrow:"):
            work.check_named(one.study)
            work.begin(one.study)
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key="delete_study"):
            facts = [
                f"This deletes the results of {counted(one.n_done, 'model')}.",
                "The models stay, and so do their runs.",
            ]
            deleting.ask(f"Delete the study {one.study.name}?", facts, lambda: _delete(one.study))


def _delete(study: Study) -> None:
    work.delete(study)


@st.fragment(run_every=POLL_SECONDS)
def _progress(name: str, n_done: int) -> None:
    """n_done: models done when the page was drawn; it is drawn anew if there are more."""
    try:
        now = work.standing(name)
    except OptionError:  # deleted meanwhile
        st.rerun()
    if now.state != "under way" or now.n_done != n_done:
        st.rerun()
    st.progress(work.share_done(now.study), plain(f"{now.n_done} of {now.total} models done"))


def _draw_results(study: Study) -> None:
    found = results.table(study)
    if not len(found):
        return
    measured = [name for name in results.METRICS if found[name].notna().any()]
    if measured:
        _draw_figure(study, found, measured)
    st.dataframe(found, hide_index=True, height=320, placeholder="")


def _draw_figure(study: Study, found: pd.DataFrame, measured: list[str]) -> None:
    y = widgets.choice(
        st.selectbox, "Metric", tuple(measured), key="study_metric",
        default=study.y if study.y in measured else measured[0], width=320,
        format_func=lambda name: figure.TITLES.get(name, name.replace("_", " ")),
        help="What the figure shows; the table has them all",
    )  # fmt: skip
    drawn = figure.charts(found, study.x, y)
    for title, chart in drawn.items():
        st.markdown(f"**{plain(title.capitalize())}**")
        st.plotly_chart(
            plotting.figure(chart), key=f"study_{title}", config={"displayModeBar": False},
            alt=f"{chart.label}; numbers in the table",
        )  # fmt: skip
    st.caption(figure.SPREAD)
    with st.container(horizontal=True):
        _downloads(study, found, drawn)


def _downloads(study: Study, found: pd.DataFrame, drawn: dict[str, Chart]) -> None:
    downloads.csv_button(lambda: found, f"{study.name}.csv", "This table")
    kinds = (
        ("Parquet", "parquet", "application/octet-stream", lambda: parquet_bytes(found)),
        ("Figure", "svg", "image/svg+xml", lambda: figure.whole(drawn, study.name).encode()),
        ("Its file", "toml", "application/toml", study.text.encode),
    )
    for title, suffix, kind, make in kinds:
        st.download_button(
            title, make, f"{study.name}.{suffix}", kind, icon=":material/download:",
            on_click="ignore", key=f"study_{suffix}",
        )  # fmt: skip
    downloads.button(lambda: content(study, found, drawn), "study")


def content(study: Study, found: pd.DataFrame, drawn: dict[str, Chart]) -> Content:
    """Report of a study."""
    names = set(found["model"].dropna())
    columns = tuple(_column(name, found[name]) for name in map(str, found))
    told = found.astype(object).where(found.notna(), None)
    return Content(
        name=f"Study: {study.name}",
        sayings=(f"{counted(len(names), 'model')} trained and tested.",),
        settings={"study": study.name, "varied": ", ".join(figure.varying(found))},
        cards=tuple(card for card in cache.cards() if card.name in names),
        rows=(),
        figures=tuple(Figure(title, chart, figure.SPREAD) for title, chart in drawn.items()),
        tables=(tables.table("Results", told, columns),),
    )


def _column(name: str, values: "pd.Series[Any]") -> Column:
    types, title = pd.api.types, name.replace("_", " ")
    if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
        return number(name, title, ".4g")
    return Column(name, title)


def _begin_new() -> None:
    """A form with the file of a study, and a button that begins it in the background."""
    st.subheader("New study")
    with errors.shown():
        text = st.text_area(
            "Study", EXAMPLE, height=320, max_chars=MOST_LETTERS, key="study_text",
            help="A TOML file: settings that all models share, a grid of those that vary, and "
            "noise to test with. In a terminal the same file is carried out by sweep",
        )  # fmt: skip
        study = plan.read(text)
        work.check_named(study)
        plan.check_here(study)
        left = len(study.models) - results.n_done(study)
        st.caption(
            plain(f"{study.name}: {counted(len(study.models), 'model')}, {left} of them missing.")
        )
        if st.button(
            f"Train {left} in the background" if left else "Train in the background",
            icon=":material/model_training:",
            disabled=not left,
            help="In other processes, which continue if this page is closed",
        ):
            work.begin(study)
            st.session_state["study"] = study.name
            st.rerun()
        command = f"{COMMAND} sweep {shlex.quote(study.name)}.toml"
        st.caption(f"The same in a terminal, from a file with this text: {code(command)}")
