"""Carrying out a run: training that keeps its state and can be asked to pause, stop or cancel.

Whatever ends it, the folder says so afterwards; what cannot be said (kill -9) is seen from outside
(core.runs).
"""

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from core import checkpoints, datasets, runs
from core.background import Progress
from core.config import Diverged, HourglassError
from core.data.imagesets import ImageSet
from core.distributed import ALONE, Team
from core.learning import state as run_state
from core.learning.events import EpochDone, Event, StepDone
from core.learning.state import State
from core.models import architecture, pca
from core.running import control as run_control
from core.running.journal import Journal
from core.running.orders import ORDERS, Order, Signals, requested, signals
from core.runs import Run
from core.training import keep, train

POLL = 0.25  # seconds between two looks whether it is our turn
SHARE_FOR_KEEPING = 0.05  # of the time may go into keeping the state
MOST_COMPONENTS = 1024  # of the PCA that a model is compared with
Sets = tuple[ImageSet, ImageSet]  # to train on, to test on


class _Ended(Exception):
    """Training ends here, by order."""

    def __init__(self, order: Order, state: State) -> None:
        super().__init__(order)
        self.order, self.state = order, state


def execute(
    run: Run, team: Team = ALONE, wait: bool = False, progress: Progress | None = None
) -> Iterator[Event]:
    """Trains, from where the run stands, and yields what happens. Ends early if asked to.

    wait: for its turn among the background runs.  progress: told how much of the images is there;
    the folder tells by default.  In a team rank 0 owns the folder.
    Raises OptionError if it is running already, Diverged (the last good state is kept), and what
    else keeps a training from going on; KeyboardInterrupt for Ctrl-C, after the state is kept.
    """
    if team.rank:
        with signals() as told:
            yield from _Work(run, None, team, told).events(_silent)
        return
    journal = Journal(run)
    with journal.owned(), signals() as told:
        try:
            if wait and not _turn(run, journal):
                return
            yield from _Work(run, journal, team, told).events(progress or journal.loaded)
        except Diverged as error:
            kept = " The model as it was before is kept." if journal.status.checkpoint else ""
            journal.fail("diverged", f"{error}{kept}")
            raise
        except (KeyboardInterrupt, GeneratorExit):
            journal.fail("paused", "Its process was asked to end (Ctrl-C, or a shutdown).")
            raise
        except BaseException as error:
            journal.fail("failed", _reason(error))
            raise


def pca_mse(sets: Sets, k: int) -> float:
    """The mean squared error of k principal components of the training images on the test images;
    -1 if there are no k of them, or too many to be worth the time.
    """
    train_set, test_set = sets
    if k > min(len(train_set), train_set.images[0].size, MOST_COMPONENTS):
        return -1.0
    tensors, _ = pca.fit(train_set.pixels().reshape(len(train_set), -1), k)
    x = test_set.pixels().reshape(len(test_set), -1)
    z = x @ tensors["encoder.1.weight"].T + tensors["encoder.1.bias"]
    x_hat = z @ tensors["decoder.0.weight"].T + tensors["decoder.0.bias"]
    return float(np.square(x - x_hat, dtype=np.float64).mean())


class _Work:
    """One process's part in a run; journal: rank 0's alone."""

    def __init__(self, run: Run, journal: Journal | None, team: Team, told: Signals) -> None:
        self.run, self.journal, self.team, self.told = run, journal, team, told
        self.config = run.config.train
        self.path = checkpoints.local_path(run.config.name)
        self.kept_at, self.kept_steps, self.cost = time.monotonic(), 0, 0.0

    def events(self, progress: Progress) -> Iterator[Event]:
        """From where the run stands to its end, or to where it is asked to end."""
        self._set("running", phase="loading the images")
        sets = self._images(progress)
        start = self._start()
        self.told.gently = True
        try:
            for event in train(self.config, *sets, self.path, start, self.team):
                self._note(event)
                yield event
                if isinstance(event, StepDone | EpochDone):
                    self._obey(event)
        except _Ended as end:
            yield from self._ended(end, sets)
        except Diverged:
            yield from self._judged(run_state.load(self.run.folder / "state"), sets)
            raise
        else:
            self._compare(sets)
            self._set("finished")

    def _images(self, progress: Progress) -> Sets:
        name, without, root = (
            self.config.dataset,
            self.config.exclude_classes,
            self.run.config.data_root,
        )
        train_set = datasets.training_images(name, without, root, progress)
        return train_set, datasets.load(name, "test", root, progress)

    def _start(self) -> State | None:
        """The kept state, if any: rank 0 reads it and tells the others."""
        path, content = self.run.folder / "state", b""
        if self.journal is not None and path.exists():
            content = path.read_bytes()
        content = self.team.told(content)
        state = run_state.from_bytes(content) if content else None
        if self.journal is not None:
            self.journal.begin(state)
        return state

    def _obey(self, event: StepDone | EpochDone) -> None:
        if event.state is None:
            return
        self.kept_steps += isinstance(event, StepDone)
        order = ORDERS[self.team.agreed(ORDERS.index(self._order()))]
        if order:
            state = event.state()
            self._keep(state)
            if order != "keep":
                raise _Ended(order, state)

    def _order(self) -> Order:
        if self.told.asked:
            return "end"
        if self.journal is None:
            return ""
        if request := requested(self.run.folder):
            return request
        config, since = self.run.config, time.monotonic() - self.kept_at
        due = since >= max(config.keep_seconds, self.cost / SHARE_FOR_KEEPING)
        return "keep" if due or self.kept_steps >= config.keep_steps else ""

    def _keep(self, state: State) -> None:
        began = time.monotonic()
        if self.journal is not None and state.is_good:
            run_state.save(self.run.folder / "state", state)
            self.journal.append("kept", epoch=state.epoch, step=state.step)
        self.kept_at, self.kept_steps = time.monotonic(), 0
        self.cost = self.kept_at - began

    def _ended(self, end: _Ended, sets: Sets) -> Iterator[Event]:
        if end.order == "end":
            raise KeyboardInterrupt
        if end.order == "stop":
            self._set("stopping", phase="judging what there is")
            yield from self._judged(end.state, sets)
            self._set("stopped", "Stopped by hand: the model as it was then is kept.")
        else:
            self._set("cancelled" if end.order == "cancel" else "paused")

    def _judged(self, state: State | None, sets: Sets) -> Iterator[Event]:
        if self.journal is None or state is None:
            return
        for event in keep(self.config, *sets, self.path, state):
            self._note(event)
            yield event

    def _compare(self, sets: Sets) -> None:
        """The same D' in closed form, for the card that compares them."""
        if self.journal is None:
            return
        self._set("running", phase="comparing with PCA")
        train_set, test_set = sets
        plan = architecture(self.config.arch).plan(train_set.shape, self.config.options)
        seen = train_set, test_set.without_classes(self.config.exclude_classes)
        self._set("running", pca_mse=pca_mse(seen, plan.latent_dim))

    def _note(self, event: Event) -> None:
        if self.journal is not None:
            self.journal.note(event)

    def _set(self, state: runs.RunState, reason: str = "", **fields: Any) -> None:
        if self.journal is not None:
            self.journal.set(state, reason, **fields)


def _silent(done: int, total: int | None) -> None:
    """Tells nobody: rank 0 does."""


def _turn(run: Run, journal: Journal) -> bool:
    """Wait until a place is free; false if asked not to begin at all."""
    journal.set("queued")
    while not (request := requested(run.folder)):
        with run_control.lock():
            if run_control.may_begin(run):
                journal.set("running", phase="starting")
                return True
        os.utime(run.folder / "status.json")
        time.sleep(POLL)
    journal.set("paused" if request == "pause" else "cancelled")
    return False


def _reason(error: BaseException) -> str:
    """Why a run failed and what to do, in a sentence."""
    if isinstance(error, HourglassError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: free some space or mend the folder, then resume."
    if isinstance(error, MemoryError) or "memory" in str(error):
        return "There is not enough memory: choose smaller widths or batches."
    return f"{type(error).__name__}: {str(error)[:200]} (the log has the details)."
