"""Starts, pauses, stops, cancels and deletes background runs, from any process."""

import contextlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import filelock
import msgspec

from core import checkpoints, locks
from core.config import OptionError, TrainingError, local_checkpoints_dir, runs_dir
from core.files import remove_abandoned, write_atomically
from core.locks import Lock
from core.runs import Broken, Run, found, processes, read
from core.runs.processes import Process
from core.runs.queue import lock
from core.runs.status import (
    LIVE,
    is_at_work,
    launched,
    lock_of,
    processes_of,
    replace_state,
    write_status,
    written_status,
)

Request = Literal["pause", "stop", "cancel"]
GRACE = 1.2  # seconds from asking a run to cancel until it is killed
LET_GO = 5.0  # seconds that the system may take, when busy, to clear a killed process away
PATIENCE = 1.0  # seconds that the process of a run which has just ended may take to let go of it
TRASH = ".deleted-"


def start(run: Run) -> Run:
    """Start or resume a run in the background; it waits in the queue by itself.

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
    """Under lock(). The run's own lock is held from here on, and handed on to its process."""
    if not run.is_live and not run.can_resume:
        raise OptionError(f"{run.id} is {run.state}: there is nothing to resume.")
    own = None if run.is_live else locks.take(lock_of(run.folder), PATIENCE)
    if own is None:
        raise OptionError(f"{run.id} is {read(run.folder).state} already.")
    try:
        clear(run)
        (run.folder / "launch.json").unlink(missing_ok=True)
        waiting = replace_state(run.status, "queued")
        write_status(run.folder, msgspec.structs.replace(waiting, pid=0, started=0.0))
        process = _process(run, own)
        write_atomically(run.folder / "launch.json", msgspec.json.encode(process._asdict()))
    finally:
        own.release()


def _process(run: Run, own: Lock) -> Process:
    command = [sys.executable, "-m", "core", "train", "--resume", run.id, "--wait"]
    threads = str(run.config.threads)
    environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    return processes.launch(command, run.folder / "log.txt", environment, own)


def ask(run: Run, request: Request) -> None:
    """Ask a live run to pause (its state kept), or to stop (its model kept, too).

    OptionError if it is not live: then nothing is left that it would find when it is resumed.
    """
    _check_live(run, request)
    write_atomically(run.folder / "request", request.encode())
    try:
        _check_live(run, request)
    except OptionError:  # it has just ended
        clear(run)
        raise


def _check_live(run: Run, request: Request) -> None:
    now = read(run.folder)
    if not now.is_live:
        raise OptionError(f"{run.id} is {now.state}: there is nothing to {request}.")


def clear(run: Run) -> None:
    """Delete a request from the run's last execution."""
    (run.folder / "request").unlink(missing_ok=True)


def has_begun(run: Run) -> bool:
    """Whether its training has ever begun."""
    return written_status(run.folder).steps_per_epoch > 0


def cancel(run: Run) -> Run:
    """End a run within two seconds; its saved state stays, to resume from.

    TrainingError if its process cannot be ended from here.
    """
    run = read(run.folder)
    if not run.is_live:
        return run
    write_atomically(run.folder / "request", b"cancel")
    _wait_until_gone(run, GRACE)
    for process in _to_kill(run):
        process.kill()
    _wait_until_gone(run, LET_GO)
    if is_at_work(run.folder):
        raise TrainingError(
            f"The process of {run.id} cannot be ended from here: end process {run.status.pid} of "
            "the machine that it runs on."
        )
    clear(run)
    if read(run.folder).state in ("interrupted", *LIVE):
        write_status(run.folder, replace_state(written_status(run.folder), "cancelled"))
    remove_abandoned(run.folder)
    return read(run.folder)


def delete(run: Run | Broken) -> None:
    """Remove a run's folder; its checkpoint, if any, stays.

    OptionError if somebody is at work on it, TrainingError if the disk refuses.
    """
    try:
        gone = _put_away(run.folder)
    except OSError as error:
        raise TrainingError(
            f"{run.id} cannot be deleted ({error.strerror}): check that you may write in "
            f"{run.folder.parent}."
        ) from error
    shutil.rmtree(gone, ignore_errors=True)


def tidy() -> None:
    """Remove files that killed processes have left in the folders of runs and models.

    Files that are being written and live runs stay.
    """
    for trash in runs_dir().glob(f"{TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)
    for run in found():
        with contextlib.suppress(OSError):  # another user's
            remove_abandoned(run.folder)
            if not run.is_live and not run.can_resume:
                (run.folder / "state").unlink(missing_ok=True)
    remove_abandoned(local_checkpoints_dir(), f"*{checkpoints.SUFFIX}")


def _put_away(folder: Path) -> Path:
    """Rename a run's folder to a hidden name, under its lock, before it is deleted."""
    own = locks.take(lock_of(folder), PATIENCE)
    if own is None:
        state = written_status(folder).state
        raise OptionError(f"{folder.name} is {state}: cancel it first.")
    try:
        if not locks.CAN_HAND_ON:
            own.release()  # a folder with an open file in it stays where it is
        gone = Path(tempfile.mkdtemp(dir=folder.parent, prefix=TRASH)) / folder.name
        return folder.rename(gone).parent
    finally:
        if locks.CAN_HAND_ON:
            own.release()


def _wait_until_gone(run: Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and (is_at_work(run.folder) or _alive(run)):
        time.sleep(0.05)


def _to_kill(run: Run) -> list[Process]:
    """Processes that run it, or were started for it alone and have not ended yet."""
    if is_at_work(run.folder):
        return _alive(run)
    return [process for process in _alive(run) if process == launched(run.folder)]


def _alive(run: Run) -> list[Process]:
    return processes_of(run.folder, written_status(run.folder))
