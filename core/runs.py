"""Training runs: a folder each, readable by anybody at any time, whatever became of the process.

config.json    what is trained                    request      what the run is asked to do
status.json    how it stands                      state        where it can go on (see learning/)
events.jsonl   what happened, a line each         epochs/      pictures and codes after each epoch
launch.json    the process last started for it    log.txt      what that process printed
"""

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from core import checkpoints
from core.config import NAME_PATTERN, HourglassError, OptionError, runs_dir
from core.files import write_atomically
from core.learning.recipes import TrainConfig
from core.processes import Process

RunState = Literal[
    "queued", "running", "stopping", "paused", "stopped", "cancelled",
    "finished", "failed", "diverged", "interrupted",
]  # fmt: skip
LIVE: tuple[RunState, ...] = ("queued", "running", "stopping")
STARTING = 20.0  # seconds that a process may take until it says who it is
KILLED = "Its process ended without a word: it was killed, or the machine stopped."


class RunConfig(Struct, frozen=True):
    """What a run does.

    name: of the checkpoint.  created: seconds since 1970.  threads: CPU threads.  data_root: where
    public data sets lie, if said.  keep_seconds, keep_steps: the state is kept at least as often.
    launcher: what began it, so that torchrun finds it again after a restart.
    """

    name: str
    created: float
    train: TrainConfig
    threads: int = 1
    data_root: str | None = None
    keep_seconds: float = 10.0
    keep_steps: int = 2000
    launcher: str = ""


class Status(Struct, frozen=True):
    """How a run stands, as its process last wrote it.

    phase: what a live one is doing.  reason: why it is not live any more, for people.
    seconds_left: by the speed so far, -1 if not known.  images_per_second: of the last epoch or so.
    checkpoint: the name under which its model is kept, if it is.  mse: of that model.
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


@dataclass(frozen=True)
class Run:
    """A run as it stands now."""

    folder: Path
    config: RunConfig
    status: Status

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def state(self) -> RunState:
        """The truth: what the status says, unless its process is gone."""
        return self.status.state

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def can_resume(self) -> bool:
        """Whether there is something left to do, and nobody doing it."""
        return not self.is_live and self.state not in ("finished", "diverged")

    @property
    def share_done(self) -> float:
        """0 to 1."""
        s, epochs = self.status, self.config.train.epochs
        if self.state == "finished":
            return 1.0
        done = max(0, s.epoch - 1) * s.steps_per_epoch + s.step
        return done / max(1, s.steps_per_epoch * epochs)

    @property
    def silent_seconds(self) -> float:
        """How long ago its process last showed a sign of life."""
        return _age(self.folder / "status.json")

    def log(self, most: int = 20_000) -> str:
        """The end of what its process printed: the traceback of a failure is here."""
        try:
            with open(self.folder / "log.txt", "rb") as file:
                file.seek(max(0, file.seek(0, 2) - most))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


def create(config: RunConfig) -> Run:
    """A new run that waits to be started; CheckpointError if its name is a shipped model's."""
    checkpoints.local_path(config.name)
    stamp = f"{datetime.fromtimestamp(config.created).astimezone():%Y%m%d-%H%M%S}"
    for i in range(1000):
        named = config.name if config.name.endswith(stamp) else f"{stamp}-{config.name}"
        folder = runs_dir() / (named[:60] + (f"-{i}" if i else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        write_atomically(folder / "config.json", msgspec.json.encode(config))
        write_status(folder, Status())
        return read(folder)
    raise OptionError("Too many runs were started in this second: wait a moment.")


def default_name(dataset: str, arch: str) -> str:
    """A name that says what was trained when, e.g. "mnist-5k-dense-20260131-174502"."""
    stem = re.sub(r"[^a-z0-9]+", "-", Path(dataset).name.lower()).strip("-")[:30] or "images"
    return f"{stem}-{arch}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def found() -> tuple[Run, ...]:
    """All runs, the newest first; folders that are none are left out."""
    folders = sorted(runs_dir().glob("*/config.json")) if runs_dir().is_dir() else []
    runs = []
    for path in folders:
        try:
            runs.append(read(path.parent))
        except HourglassError:
            continue  # somebody else's folder, or one that is being deleted
    return tuple(sorted(runs, key=lambda run: run.config.created, reverse=True))


def get(id: str) -> Run:  # noqa: A002  # what a run's name is called everywhere
    """The run with that id, or the newest one of that checkpoint name; OptionError if none."""
    if NAME_PATTERN.fullmatch(id):
        if (runs_dir() / id / "config.json").is_file():
            return read(runs_dir() / id)
        for run in found():
            if run.config.name == id:
                return run
    raise OptionError(f"There is no run {ascii(id)[:80]}: `python -m core runs` lists them.")


def read(folder: Path) -> Run:
    """The run in a folder, with its true state; OptionError if it cannot be read."""
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes(), type=RunConfig)
    except (OSError, msgspec.DecodeError) as error:
        raise OptionError(f"{folder.name} is not a run that can be read: delete it.") from error
    status = status_of(folder)
    if status.state in LIVE and not has_process(folder, status):
        status = msgspec.structs.replace(status, state="interrupted", reason=KILLED, phase="")
    return Run(folder, config, status)


def write_status(folder: Path, status: Status, durable: bool = True) -> None:
    """Replace the status; OSError if the disk refuses."""
    write_atomically(folder / "status.json", msgspec.json.encode(status), durable)


def replace_state(status: Status, state: RunState, reason: str = "") -> Status:
    """The status in another state, nothing under way."""
    return msgspec.structs.replace(status, state=state, reason=reason, phase="", seconds_left=-1.0)


def status_of(folder: Path) -> Status:
    """What the run's process last wrote, which need not be true any more."""
    try:
        return msgspec.json.decode((folder / "status.json").read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return Status(state="interrupted", reason=KILLED)


def processes_of(folder: Path, status: Status) -> list[Process]:
    """Those that may be at work on the run: the one it says it is, and the one started for it."""
    found = [Process(status.pid, status.started)] if status.pid else []
    try:
        launched = msgspec.json.decode((folder / "launch.json").read_bytes())
        found.append(Process(int(launched["pid"]), float(launched["started"])))
    except (OSError, KeyError, TypeError, ValueError, msgspec.DecodeError):
        pass  # it was not started in the background
    return [process for process in found if process.is_alive()]


def has_process(folder: Path, status: Status) -> bool:
    """Whether somebody is at work on the run, or has been started for it just now."""
    if processes_of(folder, status):
        return True
    if status.pid or (folder / "launch.json").exists():
        return False
    return _age(folder / "status.json") < STARTING


def _age(path: Path) -> float:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return math.inf
