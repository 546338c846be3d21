"""The queue of background runs: a few train at a time, the others wait, the oldest first."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, get_args

import filelock

from core import machine
from core.config import runs_dir
from core.runs import Run, found
from core.runs.journal import Journal

# What a running training is asked to do: by a file in its folder, or by a signal.

Order = Literal["", "keep", "pause", "stop", "cancel", "end"]
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass
class Signals:
    """Whether the process was asked to end.

    gently: the work looks at `asked` now and then. If false, and at the second request in any
    case, KeyboardInterrupt is raised instead.
    """

    asked: bool = False
    gently: bool = False

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        """For signal.signal."""
        if self.asked or not self.gently:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def signals() -> Iterator[Signals]:
    """Inside this block SIGINT (Ctrl-C) and SIGTERM are noted instead of ending the process."""
    received = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread gets signals
        return
    before = {number: signal.signal(number, received.receive) for number in _NUMBERS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def requested(folder: Path) -> Order:
    """The request in a run's folder, "" if there is none."""
    try:
        text = (folder / "request").read_text("ascii")
    except (OSError, ValueError):
        return ""
    return next((order for order in ("pause", "stop", "cancel") if order == text), "")


_NUMBERS = (signal.SIGINT, signal.SIGTERM)


POLL = 0.25  # seconds between two looks whether it is our turn
PATIENCE = 10.0  # seconds to wait for the lock, which is only held for an instant


def lock() -> filelock.BaseFileLock:
    """Held while somebody starts runs or takes a turn."""
    runs_dir().mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(runs_dir() / ".lock", timeout=PATIENCE)


def may_begin(run: Run) -> bool:
    """Whether it is this queued run's turn: a place is free, no older one waits. Under lock()."""
    return n_ahead(run, found()) == 0


def n_ahead(run: Run, runs: Sequence[Run]) -> int:
    """Number of runs before a queued one in the queue; 0 if it may begin now."""
    others = [other for other in runs if other.id != run.id]
    busy = sum(other.state in ("running", "stopping") for other in others)
    older = sum(
        other.state == "queued" and other.config.created < run.config.created for other in others
    )
    return max(0, busy + older + 1 - machine.max_runs())


def awaited(run: Run, journal: Journal) -> bool:
    """Wait for a free place; False if the run was cancelled while it waited."""
    journal.set("queued")
    while not (request := requested(run.folder)):
        if _taken(run, journal):
            return True
        os.utime(run.folder / "status.json")  # a sign of life
        time.sleep(POLL)
    journal.set("paused" if request == "pause" else "cancelled")
    return False


def _taken(run: Run, journal: Journal) -> bool:
    """Whether the turn came, and is now taken."""
    try:
        with lock():
            if not may_begin(run):
                return False
            journal.set("running", phase="starting")
            return True
    except filelock.Timeout:  # a process that was stopped may hold it: keep waiting
        return False
