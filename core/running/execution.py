"""Carrying out a run: training that keeps its state and can be asked to pause, stop or cancel.

Whatever ends it, the folder says so afterwards. A process that is killed cannot write; that it is
gone is seen from outside (core.running.status).
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from core import checkpoints, datasets
from core.background import Progress
from core.config import Diverged, HourglassError
from core.distributed import ALONE, Team
from core.learning import state as learning_state
from core.learning.events import EpochDone, Event, StepDone
from core.learning.state import State
from core.models import architecture
from core.running import turns
from core.running.baseline import Sets, pca_mse
from core.running.control import tidy
from core.running.journal import Journal
from core.running.keeping import Keeper
from core.running.orders import ORDERS, Order, Signals, requested, signals
from core.running.status import RunState
from core.runs import Run
from core.training import keep, train

KEPT = "The model as it was before is kept."
NOT_KEPT = "No model of it is kept."


class _Ended(Exception):
    """Training ends here because it was asked to."""

    def __init__(self, order: Order, state: State) -> None:
        super().__init__(order)
        self.order, self.state = order, state


def execute(
    run: Run, team: Team = ALONE, wait: bool = False, progress: Progress | None = None
) -> Iterator[Event]:
    """Trains, from where the run stands, and yields what happens. Ends early if asked to.

    wait: for its turn among the background runs.  progress: told how many of the images are loaded;
    if None, that is written into the folder.  team: rank 0 alone writes there.
    Raises OptionError if the run is under way already, Diverged (the last good state is kept), what
    else keeps a training from going on, and KeyboardInterrupt for Ctrl-C, after the state is kept.
    """
    if team.rank:
        with signals() as told:
            yield from _Work(run, None, team, told).events(_silent)
        return
    journal = Journal(run)
    with journal.owned(), signals() as told:
        try:
            tidy()
            if wait and not turns.awaited(run, journal):
                return
            yield from _Work(run, journal, team, told).events(progress or journal.loaded)
        except Diverged as error:
            is_kept = bool(journal.status.checkpoint)
            journal.fail("diverged", f"{error} {KEPT if is_kept else NOT_KEPT}")
            journal.append("loss", at=error.at, loss=None)
            raise
        except (KeyboardInterrupt, GeneratorExit):
            journal.fail("paused", "Its process was asked to end (Ctrl-C, or a shutdown).")
            raise
        except BaseException as error:
            journal.fail("failed", _reason(error))
            raise


class _Work:
    """One process's part in a run; journal: rank 0's alone."""

    def __init__(self, run: Run, journal: Journal | None, team: Team, told: Signals) -> None:
        self.run, self.journal, self.team, self.told = run, journal, team, told
        self.config = run.config.train
        self.path = checkpoints.local_path(run.config.name)
        self.keeper = Keeper(run.folder, run.config)

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
            with contextlib.suppress(HourglassError, OSError):  # what went wrong first is told
                yield from self._judged(self.keeper.kept(), sets)
            self._forget()
            raise
        else:
            self._compare(sets)
            self._set("finished")
            self._forget()

    def _images(self, progress: Progress) -> Sets:
        config, root = self.config, self.run.config.data_root
        train_set = datasets.training_images(config.dataset, config.exclude_classes, root, progress)
        return train_set, datasets.load(config.dataset, "test", root, progress)

    def _start(self) -> State | None:
        """The kept state, if any: rank 0 reads it and sends it to the others."""
        content = self.team.told(self.keeper.content() if self.journal is not None else b"")
        state = learning_state.from_bytes(content) if content else None
        if self.journal is not None:
            self.journal.begin(state)
        return state

    def _obey(self, event: StepDone | EpochDone) -> None:
        if event.state is None:
            return
        if isinstance(event, StepDone):
            self.keeper.count_step()
        order = ORDERS[self.team.agreed(ORDERS.index(self._order()))]
        if order:
            state = event.state()
            if self.journal is not None and self.keeper.keep(state):
                self.journal.append("kept", epoch=state.epoch, step=state.step)
            if order != "keep":
                raise _Ended(order, state)

    def _order(self) -> Order:
        if self.told.asked:
            return "end"
        if self.journal is None:
            return ""
        if request := requested(self.run.folder):
            return request
        return "keep" if self.keeper.is_due() else ""

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
        """PCA with the same D', which the page shows beside the result."""
        if self.journal is None:
            return
        self._set("running", phase="comparing with PCA")
        train_set, test_set = sets
        plan = architecture(self.config.arch).plan(train_set.shape, self.config.options)
        seen = train_set, test_set.without_classes(self.config.exclude_classes)
        self._set("running", pca_mse=pca_mse(seen, plan.latent_dim))

    def _forget(self) -> None:
        """Let go of the kept state, with which nobody can go on any more."""
        if self.journal is not None:
            self.keeper.drop()

    def _note(self, event: Event) -> None:
        if self.journal is not None:
            self.journal.note(event)

    def _set(self, state: RunState, reason: str = "", **fields: Any) -> None:
        if self.journal is not None:
            self.journal.set(state, reason, **fields)


def _silent(done: int, total: int | None) -> None:
    """Progress of the other ranks goes nowhere: rank 0 reports it."""


def _reason(error: BaseException) -> str:
    """Why a run failed and what to do, in a sentence."""
    if isinstance(error, HourglassError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: free some space or mend the folder, then resume."
    if isinstance(error, MemoryError) or "memory" in str(error):
        return "There is not enough memory: choose smaller widths or batches."
    return f"{type(error).__name__}: {str(error)[:200]} (the log has the details)."
