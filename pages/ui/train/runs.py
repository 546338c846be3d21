"""The table of all runs, in which one can watch, compare, clone and delete them."""

import math
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st

from core import runs
from core.export.tables import safe_table
from core.models import BY_NAME
from core.runs import Broken, Run
from core.runs import control as run_control
from core.text import counted, listed
from pages.ui.figures import plotting, styles
from pages.ui.figures.text import plain
from pages.ui.frame import deleting, errors
from pages.ui.session.rows import ticked
from pages.ui.train import charts as run_charts
from pages.ui.train import data as run_data
from pages.ui.train import form as training_form
from pages.ui.train import result as run_result
from pages.ui.train import view as run_view


def draw(found: Sequence[Run]) -> None:
    """Draw the table, buttons for the chosen rows, and the curves of the chosen runs."""
    st.subheader("Runs")
    for one in runs.broken():
        _broken(one)
    if not found:
        st.caption("None yet: choose a preset and press Start training.")
        return
    ids = [run.id for run in found]
    rows = ticked(table(found), ids, "compared_runs", "run", column_config=COLUMNS)
    chosen = [found[i] for i in rows]
    if not chosen:
        st.caption(
            "Choose one run to watch, clone or delete it, or several to compare their curves."
        )
        return
    for run in filter(lambda run: run.status.reason, chosen):
        st.caption(f"**{plain(run.config.name)}**: {plain(run.status.reason)}")
    _buttons(chosen)
    curves = {run.id: run_data.curves(run) for run in chosen}
    if any(one.epochs for one in curves.values()):
        log, drawn = st.session_state.get(run_view.LOG, False), styles.of_models(list(curves))
        chart = run_charts.compared_losses(curves, log, drawn)
        figure = plotting.figure(chart, run_view.HEIGHT).update_layout(
            showlegend=True, uirevision="losses"
        )
        st.plotly_chart(figure, key="train_compared", alt=chart.label)


def table(found: Sequence[Run]) -> pd.DataFrame:
    """A table with a row for each run; its texts are safe to export as CSV."""
    return safe_table(pd.DataFrame([_row(run, found) for run in found]))


def _row(run: Run, found: Sequence[Run]) -> dict[str, object]:
    train, status = run.config.train, run.status
    noise = f", σ {train.noise.sigma:g}" if train.noise else ""
    dim = train.options.get("latent_dim")
    size = f", D' = {dim}" if dim else ""
    return {
        "name": run.config.name,
        "state": run_view.live_words(run, found)[0],
        "model": f"{BY_NAME[train.arch].title}{size}{noise}",
        "data": train.dataset,
        "epochs": _epochs(run),
        "curve": _curve(run),
        "mse": status.mse if status.mse >= 0 else None,
        "psnr": status.psnr if status.mse >= 0 else None,
        "began": datetime.fromtimestamp(run.config.created).astimezone(),
    }


def _epochs(run: Run) -> str:
    """The epochs done in words, "3 of 10" or "10"; "" for models fitted in closed form."""
    epochs = run.config.train.epochs
    if BY_NAME[run.config.train.arch].closed_form:
        return ""
    if run.share_done == 1:
        return f"{epochs:,}"
    return f"{math.floor(run.share_done * epochs + 1e-9):,} of {epochs:,}"


def _curve(run: Run) -> list[float]:
    """The test errors, up to the first that is too large or NaN."""
    errors = [record.test_mse for record in run_data.curves(run).epochs]
    return [mse for mse in errors if math.isfinite(mse)]


def _broken(one: Broken) -> None:
    """Draw a warning about a run that cannot be read, and a button that deletes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(plain(one.reason), icon=":material/warning:")
        if st.button(
            "Delete", icon=":material/delete:", key=f"broken_{one.id}",
            help="Deletes this folder with everything in it, after a confirmation",
        ):  # fmt: skip
            goes = f"This deletes the folder {one.folder} with everything in it."
            deleting.ask("Delete this folder?", [goes], partial(_delete, (one,)))


def _buttons(chosen: Sequence[Run]) -> None:
    one = chosen[0]
    with st.container(horizontal=True):
        if len(chosen) == 1:
            st.button(
                "Watch", icon=":material/visibility:", on_click=_watch, args=(one,),
                help="Show this run above",
            )  # fmt: skip
            st.button(
                "Clone settings", icon=":material/content_copy:", on_click=training_form.take,
                args=(one.config,), help="Fill the form with these settings, to change them",
            )  # fmt: skip
        if st.button(
            "Delete", icon=":material/delete:",
            help="Deletes the runs, after a confirmation; their models stay",
        ):  # fmt: skip
            _ask(chosen)


def _watch(run: Run) -> None:
    st.session_state["run"] = run.id


def _ask(chosen: Sequence[Run]) -> None:
    """Ask whether to delete runs; live runs are not deleted."""
    live = [run.config.name for run in chosen if run.is_live]
    ended = [run for run in chosen if not run.is_live]
    title = f"Delete {counted(len(chosen), 'run')}?" if len(chosen) > 1 else "Delete this run?"
    act = partial(_delete, tuple(ended)) if ended else None
    deleting.ask(title, [*_facts(ended), *_live(live)], act)


def _facts(ended: Sequence[Run]) -> list[str]:
    """Sentences about what is deleted with the runs."""
    if not ended:
        return []
    left = [run.config.name for run in ended if run.can_resume]
    models = [run.status.checkpoint for run in ended if run_result.saved_card(run)]
    names = listed([run.config.name for run in ended])
    facts = [f"This deletes the curves, pictures and log of {names}."]
    if left:
        facts.append(f"{listed(left)} could still be resumed; that will no longer be possible.")
    if models:
        stay = f"model {models[0]} stays" if len(models) == 1 else f"models {listed(models)} stay"
        facts.append(f"The {stay}.")
    return facts + deleting.looked_at("run", [run.id for run in ended])


def _live(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    word = "is" if len(names) == 1 else "are"
    return [f"{listed(names)} {word} under way and stays: cancel it first."]


def _delete(chosen: Sequence[Run | Broken]) -> None:
    for run in chosen:
        with errors.toasted():
            run_control.delete(run)


COLUMNS = {
    "name": st.column_config.TextColumn(
        "Name", width=150, help="Name of the run and of its model", pinned=True
    ),
    "state": st.column_config.TextColumn(
        "State", width=90, help="Choose a run to see the reason for its state"
    ),
    "model": st.column_config.TextColumn(
        "Model", width=160, help="Architecture, code size D' and training noise"
    ),
    "data": st.column_config.TextColumn("Trained on", width=95, help="Data set"),
    "epochs": st.column_config.TextColumn("Epochs", width=80, help="Epochs done, of how many"),
    "curve": st.column_config.LineChartColumn(
        "Test MSE by epoch", width=130, help="Lower is better; ends where it diverges"
    ),
    "mse": st.column_config.NumberColumn(
        "MSE", width=75, format="%.5f", help="Mean squared error of the model on the test images"
    ),
    "psnr": st.column_config.NumberColumn(
        "PSNR",
        width=75,
        format="%.1f dB",
        help="Peak signal-to-noise ratio on the test images; higher is better",
    ),
    "began": st.column_config.DatetimeColumn(
        "Began", width=105, format="D MMM, HH:mm", help="Local time"
    ),
}
