"""The network that learns in the background while a person looks at the odd ones of a folder.

It is an ordinary run, whose model all pages know. Once it is trained it is compared with the judges
that need no network, and ranks the images only if it finds more.
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core import machine, runs
from core.anomaly import find_tasks
from core.checkpoints import Card
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, Task, task
from core.config import HourglassError
from core.data.own import store
from core.models import architecture
from core.runs import Run, queue
from core.runs import control as run_control
from core.text import counted
from core.training import config as recipes
from pages.ui import cache, progress
from pages.ui.figures.text import plain, sentence
from pages.ui.frame import errors, sidebar, ways
from pages.ui.session.registry import OUTLIERS

SECONDS = 1.0  # between two looks at how far it is
TO_TRAIN = "odd_to_train"  # the sets of which a network is to learn, made by this visitor
NO_MORE = "odd_no_more"  # those of which it was ended
STOP = "End the training without a model; the images stay ranked as they are"
LEARN = "Train a network that suits these images, in the background"


@dataclass(frozen=True)
class Learnt:
    """Where the network of a set stands.  run: None if none was begun.  card: of its model."""

    run: Run | None
    card: Card | None

    @classmethod
    def of(cls, dataset: str) -> "Learnt":
        """The newest run on this set that may still give a model, or has."""
        for run in sorted(runs.found(), key=lambda one: one.config.created, reverse=True):
            if run.config.train.dataset == dataset:
                kept = (card for card in cache.cards() if card.name == run.status.checkpoint)
                return cls(run, next(kept, None))
        return cls(None, None)


def asked(dataset: str) -> None:
    """Note that a network is to learn from this set as soon as its images are ranked."""
    st.session_state.setdefault(TO_TRAIN, set()).add(dataset)


def comparison(dataset: str, learnt: Learnt) -> Task | None:
    """What tells whether the network ranks the images; None while there is no model."""
    if learnt.card is None:
        return None
    split = SplitRef.of(dataset, "all")
    title = "Comparing the network with no network"
    return task(
        find_tasks.odd_with_network, split, learnt.card.sha256, title=title, models=[learnt.card]
    )


def compared(dataset: str, learnt: Learnt) -> Arrays | None:
    """The comparison, if it is there already."""
    one = comparison(dataset, learnt)
    return None if one is None else cache.find(one)


def draw(dataset: str, learnt: Learnt) -> None:
    """Say how far the network is, and what came of it; begin it where that was asked for."""
    with errors.shown(), progress.part():
        if learnt.run is None and dataset in st.session_state.get(TO_TRAIN, ()):
            st.session_state[TO_TRAIN].discard(dataset)
            _begin(dataset)
            learnt = Learnt.of(dataset)
        if learnt.run is None:
            st.button("Let a network learn from them", icon=":material/model_training:",
                      on_click=asked, args=(dataset,), help=LEARN)  # fmt: skip
        elif learnt.run.is_live:
            _live(learnt.run)
        elif learnt.card is None:
            _ended(learnt.run)
        else:
            _said(dataset, learnt, learnt.card)


def _begin(dataset: str) -> Run:
    own = store.find(dataset.removeprefix(store.PREFIX))
    suited = recipes.suggested(dataset, own.shape, own.n_train)
    return ways.started(suited, machine.threads_per_run())


def _live(run: Run) -> None:
    """A bar that refreshes itself, and a button that ends the training."""

    def watch() -> None:
        with errors.shown():
            now = runs.read(run.folder)
            if not now.is_live:
                st.rerun(scope="app")
            st.progress(now.share_done, plain(words(now)))

    def stop() -> None:
        with errors.toasted():
            run_control.cancel(run)

    st.fragment(watch, run_every=SECONDS)()
    st.button("Stop the training", icon=":material/close:", on_click=stop, help=STOP)


def words(run: Run) -> str:
    """How far a training is, in one line, with the time left once it is known."""
    title = f"Meanwhile a network learns ({architecture(run.config.train.arch).title})"
    if run.state == "queued":
        ahead = queue.n_ahead(run, runs.found())
        return f"{title}: waiting for {counted(ahead, 'run')}" if ahead else f"{title}: starting"
    left = run.status.seconds_left
    return f"{title}: about {progress.duration(left)} left" if left >= 0 else f"{title}: starting"


def _ended(run: Run) -> None:
    why = f" {run.status.reason}" if run.status.reason else ""
    st.caption(sentence(f"No network ranks these images: its training ended ({run.state}).{why}"))
    again: Callable[[], None] = lambda: _again(run)  # noqa: E731
    st.button("Train it again", icon=":material/replay:", on_click=again, help=LEARN)


def _again(run: Run) -> None:
    with errors.toasted():
        if run.can_resume:
            run_control.start(run)
        else:
            _begin(run.config.train.dataset)


def _said(dataset: str, learnt: Learnt, card: Card) -> None:
    """What the comparison says; the page is drawn again when it is there."""
    one = comparison(dataset, learnt)
    if one is None:
        return
    known = cache.find(one) is not None
    try:
        found = cache.computed(one)
    except HourglassError as error:
        st.caption(sentence(str(error)))
        return
    if not known:
        st.rerun()
    st.markdown(plain(str(found["why"])))
    if st.button(
        "Review its test images with this network",
        icon=":material/fact_check:",
        on_click=_choose,
        args=(card.name,),
        help="Open the review of all images",
    ):
        st.switch_page("pages/outliers.py")  # fmt: skip


def _choose(name: str) -> None:
    sidebar.choose_model(name)
    st.session_state[OUTLIERS.key], st.session_state["queue"] = "review", "all"
