"""Many visitors at random on all pages and data sets: how long they wait, and the memory it takes.

`python -m benchmarks.many_visitors --visitors 1,10,20,30 --minutes 3`, and `--visitors 30 --minutes
30` for the memory. Each clicks something every 3 to 7 seconds (benchmarks/roaming.py) and is
followed by another after a while; each row has a server of its own that has measured nothing yet.

"At hand" is a click that leads to what somebody has seen whole before, since the server was
started; all others are "first looks". A click is answered when the page has drawn what there is,
and complete when no bar stands on it any more. Whoever waits clicks something else all the same.
"""

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import psutil
from websockets.exceptions import WebSocketException

from benchmarks import crowd
from benchmarks.roaming import Roamer, View
from benchmarks.timing import Load
from core.config import HourglassError
from tests.driving import serving
from tests.driving.session import Rerun

PAUSE = (3.0, 7.0)  # seconds between two clicks of one visitor
STAY = (6, 20)  # clicks until a visitor leaves and another comes
READY_SECONDS = 8.0  # until the server has loaded what all pages use
PATIENCE = 300.0  # seconds until a visitor gives up
SAMPLE_SECONDS = 5.0
OWN_IMAGES = 10_000
PAGES = ("", "learn", "latent", "outliers", "robustness", "your_images", "train")


@dataclass
class Click:
    """One click.  answered, complete: seconds; complete is None if the visitor went on before."""

    what: str
    view: View
    at_hand: bool
    answered: float
    complete: float | None = None


@dataclass
class Seen:
    """What all visitors together went through; for use by many threads."""

    clicks: list[Click] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    whole: set[View] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, one: Click) -> None:
        """A click that has been answered."""
        with self.lock:
            self.clicks.append(one)

    def failed(self, error: Exception, doing: str) -> None:
        """Something that went wrong for a visitor."""
        with self.lock:
            self.failures[f"{doing}: {type(error).__name__}: {str(error)[:120]}"] += 1


class Visits:
    """One visitor after the other, in a thread of their own."""

    def __init__(self, address: str, seen: Seen, seed: int, until: float) -> None:
        self._address, self._seen, self._until = address, seen, until
        self._rng = random.Random(seed)

    def run(self) -> None:
        """Until the time is over; what fails is noted, and the next visitor comes."""
        time.sleep(self._rng.uniform(0, PAUSE[1]))
        while time.monotonic() < self._until:
            page, doing = self._rng.choice(PAGES), "connecting"
            try:
                began = time.perf_counter()
                with Roamer(self._address, page, self._rng) as visitor:
                    visitor.patience = PATIENCE
                    doing = "clicking"
                    self._note("came", visitor, visitor.first, began)
                    for _ in range(self._rng.randint(*STAY)):
                        if time.monotonic() > self._until:
                            break
                        began = time.perf_counter()
                        self._note(*self._clicked(visitor), began)
            except (OSError, TimeoutError, WebSocketException, HourglassError) as error:
                self._seen.failed(error, doing)
                time.sleep(1)

    @staticmethod
    def _clicked(visitor: Roamer) -> tuple[str, Roamer, Rerun]:
        what, rerun = visitor.click()
        return what, visitor, rerun

    def _note(self, what: str, visitor: Roamer, rerun: Rerun, began: float) -> None:
        """Note a click, and play the browser until the next one."""
        view = visitor.view
        one = Click(what, view, view in self._seen.whole, rerun.seconds)
        self._seen.note(one)
        pause = time.monotonic() + self._rng.uniform(*PAUSE)
        visitor.wait(pause)
        if not visitor.is_waiting:
            one.complete = time.perf_counter() - began
            with self._seen.lock:
                self._seen.whole.add(view)
        time.sleep(max(0.0, pause - time.monotonic()))


@dataclass(frozen=True)
class Memory:
    """At one moment: MB resident in the server, and of it and all that it started together, each
    page counted once.  processes: how many those are.  cpu: seconds that the server has worked.
    """

    seconds: float
    server: float
    together: float
    processes: int
    cpu: float = 0.0


def memory(pid: int, began: float) -> Memory:
    """Of a server and its children now."""
    server = psutil.Process(pid)
    family = [server, *server.children(recursive=True)]
    together = 0.0
    for one in family:
        with suppress(psutil.Error):
            full = one.memory_full_info()
            together += getattr(full, "pss", full.rss) / 2**20
    cpu = sum(server.cpu_times()[:2])
    resident = server.memory_info().rss / 2**20
    return Memory(time.monotonic() - began, resident, together, len(family), cpu)


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """A server with a home of its own, an own data set in it, ready for all pages; and its pid."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        crowd.write_set(home, "noisy-digits", OWN_IMAGES)
        places = {"HOURGLASS_HOME": folder}
        with serving.process(home / "log.txt", places) as found:
            time.sleep(READY_SECONDS)
            yield found
            for line in errors_in(home / "log.txt"):
                click.echo(f"log: {line}", err=True)


def errors_in(log: Path) -> list[str]:
    """The last lines of the server's log that tell of an error."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return [line[:200] for line in lines if "Error" in line or "Traceback" in line][-20:]


def crowded(n: int, minutes: float, seed: int) -> tuple[Seen, list[Memory]]:
    """What n visitors at a time went through on a server of their own, and its memory."""
    with server() as (address, pid):
        seen, began = Seen(), time.monotonic()
        until = began + 60 * minutes
        visits = [Visits(address, seen, 1000 * seed + i, until) for i in range(n)]
        threads = [threading.Thread(target=one.run, daemon=True) for one in visits]
        for thread in threads:
            thread.start()
        samples = [memory(pid, began)]
        while time.monotonic() < until:
            time.sleep(SAMPLE_SECONDS)
            samples.append(memory(pid, began))
        for thread in threads:
            thread.join(PATIENCE)
        samples.append(memory(pid, began))
        return seen, samples


def row(n: int, seen: Seen, samples: Sequence[Memory], load: Load) -> str:
    """A row of the table."""
    hand = [one.answered for one in seen.clicks if one.at_hand]
    first = [one.answered for one in seen.clicks if not one.at_hand]
    whole = [one.complete for one in seen.clicks if not one.at_hand and one.complete is not None]
    left = len(first) - len(whole)
    most, last = max(one.together for one in samples), samples[-1]
    cells = (
        f"{n}",
        *(_spread(kind) for kind in (hand, first, whole)),
        f"{left}",
        f"{sum(seen.failures.values())}",
        f"{samples[0].together:.0f}, {most:.0f}, {last.together:.0f}",
        f"{max(one.server for one in samples):.0f}",
        f"{100 * (last.cpu - samples[0].cpu) / max(last.seconds - samples[0].seconds, 1):.0f} %",
        str(load),
    )
    return f"| {' | '.join(cells)} |"


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    median, p95 = np.percentile(seconds, [50, 95])
    return f"{len(seconds)}: {median:.2f}, {p95:.2f}, {max(seconds):.1f}"


HEAD = (
    "| visitors | at hand, answered | first looks, answered | first looks, complete | went on "
    "before | failures | MB together: first, most, last | MB server, most | its CPU | machine |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@click.command()
@click.option("--visitors", default="1,10,20,30", help="How many at once, separated by commas.")
@click.option("--minutes", default=2.5, help="How long each crowd stays.")
@click.option("--seed", default=0, help="Of all that the visitors do.")
@click.option("--detail", is_flag=True, help="Also the slowest clicks, failures and all memory.")
def main(visitors: str, minutes: float, seed: int, detail: bool) -> None:
    """Print a row a number of visitors: clicks, then median, p95 and slowest in seconds."""
    click.echo(HEAD)
    for n in map(int, visitors.split(",")):
        load = Load()
        seen, samples = crowded(n, minutes, seed)
        click.echo(row(n, seen, samples, load))
        for failure, times in seen.failures.most_common():
            click.echo(f"{times} x {failure}", err=True)
        if detail:
            _print_detail(seen, samples)


def _print_detail(seen: Seen, samples: Sequence[Memory]) -> None:
    slowest = sorted(seen.clicks, key=lambda one: -one.answered)[:25]
    for one in slowest:
        kind = "at hand" if one.at_hand else "first"
        whole = "" if one.complete is None else f", complete {one.complete:.2f}"
        where = f"{one.view.page}?{one.view.query}"
        click.echo(f"{one.answered:7.2f} s{whole} {kind}: {one.what} -> {where}"[:180])
    step = max(1, len(samples) // 30)
    for now in samples[::step]:
        click.echo(
            f"{now.seconds:6.0f} s: server {now.server:.0f} MB, together {now.together:.0f} MB "
            f"in {now.processes} processes"
        )


if __name__ == "__main__":
    main()
