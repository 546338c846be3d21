"""Runs that belong together and are trained one after the other, also in the background.

Each model is a normal run (core.runs): it waits in the queue, can be watched and paused, and
resumes from its state. In the background one process works through all of them, so that waiting
models need no memory.
"""

import contextlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core import locks, machine, runs
from core.config import HourglassError, OptionError
from core.files import write_atomically
from core.runs import Run, RunConfig, processes, queue
from core.runs import control as run_control
from core.runs.processes import Process
from core.training.config import TrainConfig
from core.training.events import Event

LOCK, PATIENCE = ".lock", 1.0  # seconds to wait for the lock, which is held briefly to look


@dataclass(frozen=True)
class Wanted:
    """A model to be trained: its name and its training settings."""

    name: str
    config: TrainConfig

    @property
    def latent_dim(self) -> int:
        return int(self.config.options["latent_dim"])


@dataclass(frozen=True)
class Background:
    """Work on a series in the background.  names: of the models that were missing at its start."""

    process: Process
    names: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """Progress of a series: models done, all its models, and the current run, if any."""

    done: int
    total: int
    now: Run | None

    @property
    def share(self) -> float:
        """The share that is done, 0 to 1, including the current run."""
        under_way = self.now.share_done if self.now else 0.0
        return min(1.0, (self.done + under_way) / max(1, self.total))


def train_each(
    wanted: Iterable[Wanted], data_root: Path | None = None, wait: bool = True
) -> Iterator[Event | Run]:
    """Train models one after the other; yield each run at its start, its events, and its end.

    If a model cannot be trained the series continues with the next; if a run is paused, stopped or
    cancelled by hand it ends.  data_root: folder of public data sets.  wait: in the queue of runs.
    """
    from core.runs import execute as running  # loads torch, which costs seconds

    for one in wanted:
        run = _run(one, data_root)
        yield run
        with contextlib.suppress(HourglassError):  # the run has the reason
            yield from running.execute(run, wait=wait)
        run = runs.read(run.folder)
        yield run
        if run.state not in ("finished", "failed", "diverged"):
            return


def begin(folder: Path, command: Sequence[str], names: Sequence[str], title: str) -> Background:
    """Start the command that works on a series, in the background.

    folder: of the series; made if it is not there.  title: what it is called in an error, such as
    "A size study".  Raises OptionError if one is under way there already.
    """
    machine.check_torch()
    with queue.lock():
        folder.mkdir(parents=True, exist_ok=True)
        own = locks.take(folder / LOCK, PATIENCE)
        if own is None:
            raise OptionError(f"{title} is under way: wait for it, or stop it first.")
        threads = str(machine.threads_per_run())
        environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        try:
            process = processes.launch(command, folder / "log.txt", environment, own)
            begun = Background(process, tuple(names))
            write_atomically(folder / "launch.json", msgspec.json.encode(begun))
        finally:
            own.release()
    return begun


def under_way(folder: Path) -> Background | None:
    """The work on a series in the background, or None; its process holds a lock until it ends."""
    try:
        content = (folder / "launch.json").read_bytes()
        begun = msgspec.json.decode(content, type=Background)
    except (OSError, ValueError, RecursionError):
        return None
    held = locks.is_held(folder / LOCK)
    if held is None or not locks.CAN_HAND_ON:
        held = begun.process.is_alive()
    return begun if held else None


def stop(folder: Path) -> None:
    """End the work on a series; the current run keeps its state, and trained models stay."""
    begun = under_way(folder)
    if begun is None:
        return
    family = begun.process.family()
    for run in runs.found():
        if run.is_live and any(_is_of(run, one) for one in family):
            run_control.cancel(run)
    begun.process.kill()
    until = time.monotonic() + run_control.LET_GO
    while (
        under_way(folder) is not None and time.monotonic() < until
    ):  # which may take a while on a busy system
        time.sleep(0.02)


def latest(names: Collection[str]) -> dict[str, Run]:
    """The newest run of each model by name; without models that were never started."""
    found: dict[str, Run] = {}
    for run in runs.found():
        if run.config.name in names:
            found.setdefault(run.config.name, run)
    return found


def progress(begun: Background) -> Progress:
    """The progress of a series in the background."""
    found = [run for run in latest(begun.names).values() if _is_of(run, begun.process)]
    done = sum(not run.is_live for run in found)
    now = next((run for run in found if run.is_live), None)
    return Progress(done, len(begun.names), now)


def _is_of(run: Run, process: Process) -> bool:
    """Whether a run was last trained by a process."""
    return process.is_same(Process(run.status.pid, run.status.started))


def _run(one: Wanted, data_root: Path | None) -> Run:
    """The unfinished run of a model, or a new one."""
    left = latest([one.name]).get(one.name)
    if left is not None and left.can_resume and left.config.train == one.config:
        run_control.clear(left)
        return left
    root = None if data_root is None else str(data_root.resolve())
    threads = machine.threads_per_run()
    return runs.create(
        RunConfig(
            name=one.name, created=time.time(), train=one.config, threads=threads, data_root=root
        )
    )
