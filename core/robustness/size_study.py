"""Training what a size study lacks, one model after the other, here or in the background.

Each model is a run like any other (core.runs): it waits for its turn, can be watched and paused,
and goes on where it stood. In the background one process does them all, so that the models that
wait cost no memory.
"""

import contextlib
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core import checkpoints, locks, machine, runs
from core.config import HourglassError, OptionError, runs_dir
from core.files import write_atomically
from core.robustness.sizes import DEFAULT_FAMILIES, SIZES, Wanted, missing
from core.runs import Run, RunConfig, processes, queue
from core.runs import control as run_control
from core.runs.processes import Process
from core.training.events import Event

LOCK, PATIENCE = ".lock", 1.0  # seconds that who only looks may hold it


@dataclass(frozen=True)
class Background:
    """A study in the background.  names: of the models that were missing when it began."""

    process: Process
    names: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """How far a study is: models done, in all, and the run that is under way, if any."""

    done: int
    total: int
    now: Run | None

    @property
    def share(self) -> float:
        """0 to 1."""
        under_way = self.now.share_done if self.now else 0.0
        return min(1.0, (self.done + under_way) / max(1, self.total))


def train_missing(wanted: Sequence[Wanted], data_root: Path | None = None) -> Iterator[Event | Run]:
    """Trains each in turn: the run as it begins, what happens in it, the run as it ended.

    A model that cannot be trained does not keep the others from being so; one that is paused,
    stopped or cancelled by hand ends the study. data_root: where public data sets lie.
    """
    from core.runs import execute as running  # loads torch, which costs seconds

    for one in wanted:
        run = _run(one, data_root)
        yield run
        with contextlib.suppress(HourglassError):  # the run tells why
            yield from running.execute(run, wait=True)
        run = runs.read(run.folder)
        yield run
        if run.state not in ("finished", "failed", "diverged"):
            return


def begin(
    dataset: str,
    families: Sequence[str] = DEFAULT_FAMILIES,
    latent_dims: Sequence[int] = SIZES,
    data_root: Path | None = None,
) -> Background:
    """Train in the background what is missing.

    OptionError if a study is under way already or nothing is missing.
    """
    names = tuple(
        one.name for one in missing(checkpoints.available(), dataset, families, latent_dims)
    )
    if not names:
        raise OptionError("Nothing is missing: all models of this study are there.")
    with queue.lock():
        _folder().mkdir(parents=True, exist_ok=True)
        own = locks.take(_folder() / LOCK, PATIENCE)
        if own is None:
            raise OptionError("A size study is under way: wait for it, or stop it first.")
        command = [sys.executable, "-m", "core", "sizes", "--dataset", dataset]
        command += ["--arch", *families, "--latent-dim", *map(str, latent_dims)]
        command += [] if data_root is None else ["--data-root", str(data_root.resolve())]
        threads = str(machine.threads_per_run())
        environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        try:
            process = processes.launch(command, _folder() / "log.txt", environment, own)
            begun = Background(process, names)
            write_atomically(_folder() / "launch.json", msgspec.json.encode(begun))
        finally:
            own.release()
    return begun


def under_way() -> Background | None:
    """The study in the background, if there is one: its process holds a lock until it ends."""
    try:
        content = (_folder() / "launch.json").read_bytes()
        begun = msgspec.json.decode(content, type=Background)
    except (OSError, ValueError, RecursionError):
        return None
    held = locks.is_held(_folder() / LOCK)
    if held is None or not locks.CAN_HAND_ON:
        held = begun.process.is_alive()
    return begun if held else None


def stop() -> None:
    """End the study; the run it was at keeps its state, and models that are done stay."""
    begun = under_way()
    if begun is None:
        return
    for run in runs.found():
        if run.is_live and _is_of(run, begun):
            run_control.cancel(run)
    begun.process.kill()
    until = time.monotonic() + run_control.LET_GO
    while under_way() is not None and time.monotonic() < until:  # a busy system takes a while
        time.sleep(0.02)


def latest(names: Collection[str]) -> dict[str, Run]:
    """The newest run of each model, by name; none for what was never begun."""
    found: dict[str, Run] = {}
    for run in runs.found():
        if run.config.name in names:
            found.setdefault(run.config.name, run)
    return found


def progress(begun: Background) -> Progress:
    """How far a study in the background is."""
    found = [run for run in latest(begun.names).values() if _is_of(run, begun)]
    done = sum(not run.is_live for run in found)
    now = next((run for run in found if run.is_live), None)
    return Progress(done, len(begun.names), now)


def _is_of(run: Run, begun: Background) -> bool:
    """Whether it was the study's process that last was at work on a run."""
    return begun.process.is_same(Process(run.status.pid, run.status.started))


def _run(one: Wanted, data_root: Path | None) -> Run:
    """A new run for the model, or the one that was left half done."""
    left = latest([one.name]).get(one.name)
    if left is not None and left.can_resume and left.config.train == one.config:
        run_control.clear(left)
        return left
    root = None if data_root is None else str(data_root.resolve())
    threads = machine.threads_per_run()
    return runs.create(RunConfig(one.name, time.time(), one.config, threads, root))


def _folder() -> Path:
    """Of the study, beside the runs; it is none of them, having no settings of its own."""
    return runs_dir() / "size-study"
