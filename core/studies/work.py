"""Carries out a study: trains and tests what is missing, in a few processes, and can be killed.

Every process takes the next model that nobody works on; a lock on the model's name says who does.
What is done is on disk, so that the same call goes on after whatever ended the last one.
"""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core import locks, machine
from core.config import HourglassError, OptionError, python
from core.data import catalogue
from core.export import tables
from core.files import write_atomically
from core.inference import Autoencoder
from core.runs import Run, processes, series
from core.runs.processes import Process
from core.runs.series import Background, Wanted
from core.studies import figure, plan, results
from core.studies.plan import Study
from core.training.events import Event, Finished

TEXT, CLAIMS, LOG = "study.toml", "claims", "log.txt"
TABLES, FIGURE = ("table.csv", "table.parquet"), "figure.svg"
MOST_PROCESSES = 8
LOOK = 1.0  # seconds between two looks at the other processes
State = Literal["under way", "done", "incomplete"]


@dataclass(frozen=True)
class Done:
    """A model has its result, or cannot be trained (reason); n of total have theirs."""

    model: Wanted
    n: int
    total: int
    reason: str = ""


@dataclass(frozen=True)
class Standing:
    """A study that has been begun, and how far it is."""

    study: Study
    n_done: int
    state: State

    @property
    def total(self) -> int:
        return len(self.study.models)


def n_processes(study: Study, asked: int | None = None) -> int:
    """How many processes pay: one a core, no more than models are missing; one on a GPU.

    Networks of this size gain nothing from several threads, and everything from as many processes
    as there are cores.  asked: by the user, which goes first.
    """
    left = len(study.models) - results.n_done(study)
    if asked is None:
        devices = {model.config.device for model in study.models}
        asked = 1 if _on_gpu(devices) else min(machine.cores(), MOST_PROCESSES)
    return max(1, min(asked, left))


def _on_gpu(devices: set[str]) -> bool:
    if devices & {"cuda", "mps"}:
        return True
    if "auto" not in devices:
        return False
    import torch

    return bool(torch.cuda.is_available() or torch.backends.mps.is_available())


def save_plan(study: Study) -> None:
    """Keep the study's file in its folder, where pages and other processes find it."""
    folder = results.folder(study.name)
    for part in (folder, folder / results.RESULTS, folder / CLAIMS):
        part.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / TEXT, study.text.encode())


def carry_out(
    study: Study, data_root: Path | None = None, processes_asked: int | None = None
) -> Iterator[Event | Run | Done]:
    """Train and test all models that have no result yet; then write tables and figure.

    Yields what happens in this process, and Done for each model of any process.
    processes_asked: how many there may be, this one among them; None for as many as pay.
    Raises OptionError if the study is under way in another process, KeyboardInterrupt for Ctrl-C
    after all processes have kept their states.
    """
    machine.check_torch()
    plan.check_here(study, data_root)
    save_plan(study)
    folder = results.folder(study.name)
    lock = locks.handed(folder / series.LOCK) or locks.take(folder / series.LOCK, series.PATIENCE)
    if lock is None:
        raise OptionError(f"The study {study.name} is under way already: see `sweep --list`.")
    helpers: list[Process] = []
    try:
        n = n_processes(study, processes_asked)
        helpers = [_helper(study, data_root) for _ in range(n - 1)]
        yield from _all(study, data_root, helpers)
        write_out(study)
    finally:
        _end(helpers)
        lock.release()


def help_out(study: Study, data_root: Path | None = None) -> None:
    """Work on a study that another process leads, until nothing is left or that one has ended."""
    leader = processes.parent()
    looked = time.monotonic()
    for _ in _mine(study, data_root):
        if time.monotonic() - looked > LOOK:
            looked = time.monotonic()
            if not leader.is_alive():
                os.kill(os.getpid(), signal.SIGTERM)  # which keeps the state of the run


def _all(
    study: Study, data_root: Path | None, helpers: Sequence[Process]
) -> Iterator[Event | Run | Done]:
    """What this process does, Done for what others do, until no model is left to anyone."""
    told = {model.name for model in study.models if results.is_done(study, model)}
    failed: set[str] = set()
    while len(told) + len(failed) < len(study.models):
        for event in _mine(study, data_root, failed):
            if isinstance(event, Done):
                failed.add(event.model.name)
            yield event
            yield from _news(study, told)
        yield from _news(study, told)
        if _claimed(study) or any(one.is_alive() for one in helpers):
            time.sleep(LOOK / 4)


def _news(study: Study, told: set[str]) -> Iterator[Done]:
    """Done for each model whose result is new."""
    for model in study.models:
        if model.name not in told and results.is_done(study, model):
            told.add(model.name)
            yield Done(model, len(told), len(study.models))


def _mine(
    study: Study, data_root: Path | None, failed: Collection[str] = ()
) -> Iterator[Event | Run | Done]:
    """Train and test, one after the other, the models that are missing and nobody works on.

    failed: models that are not tried again.
    """
    import torch

    torch.set_num_threads(1)
    for model in study.models:
        if results.is_done(study, model) or model.name in failed:
            continue
        claim = locks.take(_claim(study, model))
        if claim is None:
            continue
        try:
            if not results.is_done(study, model):
                yield from _made(study, model, data_root)
        finally:
            claim.release()


def _made(study: Study, model: Wanted, data_root: Path | None) -> Iterator[Event | Run | Done]:
    """Train a model, unless an earlier call has, and keep its result.

    Of one that diverges there is a row that says so; one that failed is tried again next time.
    """
    autoencoder = results.trained_already(model)
    run = None
    if autoencoder is None:
        for event in series.train_each([model], data_root, wait=False):
            run = event if isinstance(event, Run) else run
            if isinstance(event, Finished):
                autoencoder = results.trained_already(model)
            yield event
    if run is not None and run.state == "diverged":
        results.keep(study, model, results.of_failed(study, model, run))
    elif autoencoder is not None and (run is None or run.state == "finished"):
        results.keep(study, model, results.measured(study, model, autoencoder, data_root))
    elif run is not None:
        raise_if_ended_by_hand(run)
        yield Done(model, results.n_done(study), len(study.models), run.status.reason)


def raise_if_ended_by_hand(run: Run) -> None:
    """End the study where its run was paused, stopped or cancelled by hand."""
    if run.state in ("paused", "stopped", "cancelled"):
        raise OptionError(
            f"{run.id} was {run.state}, so the study ends here: the same command goes on."
        )


def _claim(study: Study, model: Wanted) -> Path:
    return results.folder(study.name) / CLAIMS / f"{model.name}.lock"


def _claimed(study: Study) -> bool:
    """Whether another process works on one of the missing models."""
    left = (model for model in study.models if not results.is_done(study, model))
    return any(locks.is_held(_claim(study, model)) for model in left)


def _helper(study: Study, data_root: Path | None) -> Process:
    folder = results.folder(study.name)
    command = python("core", "sweep", str(folder / TEXT), "--helper")
    command += [] if data_root is None else ["--data-root", str(data_root.resolve())]
    one = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return processes.launch(command, folder / LOG, one)


def _end(helpers: Sequence[Process]) -> None:
    """Ask the processes to keep their states and end; those that do not are killed."""
    for one in helpers:
        with contextlib.suppress(OSError):
            if one.is_alive():
                os.kill(one.pid, signal.SIGTERM)
    until = time.monotonic() + 10
    while any(one.is_alive() for one in helpers) and time.monotonic() < until:
        time.sleep(0.05)
    for one in helpers:
        one.kill()


def write_out(study: Study, folder: Path | None = None) -> tuple[Path, ...]:
    """Write table.csv, table.parquet and figure.svg, as far as there are results.

    folder: where to; the study's own unless it is said.  Returns the files.
    """
    folder = folder or results.folder(study.name)
    found = results.table(study)
    if not len(found):
        return ()
    for name in TABLES:
        tables.save(found, folder / name)
    files = [folder / name for name in TABLES]
    if drawn := figure.charts(found, study.x, study.y):
        write_atomically(folder / FIGURE, figure.whole(drawn, study.name).encode())
        files.append(folder / FIGURE)
    return tuple(files)


# Studies that have been begun, by their folders.


def found() -> tuple[Standing, ...]:
    """All studies, by name; those whose file cannot be read are left out."""
    from core.config import data_dir

    parent = data_dir() / "studies"
    folders = sorted(parent.glob("[!.]*")) if parent.is_dir() else []
    return tuple(one for one in map(_standing, folders) if one is not None)


def standing(name: str) -> Standing:
    """The study of a name.  Raises OptionError if there is none."""
    by_name = {one.study.name: one for one in found()}
    if name not in by_name:
        raise OptionError(f"There is no study {ascii(name)[:60]}: `sweep --list` lists them.")
    return by_name[name]


def _standing(folder: Path) -> Standing | None:
    try:
        study = plan.read((folder / TEXT).read_text("utf-8"), folder.name)
    except (OSError, ValueError, HourglassError):
        return None
    n = results.n_done(study)
    state: State = "done" if n == len(study.models) else "incomplete"
    return Standing(study, n, "under way" if is_under_way(study) else state)


def is_under_way(study: Study) -> bool:
    """Whether a process works on the study, in the background or in a terminal."""
    folder = results.folder(study.name)
    return bool(locks.is_held(folder / series.LOCK)) or series.under_way(folder) is not None


def begin(study: Study, data_root: Path | None = None) -> Background:
    """Carry out a study in the background, with as many processes as there may be runs.

    Raises OptionError if it is under way, or nothing is left to do.
    """
    plan.check_here(study, data_root)
    left = [model.name for model in study.models if not results.is_done(study, model)]
    if not left:
        raise OptionError(f"Nothing is left to do: all models of {study.name} have results.")
    save_plan(study)
    folder = results.folder(study.name)
    command = python("core", "sweep", str(folder / TEXT), "--processes", str(machine.max_runs()))
    command += [] if data_root is None else ["--data-root", str(data_root.resolve())]
    return series.begin(folder, command, left, "This study")


def stop(study: Study) -> None:
    """End the work on a study that runs in the background; what is done stays."""
    series.stop(results.folder(study.name))


def share_done(study: Study) -> float:
    """The share that is done, 0 to 1, the models that are being trained included."""
    left = [model.name for model in study.models if not results.is_done(study, model)]
    under_way = sum(run.share_done for run in series.latest(left).values() if run.is_live)
    done = len(study.models) - len(left)
    return min(1.0, (done + under_way) / max(1, len(study.models)))


def delete(study: Study) -> None:
    """Remove a study with its results; its models and their runs stay.

    Raises OptionError while it is under way.
    """
    if is_under_way(study):
        raise OptionError(f"The study {study.name} is under way: stop it first.")
    shutil.rmtree(results.folder(study.name))


def check_named(study: Study) -> None:
    """Raise OptionError for images at a path: in a page's file they are nobody's to open."""
    for model in study.models:
        if not catalogue.is_named(model.config.dataset):
            raise OptionError(
                f"{ascii(model.config.dataset)[:80]} is no data set of the list: make one of it on "
                "Your images, or begin the study in a terminal."
            )


def autoencoder_of(model: Wanted) -> Autoencoder | None:
    """The trained model, if it is still there."""
    return results.trained_already(model)
