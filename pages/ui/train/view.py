"""One run, watched: how far it is, its losses, what it makes of test images, and its end."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core import runs
from core.config import HourglassError
from core.data.imagesets import ImageSet
from core.running import control as run_control
from core.running import records as run_records
from core.running.status import RunState
from core.runs import Run
from pages.ui import cache, errors, reporting, state, sweep
from pages.ui.text import plain
from pages.ui.train import charts as run_charts
from pages.ui.train import pictures as run_pictures
from pages.ui.train import report as run_report
from pages.ui.train import result as run_result

SECONDS = 1.0  # between two looks at a live run
PAGE_SECONDS = 5.0  # between two of all the rest, the list of runs with it
SILENT = 60.0  # seconds without a sign of life after which the page says so
EPOCH, LOG = "epoch", "train_log"  # in the link
WORDS: dict[RunState, tuple[str, str]] = {
    "queued": ("Waiting for its turn", "gray"),
    "running": ("Running", "blue"),
    "stopping": ("Stopping", "blue"),
    "paused": ("Paused", "orange"),
    "stopped": ("Stopped", "gray"),
    "cancelled": ("Cancelled", "gray"),
    "finished": ("Finished", "green"),
    "failed": ("Failed", "red"),
    "diverged": ("Diverged", "red"),
    "interrupted": ("Interrupted", "orange"),
}


def draw(run: Run, others: Sequence[Run]) -> None:
    """Everything about a run. others: all runs, to compare it with."""
    words, colour = WORDS[run.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(run.config.name), width="content")
        st.badge(words, color=colour)  # type: ignore[arg-type]  # all of WORDS' are colours of it
    if run.status.reason:
        st.caption(plain(run.status.reason))
    log = _buttons(run)
    every = SECONDS if run.is_live else None
    st.fragment(_watch, run_every=every)(run.folder, run.state, log, time.monotonic())
    if not run.is_live:
        run_result.draw(run, others)
        _epochs(run)
    _log(run)
    reporting.button(lambda: run_report.content(runs.read(run.folder), words, log), "run")


def _buttons(run: Run) -> bool:
    """What the run can be asked for; whether losses are to be drawn on a logarithmic axis.

    Outside the fragment that refreshes itself, which would draw buttons anew under the click.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.is_live:
            _button("Pause", "pause", lambda: run_control.ask(run, "pause"), PAUSE)
            _button("Stop and keep", "stop", lambda: run_control.ask(run, "stop"), STOP)
            _button("Cancel", "close", lambda: _end(run), CANCEL)
        elif run.can_resume:
            _button("Resume", "play_arrow", lambda: _resume(run), RESUME)
        state.recall_flag(LOG)
        st.toggle("Log scale", key=LOG, help="Losses on a logarithmic axis", width="content")
        state.publish(LOG, False)
        return bool(st.session_state[LOG])


def _button(label: str, icon: str, act: Callable[[], None], about: str) -> None:
    st.button(label, icon=f":material/{icon}:", on_click=_told(act), help=about)


def _told(act: Callable[[], None]) -> Callable[[], None]:
    """`act`, whose mistakes become a toast: it runs before the page does."""

    def run() -> None:
        try:
            act()
        except HourglassError as error:
            st.toast(plain(str(error)), icon=":material/error:")

    return run


def _end(run: Run) -> None:
    run_control.cancel(run)


def _resume(run: Run) -> None:
    run_control.start(run)


def _watch(folder: Path, shown: RunState, log: bool, drawn: float) -> None:
    """The part that refreshes itself; now and then, and when the state changes, all of the page."""
    with errors.shown():
        run = runs.read(folder)
        if run.state != shown or (run.is_live and time.monotonic() - drawn > PAGE_SECONDS):
            st.rerun(scope="app")
        if run.is_live:
            _progress(run)
        _losses(run, log)


def _progress(run: Run) -> None:
    status, epochs = run.status, run.config.train.epochs
    parts = [f"epoch {min(epochs, status.epoch + 1)} of {epochs}"] if not status.phase else []
    if status.phase == "training":
        parts = [f"epoch {max(1, status.epoch)} of {epochs}"]
        parts.append(f"{status.images_per_second:,.0f} images/s")
        if status.seconds_left >= 0:
            parts.append(f"{_clock(status.seconds_left)} left")
    elif status.phase:
        parts = [status.phase]
    if status.phase == "training" and run.silent_seconds > SILENT:
        parts.append(f"no sign of life for {run.silent_seconds:.0f} s")
    words = WORDS[run.state][0] if run.state == "queued" else " · ".join(parts)
    st.progress(min(1.0, run.share_done), plain(words))


def _losses(run: Run, log: bool) -> None:
    curves = cache.curves(run)
    if not (curves.epochs or len(curves.looked)):
        if run.is_live:
            st.caption(
                "The first numbers come with the first steps, the first pictures after "
                "the first epoch."
            )
        return
    latest = run_records.pictured_epochs(run)
    shown = run_records.pictures(run, latest[-1]) if latest else None
    figure = run_charts.loss_curves(curves, run.config.train.epochs, log)
    if shown is None or shown.codes is None:
        st.plotly_chart(figure, key="train_losses", alt=LOSSES)
    else:
        left, right = st.columns([3, 2])
        left.plotly_chart(figure, key="train_losses", alt=LOSSES)
        map_of_codes = run_charts.code_map(shown.codes, _labels(run, len(shown.codes)))
        right.plotly_chart(map_of_codes, key="train_map", alt=MAP)
    if shown is not None and run.is_live:
        said = f"Eight test images and what the network makes of them after epoch {shown.epoch}"
        st.image(run_pictures.strip_png(shown), alt=said)
        st.caption(said)


def _labels(run: Run, n: int) -> list[str]:
    """The classes of the test images that the map shows; none where they cannot be had."""
    try:
        images: ImageSet = cache.dataset(run.config.train.dataset, "test")
        images = images.without_classes(run.config.train.exclude_classes)
    except HourglassError:
        return []
    known = images.labels is not None and len(images) >= n
    return [images.label_name(i) for i in range(n)] if known else []


def _epochs(run: Run) -> None:
    pictured = run_records.pictured_epochs(run)
    if len(pictured) < 2:
        return
    packed = cache.epoch_sweep(run)
    key, last = f"epochs_{run.id}_{pictured[-1]}", float(pictured[-1])
    at = state.recall_number(EPOCH, last, 0, last)
    st.session_state[EPOCH] = sweep.show(packed, key, start=state.on_entry(key, at)).value
    state.publish(EPOCH, last)
    if st.session_state[EPOCH] == last:
        state.forget((EPOCH,))  # of another run the last one is another


def _log(run: Run) -> None:
    text = run.log()
    if text:
        with st.expander("Log", expanded=run.state == "failed"):
            st.code(text, language=None, height=240)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


LOSSES = "Losses by epoch, in training and on the test images"
MAP = "Where the codes of the test images lie, by class"
PAUSE = "Keeps the state and frees the machine; Resume goes on to the very same weights"
STOP = "Ends the training and keeps the model as it is now"
CANCEL = "Ends it within two seconds; what state it has kept stays"
RESUME = "Goes on from the last kept state"
