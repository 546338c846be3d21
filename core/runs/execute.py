"""Executes a run: training that saves its state and can be paused, stopped or cancelled.

However it ends, its folder records that. The end of a killed process, which cannot write, is
detected from outside (core.runs.status).
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core import checkpoints, locks
from core.background import Progress
from core.checkpoints import Checkpoint
from core.config import Diverged, HourglassError, OptionError, TrainingError, runs_dir
from core.data import catalogue
from core.images import digests
from core.images.imagesets import ImageSet
from core.models import architecture, pca
from core.runs import Run, RunConfig, found, queue
from core.runs.control import tidy
from core.runs.journal import Journal
from core.runs.queue import ORDERS, Order, Signals, requested, signals
from core.runs.status import RunState
from core.training import resume_state as learning_state
from core.training.descent import Descent
from core.training.distributed import ALONE, Team
from core.training.events import EpochDone, Event, StepDone
from core.training.resume_state import State
from core.training.trainer import Finish, keep, train

# What a trained model is compared with: PCA with as many numbers in the code.

MOST_COMPONENTS = 1024  # more are not worth the time
Sets = tuple[ImageSet, ImageSet]  # to train on, to test on


def pca_mse(sets: Sets, k: int) -> float:
    """The mean squared error, on the test images, of k principal components of the training images.

    Pixels in [0, 1].  Returns -1 if the training images do not have k components, or if k is above
    MOST_COMPONENTS.
    """
    train_set, test_set = sets
    if k > min(len(train_set), train_set.images[0].size, MOST_COMPONENTS):
        return -1.0
    tensors, _ = pca.fit(train_set.pixels().reshape(len(train_set), -1), k)
    x = test_set.pixels().reshape(len(test_set), -1)
    z = x @ tensors["encoder.1.weight"].T + tensors["encoder.1.bias"]
    x_hat = z @ tensors["decoder.0.weight"].T + tensors["decoder.0.bias"]
    return float(np.square(x - x_hat, dtype=np.float64).mean())


# Checkpoint cadence: at most MOST_SHARE of the time goes into saving the state.

MOST_SHARE = 0.05  # of the time may go into saving the state


class StateSaver:
    """Saves the state of a run in its folder, and decides when to save it again."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.path, self._config = folder / "state", config
        self._kept_at, self._steps, self._cost = time.monotonic(), 0, 0.0

    def count_step(self) -> None:
        """Count a step that is not saved yet."""
        self._steps += 1

    def is_due(self) -> bool:
        """Whether enough time or steps have passed since the last saving."""
        since = time.monotonic() - self._kept_at
        wanted = max(self._config.keep_seconds, self._cost / MOST_SHARE)
        return since >= wanted or self._steps >= self._config.keep_steps

    def keep(self, state: State) -> bool:
        """Save the state if it is good; return whether it was.  Raises OSError on disk errors."""
        began = time.monotonic()
        if is_good := state.is_good:
            learning_state.save(self.path, state)
        self._kept_at, self._steps = time.monotonic(), 0
        self._cost = self._kept_at - began
        return is_good

    def drop(self) -> None:
        """Delete the saved state, which is three times as large as the model."""
        self.path.unlink(missing_ok=True)

    def content(self) -> bytes:
        """The saved state as bytes of its file; empty if there is none."""
        return self.path.read_bytes() if self.path.exists() else b""

    def saved(self) -> State | None:
        """The saved state, or None.  Raises TrainingError if it is damaged."""
        return learning_state.load(self.path)


KEPT = "The model as it was before is kept."
NOT_KEPT = "It has no saved model."


class _Ended(Exception):
    """Training ends here because it was asked to."""

    def __init__(self, order: Order, state: State) -> None:
        super().__init__(order)
        self.order, self.state = order, state


def execute(
    run: Run,
    team: Team = ALONE,
    wait: bool = False,
    progress: Progress | None = None,
    finish: Finish | None = None,
) -> Iterator[Event]:
    """Trains, from where the run stands, and yields what happens. Ends early if asked to.

    A run that was paused and is now asked to stop keeps the model of its saved state.
    wait: in the queue of background runs.  progress: called with the number of loaded images;
    if None, that is written into the folder.  team: rank 0 alone writes there.  finish: see
    core.training.trainer.train.
    Raises OptionError if the run is under way already, or another one of its name is or has kept a
    model since, Diverged (the last good state is kept), what
    else keeps a training from going on, and KeyboardInterrupt for Ctrl-C, after the state is kept.
    """
    if team.rank:
        with signals() as signals_received:
            yield from _Work(run, None, team, signals_received).events(_silent)
        return
    journal = Journal(run)
    with journal.owned(), signals() as signals_received:
        try:
            tidy()
            with _name_held(run):
                if wait and not queue.awaited(run, journal):
                    return
                work = _Work(run, journal, team, signals_received, finish)
                yield from work.events(progress or journal.loaded)
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


@contextlib.contextmanager
def _name_held(run: Run) -> Iterator[None]:
    """Context in which no other training can write the model of this name.

    Raises OptionError if one is under way, or has begun and kept its model after this run began.
    """
    path = checkpoints.local_path(run.config.name)
    held = locks.take(runs_dir() / f".{run.config.name}.lock")
    if held is None:
        raise OptionError(
            f"Another training of the name {run.config.name} is under way: wait until it has ended."
        )
    try:
        for other in found():
            is_later = other.config.created > run.config.created
            if is_later and other.status.checkpoint == run.config.name and path.exists():
                raise OptionError(
                    f"{other.id} has kept a model as {run.config.name} since, which this run would "
                    "replace: delete that model first."
                )
        yield
    finally:
        held.release()


class _Work:
    """One process's part in a run; journal: rank 0's alone."""

    def __init__(
        self,
        run: Run,
        journal: Journal | None,
        team: Team,
        received: Signals,
        finish: Finish | None = None,
    ) -> None:
        self.run, self.journal, self.team, self.signals = run, journal, team, received
        self.finish = finish
        self.config = run.config.train
        self.path = checkpoints.local_path(run.config.name)
        self.saver = StateSaver(run.folder, run.config)

    def events(self, progress: Progress) -> Iterator[Event]:
        """From where the run stands to its end, or to where it is asked to end."""
        self._set("running", phase="loading the images")
        sets = self._images(progress)
        start = self._start(sets[0])
        self.signals.gently = True
        try:
            if self.team.size == 1 and start is not None and requested(self.run.folder) == "stop":
                raise _Ended("stop", start)
            for event in train(self.config, *sets, self.path, start, self.team, self._finished):
                self._note(event)
                yield event
                if isinstance(event, StepDone | EpochDone):
                    self._obey(event)
        except _Ended as end:
            yield from self._ended(end, sets)
        except Diverged:
            with contextlib.suppress(HourglassError, OSError):  # the first error is reported
                yield from self._judged(self.saver.saved(), sets)
            self._forget()
            raise
        else:
            self._compare(sets)
            self._set("finished")
            self._forget()

    def _images(self, progress: Progress) -> Sets:
        config, root = self.config, self.run.config.data_root
        train_set = catalogue.training_images(
            config.dataset, config.exclude_classes, root, progress
        )
        train_set = train_set.drawn(config.n_train, config.seed)
        return train_set, catalogue.load(config.dataset, "test", root, progress)

    def _start(self, train_set: ImageSet) -> State | None:
        """The kept state, if any, or that of a finished model whose training goes on.

        Rank 0 reads it and sends it to the others.
        """
        content = self.saver.content() if self.journal is not None else b""
        if self.journal is not None and not content and self.run.config.start_from:
            content = learning_state.to_bytes(self._of_finished_model(train_set))
        content = self.team.broadcast_bytes(content)
        state = learning_state.from_bytes(content) if content else None
        if self.journal is not None:
            self.journal.begin(state)
        return state

    def _of_finished_model(self, train_set: ImageSet) -> State:
        """Raises CheckpointError or TrainingError if that model cannot be trained on."""
        model = checkpoints.load(self.run.config.start_from)
        seen = model.training_digests
        if (
            seen is not None
            and not digests.among(seen, digests.in_order(digests.of(train_set.images))).all()
        ):
            raise TrainingError(
                f"{model.card.name} was trained on other images than {train_set.id} has now: train "
                "a new model on them."
            )
        descent = Descent(self.config, model.card.plan, train_set)
        descent.take_over(model.tensors, model.card.document.history)
        return descent.state()

    def _obey(self, event: StepDone | EpochDone) -> None:
        if event.state is None:
            return
        if isinstance(event, StepDone):
            self.saver.count_step()
        order = ORDERS[self.team.broadcast_int(ORDERS.index(self._order()))]
        if order:
            state = event.state()
            if self.journal is not None and self.saver.keep(state):
                self.journal.append("kept", epoch=state.epoch, step=state.step)
            if order != "keep":
                raise _Ended(order, state)

    def _order(self) -> Order:
        if self.signals.asked:
            return "end"
        if self.journal is None:
            return ""
        if request := requested(self.run.folder):
            return request
        return "keep" if self.saver.is_due() else ""

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
        for event in keep(self.config, *sets, self.path, state, self._finished):
            self._note(event)
            yield event

    def _finished(self, checkpoint: Checkpoint, train_set: ImageSet) -> Checkpoint:
        """What is to be done to the model before it is saved."""
        if self.finish is None:
            return checkpoint
        if self.journal is not None:
            status = self.journal.status
            self.journal.set(status.state, status.reason, phase="choosing a score for outliers")
        return self.finish(checkpoint, train_set)

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
        """Delete the saved state, from which the run cannot be resumed any more."""
        if self.journal is not None:
            self.saver.drop()

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
