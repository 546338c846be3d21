"""Starting runs in the background, and asking them for something, from any process."""

import shutil
import sys
import time
from typing import Literal

import filelock
import msgspec

from core import processes
from core.config import OptionError, TrainingError
from core.files import write_atomically
from core.processes import Process
from core.running.status import (
    LIVE,
    processes_of,
    replace_state,
    write_status,
    written_status,
)
from core.running.turns import lock
from core.runs import Run, read

Request = Literal["pause", "stop", "cancel"]
GRACE = 1.2  # seconds from asking a run to cancel until it is killed


def start(run: Run) -> Run:
    """Start, or go on with, a run in the background; it waits for its turn by itself.

    OptionError if it is live already or there is nothing left to do; TrainingError if another
    process does not let go of the runs.
    """
    try:
        with lock():
            _launch(read(run.folder))
    except filelock.Timeout as error:
        raise TrainingError(
            f"Another process holds {error.lock_file}: end it, then start this run again."
        ) from error
    return read(run.folder)


def _launch(run: Run) -> None:
    """Under lock()."""
    if run.is_live and (run.folder / "launch.json").exists():
        raise OptionError(f"{run.id} is {run.state} already.")
    if not run.is_live and not run.can_resume:
        raise OptionError(f"{run.id} is {run.state}: there is nothing to go on with.")
    clear(run)
    (run.folder / "launch.json").unlink(missing_ok=True)
    waiting = replace_state(run.status, "queued")
    write_status(run.folder, msgspec.structs.replace(waiting, pid=0, started=0.0))
    command = [sys.executable, "-m", "core", "train", "--resume", run.id, "--wait"]
    threads = str(run.config.threads)
    process = processes.launch(
        command,
        run.folder / "log.txt",
        {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"},
    )
    write_atomically(run.folder / "launch.json", msgspec.json.encode(process._asdict()))


def ask(run: Run, request: Request) -> None:
    """Ask a live run to pause (its state kept), or to stop (its model kept, too)."""
    write_atomically(run.folder / "request", request.encode())


def clear(run: Run) -> None:
    """Forget what the run was asked when it last ran."""
    (run.folder / "request").unlink(missing_ok=True)


def has_begun(run: Run) -> bool:
    """Whether it ever got as far as training."""
    return written_status(run.folder).steps_per_epoch > 0


def cancel(run: Run) -> Run:
    """End a run within two seconds, whatever it is doing; what it kept stays, to go on from."""
    run = read(run.folder)
    if not run.is_live:
        return run
    ask(run, "cancel")
    gone_by = time.monotonic() + GRACE
    while time.monotonic() < gone_by and _alive(run):
        time.sleep(0.05)
    for process in _alive(run):
        process.kill()
    if read(run.folder).state in ("interrupted", *LIVE):
        write_status(run.folder, replace_state(written_status(run.folder), "cancelled"))
    return read(run.folder)


def delete(run: Run) -> None:
    """Remove a run's folder; its checkpoint, if any, stays.  OptionError if it is live."""
    if read(run.folder).is_live:
        raise OptionError(f"{run.id} is {run.state}: cancel it first.")
    shutil.rmtree(run.folder)


def _alive(run: Run) -> list[Process]:
    return processes_of(run.folder, written_status(run.folder))
