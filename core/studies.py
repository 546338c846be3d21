"""Training what a size study lacks, one model after the other, here or in the background.

Each model is a run like any other (core.runs): it waits for its turn, can be watched and paused,
and goes on where it stood. In the background one process does them all, so that the models that
wait cost no memory.
"""

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from core import machine, processes, run_control, runs
from core.config import HourglassError, OptionError, runs_dir
from core.events import Event
from core.files import write_atomically
from core.processes import Process
from core.runs import Run, RunConfig
from core.sizes import DEFAULT_FAMILIES, SIZES, Wanted


def train_missing(wanted: Sequence[Wanted], data_root: Path | None = None) -> Iterator[Event | Run]:
    """Trains each in turn: the run as it begins, what happens in it, the run as it ended.

    A model that cannot be trained does not keep the others from being so; one that is paused,
    stopped or cancelled by hand ends the study. data_root: where public data sets lie.
    """
    from core import running  # loads torch, which costs seconds

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
) -> Process:
    """Train in the background what is missing; OptionError if a study is under way already."""
    with run_control.lock():
        if under_way() is not None:
            raise OptionError("A size study is under way: wait for it, or stop it first.")
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "core", "sizes", "--dataset", dataset]
        command += ["--arch", *families, "--latent-dim", *map(str, latent_dims)]
        command += [] if data_root is None else ["--data-root", str(data_root.resolve())]
        threads = str(machine.threads_per_run())
        environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        process = processes.launch(command, folder / "log.txt", environment)
        write_atomically(folder / "launch.json", msgspec.json.encode(process))
    return process


def under_way() -> Process | None:
    """The background process at work on a study, if there is one."""
    try:
        content = (_folder() / "launch.json").read_bytes()
        process = msgspec.json.decode(content, type=Process)
    except (OSError, msgspec.DecodeError):
        return None
    return process if process.is_alive() else None


def stop() -> None:
    """End the study; the run it was at keeps its state, and models that are done stay."""
    process = under_way()
    for run in runs.found():
        if process and run.is_live and run.status.pid == process.pid:
            run_control.cancel(run)
    if process is not None:
        process.kill()


def latest(wanted: Sequence[Wanted]) -> dict[str, Run]:
    """The newest run of each model, by name; none for what was never begun."""
    names = {one.name for one in wanted}
    found: dict[str, Run] = {}
    for run in runs.found():
        if run.config.name in names:
            found.setdefault(run.config.name, run)
    return found


def _run(one: Wanted, data_root: Path | None) -> Run:
    """A new run for the model, or the one that was left half done."""
    left = latest([one]).get(one.name)
    if left is not None and left.can_resume and left.config.train == one.config:
        run_control.clear(left)
        return left
    root = None if data_root is None else str(data_root.resolve())
    threads = machine.threads_per_run()
    return runs.create(RunConfig(one.name, time.time(), one.config, threads, root))


def _folder() -> Path:
    """Of the study, beside the runs; it is none of them, having no settings of its own."""
    return runs_dir() / "size-study"
