"""All runs in a table: to watch one, compare several, clone or delete."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.exports import safe_table
from core.models import BY_NAME
from core.running import control as run_control
from core.runs import Run
from pages.ui import cache, errors, styles
from pages.ui.rows import ticked
from pages.ui.train import charts as run_charts
from pages.ui.train import form as training_form
from pages.ui.train import live
from pages.ui.train import view as run_view


def draw(found: Sequence[Run]) -> None:
    """The table, what can be done with the chosen rows, and their curves compared."""
    st.subheader("Runs")
    if not found:
        st.caption("None yet: choose a preset and press Start training.")
        return
    ids = [run.id for run in found]
    rows = ticked(table(found), ids, "compared_runs", "run", column_config=COLUMNS)
    chosen = [found[i] for i in rows]
    if not chosen:
        st.caption("Choose a run to watch, clone or delete it; several to compare their curves.")
        return
    _buttons(chosen)
    curves = {run.id: cache.curves(run) for run in chosen}
    if any(one.epochs for one in curves.values()):
        log, drawn = st.session_state.get(run_view.LOG, False), styles.of_models(list(curves))
        figure = run_charts.compared_losses(curves, log, drawn)
        st.plotly_chart(figure, key="train_compared", alt="Test error by epoch, a line a run")


def table(found: Sequence[Run]) -> pd.DataFrame:
    """A row a run, safe to take away: the table can be exported as CSV."""
    return safe_table(pd.DataFrame([_row(run) for run in found]))


def _row(run: Run) -> dict[str, object]:
    train, status = run.config.train, run.status
    noise = f", σ {train.noise.sigma:g}" if train.noise else ""
    dim = train.options.get("latent_dim")
    size = f", D' = {dim}" if dim else ""
    return {
        "name": run.config.name,
        "state": live.WORDS[run.state][0],
        "model": f"{BY_NAME[train.arch].title}{size}{noise}",
        "data": train.dataset,
        "done": run.share_done,
        "epochs": train.epochs,
        "curve": [record.test_mse for record in cache.curves(run).epochs],
        "mse": status.mse if status.mse >= 0 else None,
        "psnr": status.psnr if status.mse >= 0 else None,
        "began": datetime.fromtimestamp(run.config.created).astimezone(),
        "reason": status.reason,
    }


def _buttons(chosen: Sequence[Run]) -> None:
    one = chosen[0]
    with st.container(horizontal=True):
        if len(chosen) == 1:
            st.button(
                "Watch", icon=":material/visibility:", on_click=_watch, args=(one,),
                help="Shows it above",
            )  # fmt: skip
            st.button(
                "Clone settings", icon=":material/content_copy:", on_click=training_form.take,
                args=(one.config,), help="Fills the form with its settings, to change and start",
            )  # fmt: skip
        st.button(
            "Delete", icon=":material/delete:", on_click=_delete, args=(tuple(chosen),),
            help="Removes the runs, their curves and states; their models stay",
        )  # fmt: skip


def _watch(run: Run) -> None:
    st.session_state["run"] = run.id


def _delete(chosen: Sequence[Run]) -> None:
    for run in chosen:
        with errors.toasted():
            run_control.delete(run)


COLUMNS = {
    "name": st.column_config.TextColumn("Name", help="Of the model it keeps", pinned=True),
    "state": st.column_config.TextColumn("State", help="What has become of it"),
    "model": st.column_config.TextColumn("Model", help="Architecture, code and training noise"),
    "data": st.column_config.TextColumn("Trained on", help="Data set"),
    "done": st.column_config.ProgressColumn("Done", format="percent", help="Share of its steps"),
    "epochs": st.column_config.NumberColumn("Epochs", help="As planned"),
    "curve": st.column_config.LineChartColumn("Test MSE by epoch", help="Lower is better"),
    "mse": st.column_config.NumberColumn("MSE", format="%.5f", help="Of its model, test images"),
    "psnr": st.column_config.NumberColumn("PSNR", format="%.1f dB", help="Higher is better"),
    "began": st.column_config.DatetimeColumn("Began", format="D MMM, HH:mm", help="Local time"),
    "reason": st.column_config.TextColumn("Note", help="Why it is not running any more"),
}
