"""What of a watched run changes while it trains: its progress, its losses, its pictures."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from core.config import HourglassError
from core.images.imagesets import ImageSet
from core.runs import Run, queue
from core.runs import records as run_records
from core.runs.records import Pictures
from core.runs.status import RunState
from core.text import counted
from pages.ui import cache
from pages.ui.figures.text import plain
from pages.ui.train import charts as run_charts
from pages.ui.train import pictures as run_pictures

SILENT = 60.0  # seconds without a sign of life after which the page says so
LOSSES = "Losses by epoch, in training and on the test images"
NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven", 8: "Eight"}
MAP = "Where the codes of the test images lie, by class"
Colour = Literal["gray", "blue", "orange", "green", "red"]
WORDS: dict[RunState, tuple[str, Colour]] = {
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


def live_words(run: Run, others: Sequence[Run]) -> tuple[str, Colour]:
    """A run's state as a badge has it.  others: all runs, for one of which it may be waiting."""
    if run.state == "queued" and not queue.n_ahead(run, others):
        return "Starting", "gray"
    return WORDS[run.state]


def draw_live(run: Run, log: bool, others: Sequence[Run]) -> None:
    """All of it.  log: the losses on a logarithmic axis.  others: all runs."""
    if run.is_live:
        said = _waiting(run, others) if run.state == "queued" else _how_far(run)
        st.progress(run.share_done, plain(said))
    _losses(run, log)


def _waiting(run: Run, others: Sequence[Run]) -> str:
    """What a run that has not begun is waiting for, if it is for others."""
    if not (ahead := queue.n_ahead(run, others)):
        return "Starting its process"
    return f"Waiting for its turn, with {counted(ahead, 'run')} before it"


def _how_far(run: Run) -> str:
    """What a run that has begun is at: "epoch 3 of 20 · 41,000 images/s · 0:12 left"."""
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
        parts.append(f"no sign of life for {run.silent_seconds:.0f} s")
    return " · ".join(parts)


def _losses(run: Run, log: bool) -> None:
    curves = cache.curves(run)
    if not (curves.epochs or len(curves.looked)):
        if run.is_live:
            st.caption(
                "The first numbers come with the first steps, the first pictures after "
                "the first epoch."
            )
        return
    shown = _latest(run)
    figure = run_charts.loss_curves(curves, run.config.train.epochs, log)
    if shown is None or shown.codes is None:
        st.plotly_chart(figure, key="train_losses", alt=LOSSES)
    else:
        left, right = st.columns([3, 2])
        left.plotly_chart(figure, key="train_losses", alt=LOSSES)
        map_of_codes = run_charts.code_map(shown.codes, _labels(run, len(shown.codes)))
        right.plotly_chart(map_of_codes, key="train_map", alt=MAP)
    if run.is_live:
        _strip(shown)


def latest_pictures(run: Run) -> None:
    """The test images after the last epoch that has pictures, where there is no slider for them."""
    _strip(_latest(run))


def _latest(run: Run) -> Pictures | None:
    epochs = run_records.pictured_epochs(run)
    return run_records.pictures(run, epochs[-1]) if epochs else None


def _strip(shown: Pictures | None) -> None:
    if shown is None:
        return
    n = shown.strip.shape[1]
    images = "One test image" if n == 1 else f"{NUMBERS.get(n, str(n))} test images"
    made = "of it" if n == 1 else "of them"
    said = f"{images} and what the network makes {made} after epoch {shown.epoch}"
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


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
