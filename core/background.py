"""Background jobs in threads, with progress, result and cancelling.

Imports only core.config.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from core.config import DataError, HourglassError

State = Literal["running", "done", "failed", "cancelled"]
Progress = Callable[[int, int | None], None]  # steps done, steps in all or None if unknown
Work = Callable[[Progress], Any]
MOST_AT_ONCE = 4
UNEXPECTED = "An unexpected error occurred: see the log of the server for details."
NO_MEMORY = "There is not enough memory for this: choose fewer or smaller images."


class Cancelled(Exception):
    """Raised in the work after cancel(), at its next report of progress."""


class Ongoing:
    """The progress and result of work that takes a while.

    state: running, done (result is set), failed (error is a sentence) or cancelled.  done, total:
    steps of the work; total is None while unknown.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.state: State = "running"
        self.done = 0
        self.total: int | None = None
        self.error = ""
        self.result: Any = None
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def share(self) -> float | None:
        """The share that is done, 0 to 1; None while unknown."""
        return min(1.0, self.done / self.total) if self.total else None

    def seconds_left(self) -> float | None:
        """Seconds left at the mean speed so far; None while unknown."""
        share = self.share()
        if not share:
            return None
        return (time.monotonic() - self._began) * (1 - share) / share

    def end(self, state: State, error: str = "", result: Any = None) -> None:
        """Set the final state; only the first call counts."""
        with self._lock:
            if self.state == "running":
                self.error, self.result = error, result
                self.state = state


class Job(Ongoing):
    """Work in a thread of its own, started by the constructor."""

    def __init__(self, title: str, work: Work) -> None:
        super().__init__(title)
        self._thread = threading.Thread(target=self._run, args=(work,), name=title, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Mark the job as cancelled; its thread ends at its next report of progress."""
        self.end("cancelled")

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the thread has ended, or for so many seconds."""
        self._thread.join(seconds)

    def _run(self, work: Work) -> None:
        try:
            self.end("done", result=work(self._tell))
        except Cancelled:
            pass
        except HourglassError as error:
            self.end("failed", error=str(error))
        except MemoryError:
            self.end("failed", error=NO_MEMORY)
        except Exception:
            logging.getLogger(__name__).exception("%s failed", self.title)
            self.end("failed", error=UNEXPECTED)

    def _tell(self, done: int, total: int | None) -> None:
        if self.state != "running":
            raise Cancelled
        self.done, self.total = done, total


class Jobs:
    """Jobs by key, at most one running for each key. Safe for use by many threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, key: str, title: str, work: Work) -> Job:
        """Start a job, or return the running job of this key.

        Raises DataError if MOST_AT_ONCE are running.
        """
        with self._lock:
            found = self._jobs.get(key)
            if found is not None and found.state == "running":
                return found
            if sum(job.state == "running" for job in self._jobs.values()) >= MOST_AT_ONCE:
                raise DataError(
                    f"{MOST_AT_ONCE} downloads or maps are being made already: wait for one to end."
                )
            self._jobs[key] = Job(title, work)
            return self._jobs[key]

    def get(self, key: str) -> Job | None:
        """The last job of this key; None if there was none or it was removed."""
        return self._jobs.get(key)

    def forget_about(self, text: str) -> None:
        """Remove all jobs with this text in their key, such as a model's digest."""
        for key in [key for key in list(self._jobs) if text in key]:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Cancel the job of this key if it is running, and remove it with its result."""
        with self._lock:
            job = self._jobs.pop(key, None)
        if job is not None:
            job.cancel()
