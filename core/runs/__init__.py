"""Training runs: a folder each, which any process can read at any time.

config.json    the settings                       request      pending request: pause, stop, ...
status.json    state and progress                 state        to resume from (resume_state.py)
events.jsonl   the events, a line each            epochs/      pictures and codes after each epoch
launch.json    the process last started for it    log.txt      output of that process
.lock          held by the process that runs it
"""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from core import checkpoints, machine
from core.config import COMMAND, NAME_PATTERN, HourglassError, OptionError, runs_dir
from core.files import write_atomically
from core.models import architecture
from core.runs.status import LIVE, RunState, Status, silent_seconds, true_status, write_status
from core.settings import THREADS
from core.text import one_line
from core.training.config import TrainConfig

YEAR_3000 = 32_503_680_000  # in seconds since 1970
Text = Annotated[str, Meta(max_length=5_000)]


class RunConfig(Struct, frozen=True):
    """Settings of a run.

    name: of the checkpoint.  created: seconds since 1970.  threads: CPU threads.
    data_root: where public data sets are looked for first, if given.
    keep_seconds, keep_steps: the state is kept at least this often.
    launcher: the torchrun that began it, which finds it by this name after a restart; "" if none.
    start_from: the file of the model whose training goes on; "" for a new one.
    """

    name: Annotated[str, Meta(pattern=rf"^{NAME_PATTERN.pattern}\Z")]
    created: Annotated[float, Meta(ge=0, le=YEAR_3000)]
    train: TrainConfig
    threads: Annotated[int, Meta(ge=THREADS.low, le=THREADS.high)] = THREADS.default
    data_root: Text | None = None
    keep_seconds: Annotated[float, Meta(ge=0, le=1e9)] = 10.0
    keep_steps: Annotated[int, Meta(ge=1, le=10**12)] = 2000
    launcher: Text = ""
    start_from: Text = ""


@dataclass(frozen=True)
class Run:
    """A run in its current state."""

    folder: Path
    config: RunConfig
    status: Status

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def state(self) -> RunState:
        """The state in the status, which read() has verified."""
        return self.status.state

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def can_resume(self) -> bool:
        """Whether the training is unfinished and no process is running it."""
        return not self.is_live and self.state not in ("finished", "diverged")

    @property
    def was_asked_to_end(self) -> bool:
        """Whether somebody paused or cancelled it, rather than a signal or an error."""
        return self.state in ("paused", "cancelled") and not self.status.reason

    @property
    def share_done(self) -> float:
        """The share of all steps that is done, 0 to 1."""
        s, epochs = self.status, self.config.train.epochs
        if self.state == "finished":
            return 1.0
        done = max(0, s.epoch - 1) * s.steps_per_epoch + s.step
        return min(1.0, done / max(1, s.steps_per_epoch * epochs))

    @property
    def silent_seconds(self) -> float:
        """Seconds since its process last wrote its status."""
        return silent_seconds(self.folder)

    def log(self, most: int = 20_000) -> str:
        """The end of its process's output, which has the traceback of a failure."""
        try:
            with open(self.folder / "log.txt", "rb") as file:
                file.seek(max(0, file.seek(0, 2) - most))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


@dataclass(frozen=True)
class Broken:
    """A run's folder that cannot be read.  reason: a sentence that says what to do."""

    folder: Path
    reason: str

    @property
    def id(self) -> str:
        return self.folder.name


def create(config: RunConfig) -> Run:
    """Create a run to be started.

    Raises CheckpointError if its name is a shipped model's, TrainingError without PyTorch,
    OptionError while a training of that name is under way.
    """
    machine.check_torch()
    checkpoints.local_path(config.name)
    under_way = (run for run in found() if run.is_live and run.config.name == config.name)
    if other := next(under_way, None):
        raise OptionError(
            f"{other.id} is {other.state} and will keep its model as {config.name}: choose another "
            "name, or cancel it first."
        )
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
    """A name that no run has, which says what is trained when: mnist-5k-dense-20260131-174502."""
    stem = re.sub(r"[^a-z0-9]+", "-", Path(dataset).name.lower()).strip("-")[:30] or "images"
    name = f"{stem}-{arch}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    taken = {run.config.name for run in found()}
    names = chain([name], (f"{name}-{i}" for i in count(2)))
    return next(one for one in names if one not in taken)


def found() -> tuple[Run, ...]:
    """All runs, the newest first; see broken() for folders that cannot be read."""
    runs = [run for run in map(_listed, _folders()) if isinstance(run, Run)]
    return tuple(sorted(runs, key=lambda run: run.config.created, reverse=True))


def broken() -> tuple[Broken, ...]:
    """The folders that found() leaves out, by name."""
    return tuple(one for one in map(_listed, _folders()) if isinstance(one, Broken))


def get(id: str) -> Run:  # noqa: A002  # what a run's name is called everywhere
    """The run with that id, else the newest with that name; OptionError if there is none."""
    one = find(id)
    if isinstance(one, Broken):
        raise OptionError(one.reason)
    return one


def find(id: str) -> Run | Broken:  # noqa: A002
    """The run with that id or name, or the broken folder with that id.  Raises OptionError."""
    if NAME_PATTERN.fullmatch(id):
        if _is_run(runs_dir() / id) and (one := _listed(runs_dir() / id)) is not None:
            return one
        for run in found():
            if run.config.name == id:
                return run
    raise OptionError(f"There is no run {ascii(id)[:80]}: `{COMMAND} runs` lists them.")


def read(folder: Path) -> Run:
    """The run in a folder, with its verified state.  Raises OptionError if it cannot be read."""
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes(), type=RunConfig)
        architecture(config.train.arch).check(config.train.options)
    except (OSError, ValueError, RecursionError, HourglassError) as error:
        if not folder.is_dir():
            raise OptionError(f"The run {folder.name} is not there any more.") from error
        raise OptionError(
            f"{folder.name} is not a run that can be read ({_why(error)}): delete it."
        ) from error
    return Run(folder, config, true_status(folder))


def _folders() -> list[Path]:
    """Folders of runs; names with a leading dot are being created or deleted."""
    folders = sorted(runs_dir().glob("[!.]*")) if runs_dir().is_dir() else []
    return [folder for folder in folders if _is_run(folder)]


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("config.json", "status.json"))


def _listed(folder: Path) -> Run | Broken | None:
    """The run in a folder, or Broken; None if the folder was deleted."""
    try:
        return read(folder)
    except HourglassError as error:
        return Broken(folder, str(error)) if _is_run(folder) else None


def _why(error: Exception) -> str:
    """The fault of invalid settings, in few words."""
    said = error.strerror if isinstance(error, OSError) else str(error)
    return one_line(f"config.json: {str(said).rstrip('.')}", 160)
