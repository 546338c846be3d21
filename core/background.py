"""Work that takes a while, in a thread of its own: how far it is, how it ended, how to stop it.

Imports only core.config.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from core.config import DataError, HourglassError

State = Literal["running", "done", "failed", "cancelled"]
Progress = Callable[[int, int | None], None]  # so much is done, of so much in all if known
Work = Callable[[Progress], Any]
MOST_AT_ONCE = 4
UNEXPECTED = "Something went wrong that should not have: the log of the server says what."
NO_MEMORY = "There is not enough memory for this: choose fewer or smaller images."


class Cancelled(Exception):
    """Raised inside the work after cancel(), where it next tells its progress."""


class Ongoing:
    """Something that takes a while: how far it is, and how it ended.

    state: running, done (then result is what it gave), failed (then error is a sentence) or
    cancelled.  done, total: its own count; total None while unknown.
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
        """How much of it is done, 0 to 1; None while that is unknown."""
        return min(1.0, self.done / self.total) if self.total else None

    def seconds_left(self) -> float | None:
        """At the mean speed so far; None while that is unknown."""
        share = self.share()
        if not share:
            return None
        return (time.monotonic() - self._began) * (1 - share) / share

    def end(self, state: State, error: str = "", result: Any = None) -> None:
        """The first end counts; what comes after it is dropped."""
        with self._lock:
            if self.state == "running":
                self.error, self.result = error, result
                self.state = state


class Job(Ongoing):
    """One piece of work in a thread of its own, begun when it is made."""

    def __init__(self, title: str, work: Work) -> None:
        super().__init__(title)
        self._thread = threading.Thread(target=self._run, args=(work,), name=title, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """It counts as cancelled at once; its thread ends when it next tells its progress."""
        self.end("cancelled")

    def wait(self, seconds: float | None = None) -> None:
        """Until its thread has ended, or for so long."""
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
    """Jobs by key, at most one of a key running at a time; for use by many threads."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, key: str, title: str, work: Work) -> Job:
        """Begin it, or give back the one of this key that is running.

        Raises DataError if MOST_AT_ONCE are running.
        """
        with self._lock:
            found = self._jobs.get(key)
            if found is not None and found.state == "running":
                return found
            if sum(job.state == "running" for job in self._jobs.values()) >= MOST_AT_ONCE:
                raise DataError(
                    f"{MOST_AT_ONCE} things are being fetched or read already: wait for one to end."
                )
            self._jobs[key] = Job(title, work)
            return self._jobs[key]

    def get(self, key: str) -> Job | None:
        """The last job of this key; None if there was none, or it is forgotten."""
        return self._jobs.get(key)

    def forget_about(self, text: str) -> None:
        """Forget all jobs with this text in their key: a model's digest, say."""
        for key in [key for key in list(self._jobs) if text in key]:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Cancel it if it is running, and drop it and its result."""
        with self._lock:
            job = self._jobs.pop(key, None)
        if job is not None:
            job.cancel()
