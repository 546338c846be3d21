"""Expected duration of a map: its cost, the speed of this machine, and its current load.

The speed is measured whenever a map was computed, and stored in the data folder.
"""

import contextlib
import math
from dataclasses import dataclass

import psutil

from core import config
from core.files import write_atomically
from core.latent.projections import BY_NAME
from core.machine import cores

SLOWEST, FASTEST = 20.0, 0.05  # bounds of a measured pace
FILE = "map-pace.txt"


@dataclass(frozen=True)
class Expected:
    """Wall time in seconds.  before: until the first step.  steps: from the first step on."""

    before: float
    steps: float

    @property
    def total(self) -> float:
        return self.before + self.steps

    def share(self, seconds: float, done: int, steps: int) -> float:
        """The share that is done, 0 to 1.

        seconds: since the start; used only until the first step is done.
        """
        start = self.before / max(self.total, 1e-9)
        if not done:
            return start * min(0.98, seconds / max(self.before, 1e-9))
        return start + (1 - start) * done / steps


def expected(method: str, n: int, k: int) -> Expected:
    """Expected duration now of a map of n codes of k numbers; 0 if no computation is needed."""
    cost = BY_NAME[method].cost(n, k)
    slow = _pace() * _busy()
    return Expected(cost.before * slow, cost.steps * slow)


def note(method: str, n: int, k: int, seconds: float) -> None:
    """Record the cost of a map on this machine.  seconds: processor time, not wall time."""
    cost = BY_NAME[method].cost(n, k)
    if seconds <= 0 or not cost.before + cost.steps:
        return
    measured = seconds / (cost.before + cost.steps)
    pace = min(SLOWEST, max(FASTEST, math.sqrt(_pace() * measured)))
    with contextlib.suppress(OSError):  # disk full: the estimate stays as it was
        config.data_dir().mkdir(parents=True, exist_ok=True)
        write_atomically(config.data_dir() / FILE, f"{pace:.4f}".encode(), durable=False)


def _pace() -> float:
    """Duration on this machine divided by that where the costs were measured."""
    with contextlib.suppress(OSError, ValueError):
        pace = float((config.data_dir() / FILE).read_text("ascii"))
        if FASTEST <= pace <= SLOWEST:
            return pace
    return 1.0


def _busy() -> float:
    """Factor by which the current load of the machine lengthens a computation, at least 1."""
    with contextlib.suppress(OSError):
        return max(1.0, float(psutil.getloadavg()[0] + 1) / cores())
    return 1.0
