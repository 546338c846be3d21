"""How long a map will take: from what it costs, this machine's pace, and how busy it is.

The pace is measured each time a map was made, and kept in the data folder.
"""

import contextlib
import math
from dataclasses import dataclass

import psutil

from core import config
from core.files import write_atomically
from core.latent.projections import BY_NAME
from core.machine import cores

SLOWEST, FASTEST = 20.0, 0.05  # paces that are believed
FILE = "map-pace.txt"


@dataclass(frozen=True)
class Expected:
    """Seconds by the clock.  before: until the first step.  steps: from then on."""

    before: float
    steps: float

    @property
    def total(self) -> float:
        return self.before + self.steps

    def share(self, seconds: float, done: int, steps: int) -> float:
        """How much of it is done, 0 to 1.

        seconds: since it was begun; they count only until the first of the steps is done.
        """
        start = self.before / max(self.total, 1e-9)
        if not done:
            return start * min(0.98, seconds / max(self.before, 1e-9))
        return start + (1 - start) * done / steps


def expected(method: str, n: int, k: int) -> Expected:
    """How long a map of n codes of k numbers will take now; 0 where it is there at once."""
    cost = BY_NAME[method].cost(n, k)
    slow = _pace() * _busy()
    return Expected(cost.before * slow, cost.steps * slow)


def note(method: str, n: int, k: int, seconds: float) -> None:
    """Note what such a map cost here.  seconds: of the processor, not by the clock."""
    cost = BY_NAME[method].cost(n, k)
    if seconds <= 0 or not cost.before + cost.steps:
        return
    measured = seconds / (cost.before + cost.steps)
    pace = min(SLOWEST, max(FASTEST, math.sqrt(_pace() * measured)))
    with contextlib.suppress(OSError):  # a full disk costs only the estimate
        config.data_dir().mkdir(parents=True, exist_ok=True)
        write_atomically(config.data_dir() / FILE, f"{pace:.4f}".encode(), durable=False)


def _pace() -> float:
    """How many times longer things take here than where the costs were measured."""
    with contextlib.suppress(OSError, ValueError):
        pace = float((config.data_dir() / FILE).read_text("ascii"))
        if FASTEST <= pace <= SLOWEST:
            return pace
    return 1.0


def _busy() -> float:
    """How many times longer, since others want the processor, too."""
    with contextlib.suppress(OSError):
        return max(1.0, float(psutil.getloadavg()[0] + 1) / cores())
    return 1.0
