"""What this machine has: PyTorch or not, and how many parallel runs and threads for each.

Small networks become many times slower if their threads wait for a core. So one core is left for
the dashboard, and the runs share the others.
"""

import importlib.util
import os
import sys
from pathlib import Path

from core.config import PREFIX, OptionError, TrainingError

MOST_RUNS, MOST_THREADS = 4, 8  # more threads do not help networks of this size


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def max_runs() -> int:
    """Largest number of parallel background runs: HOURGLASS_MAX_RUNS, or one for two cores.

    Raises OptionError if that variable is no number from 1 to 64.
    """
    asked = os.environ.get("HOURGLASS_MAX_RUNS", "")
    if asked and not (asked.isdecimal() and 1 <= int(asked) <= 64):
        raise OptionError("HOURGLASS_MAX_RUNS must be a whole number from 1 to 64.")
    return int(asked) if asked else max(1, min(cores() // 2, MOST_RUNS))


def threads_per_run() -> int:
    """Threads of a run, so that all runs and the dashboard have cores of their own."""
    return max(1, min((cores() - 1) // max_runs(), MOST_THREADS))


def check_torch() -> None:
    """Raises TrainingError with a sentence that says what to do if PyTorch is not installed.

    `make app` opens the dashboard while PyTorch is still being installed, and leaves a file in the
    environment until it is.
    """
    if (Path(sys.prefix) / "installing").exists():
        raise TrainingError(
            "PyTorch, which training needs, is still being installed: wait until the "
            "terminal of `make app` says that it is."
        )
    if importlib.util.find_spec("torch") is None:
        way = "pip install 'hourglass[train]'" if PREFIX else "make app"
        raise TrainingError(f"Training needs PyTorch, which is not installed: `{way}` brings it.")
