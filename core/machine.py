"""Number of parallel runs on this machine, and of threads for each.

Small networks become many times slower if their threads wait for a core. So one core is left for
the dashboard, and the runs share the others.
"""

import os

from core.config import OptionError

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
