"""The view of one run: progress, losses, reconstructions of test images, and result."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
import streamlit as st

from core import runs
from core.config import HourglassError
from core.images.imagesets import ImageSet
from core.runs import Run, queue
from core.runs import control as run_control
from core.runs import records as run_records
from core.runs.records import Pictures
from core.runs.status import RunState
from core.text import counted
from core.training import divergence
from pages.ui import cache
from pages.ui.figures import plotting
from pages.ui.figures.text import plain
from pages.ui.frame import downloads, errors
from pages.ui.session import state, widgets
from pages.ui.train import charts as run_charts
from pages.ui.train import data as run_data
from pages.ui.train import form as training_form
from pages.ui.train import report as run_report
from pages.ui.train import result as run_result

SECONDS = 1.0  # between two updates of a live run
PAGE_SECONDS = 5.0  # between two updates of the rest of the page
EPOCH, LOG = "epoch", "train_log"  # in the link


@dataclass(frozen=True)
class _Shown:
    """The parts of a run that the page shows.

    words: its state.  log: losses on a logarithmic axis.  drawn: time of the last update, by
    time.monotonic().
    """

    folder: Path
    words: str
    log: bool
    drawn: float


def draw(run: Run, others: Sequence[Run]) -> None:
    """Draw a run.  others: all runs, to compare it with."""
    words, colour = live_words(run, others)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(run.config.name), width="content")
        st.badge(words, color=colour)
    if run.status.reason:
        st.caption(plain(run.status.reason))
    log = _buttons(run)
    every = SECONDS if run.is_live else None
    shown = _Shown(run.folder, words, log, time.monotonic())
    st.fragment(_watch, run_every=every)(shown)
    if not run.is_live:
        run_result.draw(run, others)
        _epochs(run)
    _log(run)
    downloads.button(lambda: run_report.content(runs.read(run.folder), words, log), "run")


def _buttons(run: Run) -> bool:
    """Draw the buttons of a run; return whether losses have a logarithmic axis.

    They stand outside the fragment that refreshes itself, which would replace them during a click.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.is_live:
            _button("Pause", "pause", lambda: run_control.ask(run, "pause"), PAUSE)
            _button("Stop and keep", "stop", lambda: run_control.ask(run, "stop"), STOP)
            _button("Cancel", "close", lambda: run_control.cancel(run), CANCEL)
        elif run.can_resume:
            _button("Resume", "play_arrow", lambda: run_control.start(run), RESUME)
        elif run.state == "diverged" and training_form.offers(run.config.train.dataset):
            rate = divergence.lower_rate(run.config.train)
            gentler = replace(run.config.train, learning_rate=rate)
            config = msgspec.structs.replace(run.config, train=gentler)
            act = lambda: training_form.take(config)  # noqa: E731
            _button(f"Set up again with a learning rate of {rate:g}", "replay", act, GENTLER)
        help_text = "Losses on a logarithmic axis"
        return widgets.switch("Log scale", key=LOG, help=help_text, width="content")


def _button(label: str, icon: str, act: Callable[[], object], about: str) -> None:
    st.button(label, icon=f":material/{icon}:", on_click=_toasting(act), help=about)


def _toasting(act: Callable[[], object]) -> Callable[[], None]:
    """`act` with its errors shown in a toast."""

    def run() -> None:
        with errors.toasted():
            act()

    return run


def _watch(shown: _Shown) -> None:
    """Draw what refreshes itself; the whole page reruns at intervals and when the state changes."""
    with errors.shown():
        run = runs.read(shown.folder)
        others = runs.found() if run.state == "queued" else ()
        changed = live_words(run, others)[0] != shown.words
        if changed or (run.is_live and time.monotonic() - shown.drawn > PAGE_SECONDS):
            st.rerun(scope="app")
        draw_live(run, shown.log, others)


def _epochs(run: Run) -> None:
    packed = run_data.epoch_sweep(run)
    if packed is None:
        latest_pictures(run)
        return
    last = float(packed.header["values"][-1])
    key = f"epochs_{run.id}_{last:.0f}"
    if widgets.frames(packed, key, EPOCH, last).value == last:
        state.forget((EPOCH,))  # the last epoch of another run may differ


def _log(run: Run) -> None:
    text = run.log()
    if text:
        with st.expander("Log", expanded=run.state == "failed"):
            st.code(text, language=None, height=240)


PAUSE = "Save the state and free the processor; after Resume the final weights are the same"
STOP = "End the training now and save the model as it is"
CANCEL = "End the training within two seconds, without a model; saved states stay"
GENTLER = "Fill the form with these settings and that learning rate, without starting the run"
RESUME = "Continue from the last saved state"


# The part of the view that changes while a run trains: progress, losses, pictures.

SILENT = 60.0  # seconds without an event, after which the page says so
HEIGHT = 320  # pixels, of charts
NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}
MAP = "Map of the codes of the test images, coloured by class"
Colour = Literal["gray", "blue", "orange", "green", "red"]
WORDS: dict[RunState, tuple[str, Colour]] = {
    "queued": ("Waiting in the queue", "gray"),
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


def live_words(run: Run, others: Sequence[Run]) -> tuple[str, Colour]:
    """Words and colour of the badge of a run's state.  others: all runs."""
    if run.state == "queued" and not queue.n_ahead(run, others):
        return "Starting", "gray"
    return WORDS[run.state]


def draw_live(run: Run, log: bool, others: Sequence[Run]) -> None:
    """Draw progress, losses and pictures.  log: losses on a logarithmic axis.  others: all runs."""
    if run.is_live:
        said = _waiting(run, others) if run.state == "queued" else _how_far(run)
        st.progress(run.share_done, plain(said))
    _losses(run, log)


def _waiting(run: Run, others: Sequence[Run]) -> str:
    """Sentence about what a run that has not begun is waiting for."""
    if not (ahead := queue.n_ahead(run, others)):
        return "Starting its process"
    return f"Waiting in the queue, with {counted(ahead, 'run')} before it"


def _how_far(run: Run) -> str:
    """The progress of a run in one line: "epoch 3 of 20 · 41,000 images/s · 0:12 left"."""
    status, epochs = run.status, run.config.train.epochs
    if not status.phase:
        return f"epoch {min(epochs, status.epoch + 1)} of {epochs}"
    if status.phase != "training":
        return status.phase
    parts = [f"epoch {min(epochs, max(1, status.epoch))} of {epochs}"]
    parts.append(f"{status.images_per_second:,.0f} images/s")
    if status.seconds_left >= 0:
        parts.append(f"{_clock(status.seconds_left)} left")
    if run.silent_seconds > SILENT:
        parts.append(f"no progress for {run.silent_seconds:.0f} s")
    return " · ".join(parts)


def _losses(run: Run, log: bool) -> None:
    curves = run_data.curves(run)
    if not (curves.epochs or len(curves.looked)):
        if run.is_live:
            st.caption(
                "The first numbers appear after a few steps, the first pictures after "
                "the first epoch."
            )
        return
    shown = _latest(run)
    chart = run_charts.losses(curves, run.config.train.epochs, log)
    figure = plotting.figure(chart, HEIGHT).update_layout(uirevision="losses")
    if shown is None or shown.codes is None:
        st.plotly_chart(figure, key="train_losses", alt=chart.label)
    else:
        left, right = st.columns([3, 2])
        left.plotly_chart(figure, key="train_losses", alt=chart.label)
        map_of_codes = run_charts.code_map(shown.codes, _labels(run, len(shown.codes)))
        right.plotly_chart(map_of_codes, key="train_map", alt=MAP)
    if run.is_live:
        _strip(shown)


def latest_pictures(run: Run) -> None:
    """Draw the test images of the last epoch with pictures, for runs without a slider."""
    _strip(_latest(run))


def _latest(run: Run) -> Pictures | None:
    epochs = run_records.pictured_epochs(run)
    return run_records.pictures(run, epochs[-1]) if epochs else None


def _strip(shown: Pictures | None) -> None:
    if shown is None:
        return
    n = shown.strip.shape[1]
    images = "One test image" if n == 1 else f"{NUMBERS.get(n, str(n))} test images"
    whose = "its reconstruction" if n == 1 else "their reconstructions"
    said = f"{images} and {whose} after epoch {shown.epoch}"
    st.image(run_charts.strip_png(shown), alt=said)
    st.caption(said)


def _labels(run: Run, n: int) -> list[str]:
    """The classes of the test images on the map; empty if they are not available."""
    try:
        images: ImageSet = cache.dataset(run.config.train.dataset, "test")
        images = images.without_classes(run.config.train.exclude_classes)
    except HourglassError:
        return []
    known = images.labels is not None and len(images) >= n
    return [images.label_name(i) for i in range(n)] if known else []


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
