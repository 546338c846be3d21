"""What visitors cost a real server: one after the other, many at once, and over a long time.

They come over a websocket and speak Streamlit's own messages (tests/driving/visitor.py): no browser
takes part of the processor. CPU is that of the server's process.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import psutil

from benchmarks.rerun_cases import CASES, SAME, Case
from tests.driving import serving
from tests.driving.session import Rerun
from tests.driving.visitor import Visitor

READY_SECONDS = 5.0  # until the server has loaded what all pages use
SAMPLES = 12
WAIT_SECONDS = 120.0  # for what is computed in other processes


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
def server(bare: bool = False) -> Iterator[tuple[str, Server]]:
    """A server with a home of its own, ready for all pages, and its address.

    bare: without what app.py puts around Streamlit.
    """
    with tempfile.TemporaryDirectory() as folder:
        places = {"HOURGLASS_HOME": folder}
        with serving.process(Path(folder) / "log.txt", places, bare=bare) as (address, pid):
            for page in sorted({case.page for case in CASES}):
                with Visitor(address, page) as visitor:
                    visitor.wait(time.monotonic() + WAIT_SECONDS)
            time.sleep(READY_SECONDS)
            yield address, Server(pid)


def cost(address: str, process: Server, case: Case, times: int) -> Cost:
    """What so many changes cost, one after the other."""
    with case.visitor(address) as visitor:
        for i in range(4):
            whole(visitor, case, i)
        before = process.cpu()
        reruns = [whole(visitor, case, i) for i in range(4, 4 + times)]
        cpu = process.cpu() - before
    sizes = [rerun.size for rerun in reruns]
    seconds = [rerun.seconds for rerun in reruns]
    return Cost(1000 * cpu / times, seconds, float(np.mean(sizes)) / 1000)


def whole(visitor: Visitor, case: Case, i: int) -> Rerun:
    """Make the i-th change and wait until all that it asks for is on the page."""
    began = time.perf_counter()
    rerun = case.act(visitor, i)
    if (last := visitor.wait(time.monotonic() + WAIT_SECONDS)) is None:
        return rerun
    return Rerun(time.perf_counter() - began, rerun.frame, rerun.size + last.size, last.is_waiting)


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
        visitors = [leaving.enter_context(case.visitor(address)) for case in cases]
        for visitor in visitors:
            visitor.wait(time.monotonic() + WAIT_SECONDS)
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
        with case.visitor(address) as visitor:
            for i in range(4):
                whole(visitor, case, 4 * visits + i)
        time.sleep(0.2)
    raise AssertionError("count() does not end")


def growth(samples: Sequence[tuple[float, float, int]]) -> float:
    """MB a minute over the second half, by least squares."""
    half = samples[len(samples) // 2 :]
    minutes, megabytes = np.array([sample[:2] for sample in half]).T
    return float(np.polyfit(minutes, megabytes, 1)[0])
