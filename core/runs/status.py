"""The status of a run: what its process last wrote, and whether a process is running it.

The process that executes a run holds the lock on the file .lock in its folder from its start to its
end. Only that lock decides whether a run is live, because clocks can be set and process ids are
reused.
"""

import math
import time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from core import locks
from core.files import write_atomically
from core.runs.processes import Process

T = TypeVar("T")
S = TypeVar("S", bound="WorkStatus")
RunState = Literal[
    "queued", "running", "stopping", "paused", "stopped", "cancelled",
    "finished", "failed", "diverged", "interrupted",
]  # fmt: skip
LIVE: tuple[RunState, ...] = ("queued", "running", "stopping")
KILLED = "Its process ended without a message: it was killed, or the machine stopped."
NOT_BEGUN = "It has not begun: its process was not started, or failed at its start (see the log)."
UNREADABLE = "Its status.json cannot be read: resume it, or delete it."
LONGEST = 2_000  # letters of a text
Whole = Annotated[int, Meta(ge=0, le=10**12)]
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Text = Annotated[str, Meta(max_length=LONGEST)]


class WorkStatus(Struct, frozen=True):
    """The status of work in a process and a folder of its own, as the process last wrote it.

    phase: what a live one is doing.  reason: why it is not live any more, for people.
    pid, started: the process that owns it, 0 if none yet; see core.runs.processes.
    seconds_left: at the speed so far, -1 if not known.
    """

    state: RunState = "queued"
    reason: Text = ""
    phase: Text = ""
    pid: Whole = 0
    started: Number = 0.0
    seconds_left: Number = -1.0


class Status(WorkStatus, frozen=True):
    """The status of a run.

    epoch: from 1.  step: of that epoch.  images_per_second: of the last epoch or so.
    checkpoint: the name under which its model is kept, if it is.  mse, psnr (dB), ssim: of that
    model; mse is -1 while there is none.
    pca_mse: of PCA with the same D' on the same images, -1 if not known.
    """

    epoch: Whole = 0
    step: Whole = 0
    steps_per_epoch: Whole = 0
    n_images: Whole = 0
    n_parameters: Whole = 0
    images_per_second: Number = 0.0
    checkpoint: Text = ""
    mse: Number = -1.0
    psnr: Number = 0.0
    ssim: Number = 0.0
    pca_mse: Number = -1.0


def write_status(folder: Path, status: WorkStatus, durable: bool = True) -> None:
    """Replace the status; OSError if the disk refuses."""
    write_atomically(folder / "status.json", msgspec.json.encode(_sound(status)), durable)


def replace_state(status: S, state: RunState, reason: str = "") -> S:
    """The status in another state, nothing under way."""
    return msgspec.structs.replace(status, state=state, reason=reason, phase="", seconds_left=-1.0)


def written_status(folder: Path) -> Status:
    """written_as() of a run."""
    return written_as(Status, folder)


def true_status(folder: Path) -> Status:
    """true_as() of a run."""
    return true_as(Status, folder)


def written_as(kind: type[S], folder: Path) -> S:
    """The status that the folder's process last wrote, which may be out of date.

    A field that cannot be what it says is as in a new status; without a state that can be, the work
    counts as interrupted.
    """
    return _read(kind, folder) or kind(state="interrupted", reason=UNREADABLE)


def true_as(kind: type[S], folder: Path) -> S:
    """The written status, corrected to interrupted if no process is at work in the folder."""
    status = _read(kind, folder)
    if status is None:
        return kind(state="running") if is_at_work(folder) else written_as(kind, folder)
    if status.state in LIVE and not is_at_work(folder):
        reason = KILLED if status.pid else NOT_BEGUN
        return msgspec.structs.replace(status, state="interrupted", reason=reason, phase="")
    return status


def lock_of(folder: Path) -> Path:
    """The lock file of a folder, held by the process that is at work in it."""
    return folder / ".lock"


def is_at_work(folder: Path) -> bool:
    """Whether a process holds the folder's lock, or was started to take it."""
    held = locks.is_held(lock_of(folder))
    if held is None or (not held and not locks.CAN_HAND_ON):
        return bool(processes_of(folder, written_as(WorkStatus, folder)))
    return held


def processes_of(folder: Path, status: WorkStatus) -> list[Process]:
    """The live ones of the process named in the status and the process launched for it."""
    owner = Process(status.pid, status.started) if status.pid else None
    found = dict.fromkeys(filter(None, (owner, launched(folder))))
    return [process for process in found if process.is_alive()]


def launched(folder: Path) -> Process | None:
    """The process last launched for the folder; None if none was started in the background."""
    try:
        content = (folder / "launch.json").read_bytes()
        found = msgspec.json.decode(content, type=dict[str, Number])
        return Process(int(found["pid"]), found["started"])
    except (OSError, ValueError, KeyError, RecursionError):
        return None


def silent_seconds(folder: Path) -> float:
    """Seconds since the run's process last wrote its status, by the clock; infinite if never.

    Only for display: clocks can be set.
    """
    try:
        return max(0.0, time.time() - (folder / "status.json").stat().st_mtime)
    except OSError:
        return math.inf


def converted(value: Any, kind: Any, otherwise: T) -> T:
    """`value` if it is of that kind and in its bounds, as msgspec has them; else `otherwise`."""
    try:
        found: T = msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError, RecursionError):
        return otherwise
    return otherwise if isinstance(found, float) and not math.isfinite(found) else found


def _read(kind: type[S], folder: Path) -> S | None:
    try:
        found = msgspec.json.decode((folder / "status.json").read_bytes())
        state = msgspec.convert(found["state"], RunState)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    fields = msgspec.structs.fields(kind)
    kept = {one.name: converted(found.get(one.name), one.type, one.default) for one in fields}
    return kind(**kept | {"state": state})


def _sound(status: S) -> S:
    """The status with every field as written_status() would take it: JSON has no infinity."""
    changed: dict[str, Any] = {
        field.name: value[:LONGEST] if isinstance(value, str) else field.default
        for field in msgspec.structs.fields(type(status))
        if converted(value := getattr(status, field.name), field.type, _WRONG) is _WRONG
    }
    return msgspec.structs.replace(status, **changed)


_WRONG: Any = object()
