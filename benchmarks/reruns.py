"""What a rerun costs the server, page by page, and how many visitors it serves.

`python -m benchmarks.reruns`. A real server, and visitors over a websocket who speak Streamlit's
own messages (benchmarks/visitor.py): no browser takes part of the processor. "Same" is a change of
a control after which nothing new has to be computed, "new" one that wants other pictures. CPU is
that of the server's process. `--minutes 30` is a long use: visitors come, look around and leave.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import click
import numpy as np
import psutil

from benchmarks import serving
from benchmarks.table import Row
from benchmarks.visitor import Rerun, Visitor

Act = Callable[[Visitor, int], Rerun]
SAME_LIMIT, NEW_LIMIT = 60.0, 150.0  # ms of CPU
READY_SECONDS = 5.0  # until the server has loaded what all pages use
SAMPLES = 12


@dataclass(frozen=True)
class Case:
    """A change on a page.  act: the i-th such change.  limit: ms of CPU that it may cost."""

    page: str
    change: str
    act: Act
    limit: float


def sigma(visitor: Visitor, i: int) -> Rerun:
    """The slider of a sweep, let go at one of two places in turn."""
    return visitor.component("hourglass_sweep", f'{{"value": {(0.3, 0.6)[i % 2]}}}')


CASES = (
    Case("", "same: σ let go", sigma, SAME_LIMIT),
    Case("", "new: Shuffle", lambda v, _: v.press("Shuffle"), NEW_LIMIT),
    Case(
        "latent",
        "same: coloured by",
        lambda v, i: v.choose("Colour", ("class", "reconstruction error")[i % 2]),
        SAME_LIMIT,
    ),
    Case(
        "latent",
        "new: other sample",
        lambda v, i: v.enter("Seed of the sample and of the map", 100 + i),
        NEW_LIMIT,
    ),
    Case(
        "outliers", "same: log counts", lambda v, i: v.switch("Log counts", i % 2 == 0), SAME_LIMIT
    ),
    Case(
        "outliers",
        "new: other threshold",
        lambda v, i: v.enter("Percent above", 1.5 + i / 10),
        NEW_LIMIT,
    ),
    Case(
        "robustness",
        "same: metric",
        lambda v, i: v.pick("Metric", ("MSE", "PSNR")[i % 2]),
        SAME_LIMIT,
    ),
    Case("robustness", "new: Shuffle", lambda v, _: v.press("Shuffle"), NEW_LIMIT),
    Case(
        "your_images",
        "same: from where",
        lambda v, i: v.pick("Add images", ("Files or zip", "Draw")[i % 2]),
        SAME_LIMIT,
    ),
    Case("train", "same: epochs", lambda v, i: v.enter("Epochs", 5 + i % 2), SAME_LIMIT),
)
SAME = tuple(case for case in CASES if case.change.startswith("same"))


@dataclass(frozen=True)
class Cost:
    """Of one rerun: ms of CPU; seconds each time; kB sent."""

    cpu: float
    seconds: Sequence[float]
    kilobytes: float


class Server:
    """The server's process, from outside."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return float(sum(self._process.cpu_times()[:2]))

    def megabytes(self) -> float:
        """Resident memory."""
        return float(self._process.memory_info().rss / 2**20)


@contextmanager
def server(plain: bool = False) -> Iterator[tuple[str, Server]]:
    """A server with a home of its own, ready for all pages, and its address.

    plain: started by `streamlit run app.py`.
    """
    with tempfile.TemporaryDirectory() as folder:
        places = {"HOURGLASS_HOME": folder}
        with serving.process(Path(folder) / "log.txt", places, plain=plain) as (address, pid):
            for page in sorted({case.page for case in CASES}):
                Visitor(address, page).close()
            time.sleep(READY_SECONDS)
            yield address, Server(pid)


def cost(address: str, process: Server, case: Case, times: int) -> Cost:
    """What so many changes cost, one after the other."""
    with Visitor(address, case.page) as visitor:
        for i in range(4):
            case.act(visitor, i)
        before = process.cpu()
        reruns = [case.act(visitor, i) for i in range(4, 4 + times)]
        cpu = process.cpu() - before
    sizes = [rerun.size for rerun in reruns]
    seconds = [rerun.seconds for rerun in reruns]
    return Cost(1000 * cpu / times, seconds, float(np.mean(sizes)) / 1000)


@dataclass(frozen=True)
class Crowd:
    """Visitors at once: reruns a second of all together, and of each the seconds a rerun lasts.

    megabytes: what one visitor adds to the server's memory.
    """

    n: int
    rate: float
    cpu: float
    seconds: Sequence[float]
    megabytes: float


def crowd(address: str, process: Server, n: int, seconds: float) -> Crowd:
    """Visitors on all pages, each of whom changes something as soon as the last rerun is over."""
    before = process.megabytes()
    with ExitStack() as leaving, ThreadPoolExecutor(n) as threads:
        cases = [SAME[i % len(SAME)] for i in range(n)]
        visitors = [leaving.enter_context(Visitor(address, case.page)) for case in cases]
        megabytes = (process.megabytes() - before) / n
        cpu, until = process.cpu(), time.monotonic() + seconds
        busy = [threads.submit(changing, *one, until) for one in zip(visitors, cases, strict=True)]
        took = [s for one in busy for s in one.result()]
        cpu = process.cpu() - cpu
    return Crowd(n, len(took) / seconds, 1000 * cpu / len(took), took, megabytes)


def changing(visitor: Visitor, case: Case, until: float) -> list[float]:
    """The seconds of one change after the other, until then."""
    took = []
    for i in count():
        if time.monotonic() > until:
            break
        took.append(case.act(visitor, i).seconds)
    return took


def long_use(address: str, process: Server, minutes: float) -> list[tuple[float, float, int]]:
    """Minutes since the start, MB and visits, sampled while visitors come, look around and leave.

    Each looks at one page, changes four things, and is followed by the next a moment later.
    """
    samples: list[tuple[float, float, int]] = []
    began = time.monotonic()
    for visits in count():
        passed = (time.monotonic() - began) / 60
        if passed >= minutes * len(samples) / SAMPLES:
            samples.append((passed, process.megabytes(), visits))
        if passed >= minutes:
            return samples
        case = CASES[visits % len(CASES)]
        with Visitor(address, case.page) as visitor:
            for i in range(4):
                case.act(visitor, 4 * visits + i)
        time.sleep(0.2)
    raise AssertionError("count() does not end")


def growth(samples: Sequence[tuple[float, float, int]]) -> float:
    """MB a minute over the second half, by least squares."""
    half = samples[len(samples) // 2 :]
    minutes, megabytes = np.array([sample[:2] for sample in half]).T
    return float(np.polyfit(minutes, megabytes, 1)[0])


def rows(rounds: int) -> list[Row]:
    """For `make bench`: the CPU of each change, beside that on a server that Streamlit started."""
    with server() as ours, server(plain=True) as baseline:
        return [_row(case, ours, baseline, rounds) for case in CASES]


def _row(case: Case, ours: tuple[str, Server], baseline: tuple[str, Server], rounds: int) -> Row:
    pairs = [(cost(*ours, case, 5).cpu, cost(*baseline, case, 5).cpu) for _ in range(rounds)]
    our, their = zip(*pairs, strict=True)
    what = f"CPU a rerun, {case.page or 'reconstruct'}, {case.change}"
    return Row(what, our, "`streamlit run`", their, "must", [case.limit] * rounds, "ms")


def print_costs(address: str, process: Server, times: int) -> None:
    """A row a change."""
    click.echo(
        "| page | change | CPU a rerun | must | p50 | p95 | sent |\n|---|---|---|---|---|---|---|"
    )
    for case in CASES:
        found = cost(address, process, case, times)
        click.echo(
            f"| {case.page or 'reconstruct'} | {case.change} | {found.cpu:.0f} ms "
            f"| {case.limit:.0f} ms | {milliseconds(found.seconds)} | {found.kilobytes:.0f} kB |"
        )


def print_crowds(address: str, process: Server, sizes: Sequence[int], seconds: float) -> None:
    """A row a number of visitors."""
    click.echo(
        "\n| visitors | reruns/s | CPU a rerun | p50 | p95 | memory a visitor |"
        "\n|---|---|---|---|---|---|"
    )
    for n in sizes:
        found = crowd(address, process, n, seconds)
        click.echo(
            f"| {n} | {found.rate:.1f} | {found.cpu:.0f} ms "
            f"| {milliseconds(found.seconds)} | {found.megabytes:.1f} MB |"
        )


def print_long_use(address: str, process: Server, minutes: float) -> None:
    """A row a sample, and the growth."""
    samples = long_use(address, process, minutes)
    click.echo("\n| minutes | visits | memory |\n|---|---|---|")
    for passed, megabytes, visits in samples:
        click.echo(f"| {passed:.1f} | {visits} | {megabytes:.0f} MB |")
    click.echo(f"\nGrowth over the second half: {growth(samples):+.2f} MB a minute.")


def milliseconds(seconds: Sequence[float]) -> str:
    """The median and the 95th percentile, as two cells."""
    p50, p95 = 1000 * np.percentile(seconds, [50, 95])
    return f"{p50:.0f} ms | {p95:.0f} ms"


@click.command()
@click.option("--times", default=20, help="How often each change is made.")
@click.option("--visitors", default="1,10,50", help="How many at once, separated by commas.")
@click.option("--seconds", default=10.0, help="How long each crowd stays.")
@click.option("--minutes", default=2.0, help="Of long use; 0 for none.")
def main(times: int, visitors: str, seconds: float, minutes: float) -> None:
    """Print what a rerun costs, what a crowd gets, and the memory of a long use."""
    before = os.getloadavg()[0]
    with server() as (address, process):
        print_costs(address, process, times)
        print_crowds(address, process, [int(n) for n in visitors.split(",") if n], seconds)
        if minutes:
            print_long_use(address, process, minutes)
    busy = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    click.echo(f"\n{os.cpu_count()} cores, {busy}, {times} times each.")


if __name__ == "__main__":
    main()
