"""Training beside a dashboard that is used without a pause, on one thread and on two.

`python -m benchmarks.busy_page`. A real run in a process of its own, as the Train page starts it; a
real server, and somebody who presses Shuffle on the Reconstruct page again as soon as the pictures
are there. Training alone and training beside it are measured in turn. "Elsewhere": the visitor's
browser is on another machine, so here only the server works for it (tests/driving/visitor.py plays
the browser); a rerun lasts until its last message is there. "Here": a Chromium draws on these very
cores, too; a rerun lasts until the pictures are on the screen. "Kept" is meaningful on a machine
that does nothing else; "per second of a core" tells threads that wait for each other on a busy one,
too.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from benchmarks.page_speed import MODELS, opened, shuffled
from benchmarks.timing import Load
from core import runs
from core.runs import Run, RunConfig
from core.runs import control as run_control
from core.training.config import TrainConfig
from tests.driving.serving import browsing, serving
from tests.driving.visitor import Visitor

BATCH = 128
OPTIONS: dict[str, dict[str, Any]] = {
    "conv": {"widths": [16, 32, 32, 32]},
    "dense": {"latent_dim": 2, "widths": [128, 64], "batch_norm": False},
}
Press = Callable[[], float]  # presses Shuffle, and gives the seconds until the pictures are there
MUST = 0.8
RERUN_LIMIT = 1.0


@contextmanager
def training(arch: str, threads: int) -> Iterator[Run]:
    """A run that trains as long as the block does."""
    train = TrainConfig("mnist-5k", arch, OPTIONS[arch], epochs=10_000, device="cpu")
    run = run_control.start(
        runs.create(RunConfig(f"busy-{arch}-{threads}", time.time(), train, threads=threads))
    )
    try:
        while (now := runs.read(run.folder)).status.epoch < 1:
            if not now.is_live:
                raise click.ClickException(now.log())
            time.sleep(0.1)
        yield run
    finally:
        run_control.delete(run_control.cancel(run))


@dataclass(frozen=True)
class Speed:
    """Of a run: images per second of wall time, and per second that its process had a core."""

    wall: float
    cpu: float


def progress(run: Run) -> tuple[float, float, int]:
    """When its process last told, how long it had worked, how many steps it had done."""
    status = runs.read(run.folder).status
    worked = sum(psutil.Process(status.pid).cpu_times()[:2])
    steps = (status.epoch - 1) * status.steps_per_epoch + status.step
    return (run.folder / "status.json").stat().st_mtime, worked, steps


def speed(run: Run, seconds: float, press: Press | None) -> tuple[Speed, list[float]]:
    """The run's speed over so many seconds, and what reruns of the page took meanwhile, if any."""
    reruns = []
    began, worked, steps = progress(run)
    while (now := time.time()) < began + seconds:
        if press is None:
            time.sleep(began + seconds - now)
        else:
            reruns.append(press())
    ended, worked_by_then, steps_by_then = progress(run)
    if ended == began:
        raise click.ClickException("The run reported nothing meanwhile: give more --seconds.")
    images = BATCH * (steps_by_then - steps)
    return Speed(images / (ended - began), images / (worked_by_then - worked)), reruns


@contextmanager
def elsewhere(address: str) -> Iterator[Press]:
    """A visitor whose browser is on another machine."""
    with Visitor(address, query=f"model={MODELS[0]}") as visitor:
        yield lambda: visitor.press("Shuffle").seconds


@contextmanager
def here(address: str) -> Iterator[Press]:
    """A visitor whose browser is on this machine."""
    with browsing() as browser:
        page, _, _ = opened(browser, address)
        yield lambda: shuffled(page)


PLACES = {"elsewhere": elsewhere, "here": here}
Measured = tuple[Speed, Speed, list[float]]


def measured(press: Press, arch: str, threads: int, seconds: float) -> Measured:
    """The speed alone, and beside the page, and the seconds of its reruns."""
    with training(arch, threads) as run:
        alone, _ = speed(run, seconds, None)
        beside, reruns = speed(run, seconds, press)
    return alone, beside, reruns


@click.command()
@click.option("--rounds", default=3, help="How often each is measured.")
@click.option("--seconds", default=8.0, help="For each measurement.")
@click.option(
    "--browser", type=click.Choice([*PLACES, "both"]), default="both", help="Where it is."
)
def main(rounds: int, seconds: float, browser: str) -> None:
    """Print one table: medians of all rounds, and how busy the machine was."""
    load = Load()
    click.echo(
        "| training | browser | alone | beside a busy page | kept | kept per second of a core "
        "| page rerun, median | slowest |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOURGLASS_HOME"] = folder
        with serving(Path(folder) / "log.txt") as address:
            for place in PLACES if browser == "both" else [browser]:
                with PLACES[place](address) as press:
                    for arch in OPTIONS:
                        for threads in (1, 2):
                            found = [measured(press, arch, threads, seconds) for _ in range(rounds)]
                            name = f"{arch}, {threads} thread{'s' * (threads > 1)} | {place}"
                            click.echo(line(name, found))
    click.echo(f"\n{load}, {rounds} rounds.")
    click.echo(f"Must, on one thread: {MUST} kept, reruns under {RERUN_LIMIT:g} s.")


def line(name: str, found: list[Measured]) -> str:
    """A row of the table."""
    alone = np.median([one[0].wall for one in found])
    beside = np.median([one[1].wall for one in found])
    wall = [beside.wall / alone.wall for alone, beside, _ in found]
    cpu = [beside.cpu / alone.cpu for alone, beside, _ in found]
    reruns = [seconds for one in found for seconds in one[2]]
    return (
        f"| {name} | {alone:,.0f}/s | {beside:,.0f}/s | {spread(wall)} | {spread(cpu)} "
        f"| {np.median(reruns):.2f} s | {max(reruns):.2f} s |"
    )


def spread(shares: list[float]) -> str:
    """Their median, smallest and largest."""
    return f"{np.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"


if __name__ == "__main__":
    main()
