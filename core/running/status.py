"""How a run stands: what its process last wrote, and whether anybody is at work on it."""

import math
import time
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from core.files import write_atomically
from core.processes import Process

RunState = Literal[
    "queued", "running", "stopping", "paused", "stopped", "cancelled",
    "finished", "failed", "diverged", "interrupted",
]  # fmt: skip
LIVE: tuple[RunState, ...] = ("queued", "running", "stopping")
STARTING = 20.0  # seconds that a process may take until it says who it is
KILLED = "Its process ended without a word: it was killed, or the machine stopped."


class Status(Struct, frozen=True):
    """How a run stands, as its process last wrote it.

    phase: what a live one is doing.  reason: why it is not live any more, for people.
    pid, started: the process that owns it, 0 if none yet; see core.processes.
    epoch: from 1.  step: of that epoch.  images_per_second: of the last epoch or so.
    seconds_left: at the speed so far, -1 if not known.
    checkpoint: the name under which its model is kept, if it is.  mse, psnr (dB), ssim: of that
    model; mse is -1 while there is none.
    pca_mse: of PCA with the same D' on the same images, -1 if not known.
    """

    state: RunState = "queued"
    reason: str = ""
    phase: str = ""
    pid: int = 0
    started: float = 0.0
    epoch: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    n_images: int = 0
    n_parameters: int = 0
    images_per_second: float = 0.0
    seconds_left: float = -1.0
    checkpoint: str = ""
    mse: float = -1.0
    psnr: float = 0.0
    ssim: float = 0.0
    pca_mse: float = -1.0


def write_status(folder: Path, status: Status, durable: bool = True) -> None:
    """Replace the status; OSError if the disk refuses."""
    write_atomically(folder / "status.json", msgspec.json.encode(status), durable)


def replace_state(status: Status, state: RunState, reason: str = "") -> Status:
    """The status in another state, nothing under way."""
    return msgspec.structs.replace(status, state=state, reason=reason, phase="", seconds_left=-1.0)


def written_status(folder: Path) -> Status:
    """What the run's process last wrote, which need not be true any more."""
    try:
        return msgspec.json.decode((folder / "status.json").read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return Status(state="interrupted", reason=KILLED)


def true_status(folder: Path) -> Status:
    """What the run's process last wrote, unless the process is gone: then it is interrupted."""
    status = written_status(folder)
    if status.state in LIVE and not _has_process(folder, status):
        return msgspec.structs.replace(status, state="interrupted", reason=KILLED, phase="")
    return status


def processes_of(folder: Path, status: Status) -> list[Process]:
    """Those alive of the process that the status names and the one that was launched for it."""
    found = [Process(status.pid, status.started)] if status.pid else []
    try:
        launched = msgspec.json.decode((folder / "launch.json").read_bytes())
        found.append(Process(int(launched["pid"]), float(launched["started"])))
    except (OSError, KeyError, TypeError, ValueError, msgspec.DecodeError):
        pass  # it was not started in the background
    return [process for process in found if process.is_alive()]


def silent_seconds(folder: Path) -> float:
    """How long ago the run's process last showed a sign of life; infinite if it never did."""
    try:
        return max(0.0, time.time() - (folder / "status.json").stat().st_mtime)
    except OSError:
        return math.inf


def _has_process(folder: Path, status: Status) -> bool:
    """Whether somebody is at work on the run, or has been started for it just now."""
    if processes_of(folder, status):
        return True
    if status.pid or (folder / "launch.json").exists():
        return False
    return silent_seconds(folder) < STARTING
