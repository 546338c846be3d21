"""Reads the files of an import: in a process of its own, which gives way to everything else."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import filelock
import msgspec

from core import machine, memory
from core.background import NO_MEMORY, UNEXPECTED, Cancelled
from core.computing.worker import NICENESS
from core.config import DataError, HourglassError
from core.data.offered import gate
from core.data.offered.gate import Offered, Terms
from core.data.own.import_images import gather
from core.images import parts
from core.imports import DRAFT, FILES, Import, ImportStatus, found, get, imports_dir
from core.runs import processes
from core.runs.journal import free_spare, log_error, owned
from core.runs.queue import POLL, requested
from core.runs.status import RunState, replace_state, write_status

MOST_AT_ONCE = 4  # imports that are read, if there are as many cores; the others wait
TELL_SECONDS = 0.5
MOST_BYTES = 2 << 30  # of memory that the process may take
LOOK_SECONDS = 0.5  # between two looks at its memory
PATIENCE = 10.0  # seconds to wait for the lock on the queue


def execute(one: Import, begun: Callable[[], None] = lambda: None) -> None:
    """Read an import's files into its draft; its status tells how that went, whatever happens.

    begun: called once the folder is held.
    """
    journal = _Journal(one)
    with owned(one.folder):
        begun()
        try:
            if _awaited(journal):
                _read(journal)
        except Cancelled:
            journal.set("cancelled", "It was cancelled.")
        except HourglassError as error:
            journal.set("failed", str(error))
        except MemoryError:
            journal.set("failed", NO_MEMORY)
        except Exception:
            logging.getLogger(__name__).exception("reading %s failed", one.id)
            free_spare(one.folder)
            log_error(one.folder)
            journal.set("failed", UNEXPECTED)


def n_ahead(one: Import, every: tuple[Import, ...]) -> int:
    """Number of imports that are read before a queued one; 0 if it may begin now."""
    others = [other for other in every if other.id != one.id]
    busy = sum(other.state == "running" for other in others)
    older = sum(
        other.state == "queued" and other.config.created < one.config.created for other in others
    )
    return max(0, busy + older + 1 - max_imports())


def max_imports() -> int:
    """Number of imports that are read at once."""
    return min(machine.cores(), MOST_AT_ONCE)


class _Journal:
    """Writes the status of an import, for the one process that owns it."""

    def __init__(self, one: Import) -> None:
        self.one = one
        pid, started = processes.this()
        self.status = ImportStatus(pid=pid, started=started)
        self._told = time.monotonic()
        self._began = self._told, 0  # when the part of the work began that is under way, and at

    def set(self, state: RunState, reason: str = "") -> None:
        """Write a state, safe against a power cut."""
        self.status = replace_state(self.status, state, reason)
        write_status(self.one.folder, self.status)

    def tell(self, n_done: int, n_files: int | None) -> None:
        """Write the progress at most every TELL_SECONDS.  Raises Cancelled if that was asked."""
        if n_done == 1:
            self._began = time.monotonic(), n_done
        if time.monotonic() - self._told >= TELL_SECONDS:
            left = self._seconds_left(n_done, n_files or 0)
            self._write(n_done=n_done, n_files=n_files or 0, seconds_left=left, phase="")

    def tell_phase(self, phase: str, n_done: int, n: int) -> None:
        """As tell(), of what follows once all files were read."""
        if phase != self.status.phase:
            self._told, self._began = 0.0, (time.monotonic(), n_done)
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._write(phase=phase, seconds_left=self._seconds_left(n_done, n))

    def _seconds_left(self, n_done: int, n: int) -> float:
        began, before = self._began
        if n_done <= before or n < n_done:
            return -1.0
        return (time.monotonic() - began) * (n - n_done) / (n_done - before)

    def check(self) -> None:
        """Raise Cancelled if that was asked."""
        if requested(self.one.folder) == "cancel":
            raise Cancelled

    def _write(self, **fields: object) -> None:
        self._told = time.monotonic()
        self.check()
        self.status = msgspec.structs.replace(self.status, **fields)
        write_status(self.one.folder, self.status, durable=False)


def _awaited(journal: _Journal) -> bool:
    """Wait for a free place.  Raises Cancelled if that was asked meanwhile."""
    journal.set("queued")
    while True:
        journal.check()
        with suppress(filelock.Timeout), _queue():
            if n_ahead(journal.one, found()) == 0:
                journal.set("running")
                return True
        time.sleep(POLL)


def _queue() -> filelock.BaseFileLock:
    """Held while an import takes its turn."""
    return filelock.FileLock(imports_dir() / ".lock", timeout=PATIENCE)


def _read(journal: _Journal) -> None:
    one = journal.one
    with _offered(one) as offers, parts.telling(journal.tell_phase):
        draft = gather(offers, one.config.form, one.config.source, journal.tell, one.folder / DRAFT)
        draft.save()
    journal.set("finished")


@contextmanager
def _offered(one: Import) -> Iterator[Offered]:
    terms = Terms(encoding=one.config.encoding)
    if one.config.path:
        yield gate.at_path(Path(one.config.path), terms)
        return
    with ExitStack() as opened:
        given = [
            (name, opened.enter_context(open(one.folder / FILES / str(i), "rb")))
            for i, name in enumerate(one.config.files)
        ]
        yield gate.in_files(given, terms)


def _watch_memory(one: Import) -> None:
    """End this process when it takes more than MOST_BYTES."""
    while memory.resident() < MOST_BYTES:
        time.sleep(LOOK_SECONDS)
    status = ImportStatus(state="failed", reason=NO_MEMORY)
    with suppress(OSError):
        write_status(one.folder, status)
    os._exit(1)


def main() -> None:
    """Read the import whose id is the one argument."""
    memory.few_arenas()
    if sys.platform != "win32":
        os.nice(NICENESS)
    try:
        one = get(sys.argv[1])
    except DataError as error:
        sys.exit(str(error))
    threading.Thread(target=_watch_memory, args=(one,), daemon=True).start()
    execute(one)


if __name__ == "__main__":
    main()
