"""Starts, pauses, stops, cancels and deletes background runs, from any process."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import filelock
import msgspec

from core import checkpoints, locks, machine
from core.config import OptionError, TrainingError, local_checkpoints_dir, python, runs_dir
from core.files import remove_abandoned, write_atomically
from core.runs import Broken, Run, found, processes, read
from core.runs.processes import Process
from core.runs.queue import lock
from core.runs.status import (
    LIVE,
    WorkStatus,
    is_at_work,
    launched,
    lock_of,
    processes_of,
    replace_state,
    write_status,
    written_as,
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
    process does not let go of the runs, or PyTorch is not installed.
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
    machine.check_torch()
    if not run.is_live and not run.can_resume:
        raise OptionError(f"{run.id} is {run.state}: there is nothing to resume.")
    if run.is_live:
        raise OptionError(f"{run.id} is {run.state} already.")
    threads = str(run.config.threads)
    environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    launch_in(run.folder, run.status, _command(run), environment)


def _command(run: Run) -> list[str]:
    return python("core", "train", "--resume", run.id, "--wait")


def launch_in(
    folder: Path, status: WorkStatus, command: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Start a process that works in a folder, and holds its lock from its first moment on.

    OptionError if one is at work there already.
    """
    own = locks.take(lock_of(folder), PATIENCE)
    if own is None:
        raise OptionError(f"{folder.name} is {written_as(WorkStatus, folder).state} already.")
    try:
        (folder / "request").unlink(missing_ok=True)
        (folder / "launch.json").unlink(missing_ok=True)
        waiting = replace_state(status, "queued")
        write_status(folder, msgspec.structs.replace(waiting, pid=0, started=0.0))
        process = processes.launch(command, folder / "log.txt", environment, own)
        write_atomically(folder / "launch.json", msgspec.json.encode(process._asdict()))
    finally:
        own.release()


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


def ask_to_keep(run: Run) -> None:
    """Ask a run that nobody executes to keep its model as it stands, when it is executed next.

    OptionError if there is no such model, or it is kept already.
    """
    if not run.can_resume or run.state == "stopped":
        raise OptionError(f"{run.id} is {run.state}: there is nothing to stop.")
    if not (run.folder / "state").exists():
        raise OptionError(f"{run.id} has no saved state, so there is no model to keep.")
    write_atomically(run.folder / "request", b"stop")


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
    if not end_work(run.folder):
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
    delete_folder(run.folder)


def delete_folder(folder: Path) -> None:
    """Remove the folder of work that has ended.  Raises as delete()."""
    try:
        gone = _put_away(folder)
    except OSError as error:
        raise TrainingError(
            f"{folder.name} cannot be deleted ({error.strerror}): check that you may write in "
            f"{folder.parent}."
        ) from error
    shutil.rmtree(gone, ignore_errors=True)


def tidy() -> None:
    """Remove files that killed processes have left in the folders of runs and models.

    Files that are being written and live runs stay.
    """
    empty_trash(runs_dir())
    for run in found():
        with contextlib.suppress(OSError):  # another user's
            remove_abandoned(run.folder)
            if not run.is_live and not run.can_resume:
                (run.folder / "state").unlink(missing_ok=True)
    remove_abandoned(local_checkpoints_dir(), f"*{checkpoints.SUFFIX}")


def empty_trash(parent: Path) -> None:
    """Remove what delete_folder() could not remove wholly."""
    for trash in parent.glob(f"{TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)


def _put_away(folder: Path) -> Path:
    """Rename a folder to a hidden name, under its lock, before it is deleted."""
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


def end_work(folder: Path) -> bool:
    """Ask the process at work in a folder to cancel, and kill it if it does not within GRACE.

    Returns whether it has ended.
    """
    write_atomically(folder / "request", b"cancel")
    _wait_until_gone(folder, GRACE)
    for process in _to_kill(folder):
        process.kill()
    _wait_until_gone(folder, LET_GO)
    return not is_at_work(folder)


def _wait_until_gone(folder: Path, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and (is_at_work(folder) or _alive(folder)):
        time.sleep(0.05)


def _to_kill(folder: Path) -> list[Process]:
    """Processes at work in a folder, or started for it alone and not ended yet."""
    if is_at_work(folder):
        return _alive(folder)
    return [process for process in _alive(folder) if process == launched(folder)]


def _alive(folder: Path) -> list[Process]:
    """Processes of a folder that live; this one, which works in it with a thread, is none."""
    found = processes_of(folder, written_as(WorkStatus, folder))
    return [process for process in found if process.pid != os.getpid()]
