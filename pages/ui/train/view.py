"""One run, watched: how far it is, its losses, what it makes of test images, and its end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import streamlit as st

from core import runs
from core.runs import Run
from core.runs import control as run_control
from core.training import divergence
from pages.ui import cache
from pages.ui.components import sweep
from pages.ui.figures.text import plain
from pages.ui.frame import downloads, errors
from pages.ui.session import state, widgets
from pages.ui.train import form as training_form
from pages.ui.train import live
from pages.ui.train import report as run_report
from pages.ui.train import result as run_result

SECONDS = 1.0  # between two looks at a live run
PAGE_SECONDS = 5.0  # between two of all the rest, the list of runs with it
EPOCH, LOG = "epoch", "train_log"  # in the link


@dataclass(frozen=True)
class _Shown:
    """What the page shows of a run.  words: its state.  log: see live.draw().  drawn: when, by
    time.monotonic().
    """

    folder: Path
    words: str
    log: bool
    drawn: float


def draw(run: Run, others: Sequence[Run]) -> None:
    """Everything about a run. others: all runs, to compare it with."""
    words, colour = live.live_words(run, others)
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
    """What the run can be asked for; whether losses are to be drawn on a logarithmic axis.

    Outside the fragment that refreshes itself, which would draw buttons anew under the click.
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
    """`act`, whose mistakes become a toast."""

    def run() -> None:
        with errors.toasted():
            act()

    return run


def _watch(shown: _Shown) -> None:
    """The part that refreshes itself; now and then, and when the state changes, all of the page."""
    with errors.shown():
        run = runs.read(shown.folder)
        others = runs.found() if run.state == "queued" else ()
        changed = live.live_words(run, others)[0] != shown.words
        if changed or (run.is_live and time.monotonic() - shown.drawn > PAGE_SECONDS):
            st.rerun(scope="app")
        live.draw_live(run, shown.log, others)


def _epochs(run: Run) -> None:
    packed = cache.epoch_sweep(run)
    if packed is None:
        live.latest_pictures(run)
        return
    last = float(packed.header["values"][-1])
    key = f"epochs_{run.id}_{last:.0f}"
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


PAUSE = "Keeps the state and frees the machine; Resume goes on to the very same weights"
STOP = "Ends the training and keeps the model as it is now"
CANCEL = "Ends it within two seconds; what state it has kept stays"
GENTLER = "Fills the form with its settings and that learning rate; nothing starts by itself"
RESUME = "Goes on from the last kept state"
