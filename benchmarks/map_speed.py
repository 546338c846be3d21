"""How long the map of 70,000 and of 1,000,000 images takes, in a real browser.

`python -m benchmarks.map_speed [--images 1000000]`. The images are those of benchmarks.crowd, read
from the disk as they are used. The server has shown one small map before. Measured are the choice
of their part in a new browser until the map is drawn: for the first time ever, when no image has a
code; after a restart, when the codes are on the disk; and by a later visitor. Then a zoom until the
finer picture is there, and a lasso until the images in it stand below the map. Headless Chromium on
the same cores. The first map ever can hardly come sooner than a later one after the encoding of all
images alone.
"""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks import crowd
from benchmarks.table import Row, markdown
from benchmarks.timing import Load, seconds_of
from core.data.own import store
from core.inference import Autoencoder
from core.inference.backends import inference_threads
from core.latent.map_tasks import DENSE
from core.machine import cores
from tests.driving.serving import browsing, serving

EVER, RESTARTED, LATER = VISITS = ("first map ever", "first map after a restart", "a later map")
ZOOM, LASSO = "finer after a zoom", "lasso"
LIMIT, OF = 1.5, 70_000  # seconds, of so many images
PART = 1_000  # images a thread encodes at a time
Seconds = dict[str, list[float]]  # of each thing that is measured, round by round


def rows(rounds: int = 2, sizes: tuple[int, ...] = (OF,)) -> list[Row]:
    """Six rows a size."""
    found = []
    with tempfile.TemporaryDirectory() as name, browsing() as browser:
        for n in sizes:
            crowd.write_set(Path(name), f"crowd-{n}", n)
            found += _rows(n, measured(browser, Path(name), f"crowd-{n}", rounds))
    return found


def measured(browser: Browser, home: Path, name: str, rounds: int) -> Seconds:
    """Each round is two lives of the server: one without codes, one that finds them on the disk."""
    seconds: Seconds = {what: [] for what in (*VISITS, ZOOM, LASSO, "encoding")}
    link = f"dataset={store.PREFIX}{name}&model={crowd.MODEL}&points=1000000"
    environment, log = {"HOURGLASS_HOME": str(home)}, home / "log.txt"
    for _ in range(rounds):
        shutil.rmtree(home / "data" / "codes", ignore_errors=True)
        with serving(log, environment) as address:
            left(_visit(browser, address, link, seconds[EVER]))
        with serving(log, environment) as address:
            left(_visit(browser, address, link, seconds[RESTARTED]))
            page = _visit(browser, address, link, seconds[LATER])
            crowd.settled(page)
            seconds[ZOOM].append(crowd.refined(page))
            seconds[LASSO].append(crowd.circled(page))
            left(page)
        seconds["encoding"].append(encoding_alone(home / "data" / "own" / name / store.IMAGES))
    return seconds


def encoding_alone(pixels: Path) -> float:
    """Seconds to encode the images of a file, with as many threads as the page has."""
    model, images = Autoencoder.load(crowd.MODEL), np.load(pixels, mmap_mode="r")

    def encode(start: int) -> int:
        return len(model.encode(np.divide(images[start : start + PART], 255, dtype=np.float32)))

    encode(0)
    with ThreadPoolExecutor(max(1, cores() // inference_threads())) as pool:
        return seconds_of(lambda: sum(pool.map(encode, range(crowd.TRAIN, len(images), PART))))


def left(page: Page) -> None:
    """Leave, once nothing is computed for the page any more."""
    crowd.settled(page)
    page.context.close()


def _visit(browser: Browser, address: str, link: str, seconds: list[float]) -> Page:
    page, took = crowd.visit(browser, address, link)
    seconds.append(took)
    return page


def _rows(n: int, seconds: Seconds) -> list[Row]:
    must = [LIMIT] * len(seconds[EVER]) if n <= OF else []
    least = [sum(two) for two in zip(seconds[LATER], seconds["encoding"], strict=True)]
    limits = [("must", must, what) for what in VISITS]
    limits.insert(1, ("a later map + encoding alone", least, EVER))
    limits += [("", [], what) for what in (ZOOM, LASSO)]
    return [
        Row(f"{n:,} points: {what}", seconds[what], limit_name=name, limit=limit, unit="s")
        for name, limit, what in limits
    ]


@click.command()
@click.option(
    "--images",
    type=click.IntRange(min=DENSE),  # of fewer no picture is made, which is waited for here
    default=1_000_000,
    help="How many at most; 70,000 are measured, too.",
)
@click.option("--rounds", default=3, help="How often each is measured.")
def main(images: int, rounds: int) -> None:
    """Print one table, and how busy the machine was."""
    load = Load()
    click.echo(markdown(rows(rounds, tuple(sorted({min(OF, images), images})))))
    click.echo(f"\n{load}, {rounds} rounds.")


if __name__ == "__main__":
    main()
