"""Whose turn it is: background runs wait until one of a few places is free, the oldest first."""

import os
import time
from collections.abc import Sequence

import filelock

from core import machine
from core.config import runs_dir
from core.running.journal import Journal
from core.running.orders import requested
from core.runs import Run, found

POLL = 0.25  # seconds between two looks whether it is our turn
PATIENCE = 10.0  # seconds to wait for the lock, which nobody holds for longer than an instant


def lock() -> filelock.BaseFileLock:
    """Held while somebody starts runs or takes a turn."""
    runs_dir().mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(runs_dir() / ".lock", timeout=PATIENCE)


def may_begin(run: Run) -> bool:
    """Whether it is this queued run's turn: a place is free, no older one waits. Under lock()."""
    return n_ahead(run, found()) == 0


def n_ahead(run: Run, runs: Sequence[Run]) -> int:
    """How many of all runs must end, or begin, before a queued one may begin; 0 if it may now."""
    others = [other for other in runs if other.id != run.id]
    busy = sum(other.state in ("running", "stopping") for other in others)
    older = sum(
        other.state == "queued" and other.config.created < run.config.created for other in others
    )
    return max(0, busy + older + 1 - machine.max_runs())


def awaited(run: Run, journal: Journal) -> bool:
    """Wait until a place is free; False if the run was asked not to begin at all."""
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
