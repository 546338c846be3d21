"""An own data set of many images: how long it takes to make, and what memory it costs.

`python -m benchmarks.big_set [--images 100000]`. Draws that many colour pictures of 64 x 64 into a
folder, imports them as `python -m core import` does, then reads the whole set once as scoring does.
Memory is the process's own (anonymous) pages, read after a tenth of the work and at the end: what
lies in files and can be dropped at any time is not counted.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

SIDE = 64
A_FOLDER = 1000  # files in each


def draw_pictures(folder: Path, n: int) -> None:
    """JPEG files, no two alike, in folders of A_FOLDER."""
    rng = np.random.default_rng(0)
    for i in range(n):
        path = folder / f"{i // A_FOLDER:04d}" / f"{i:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        rough = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        rough.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(path, quality=85)


def own_megabytes() -> float:
    """The anonymous memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


class Watch:
    """Seconds and memory, noted along the way; the peak is looked for at every hundredth."""

    def __init__(self) -> None:
        self.began, self.first, self.peak = time.perf_counter(), 0.0, 0.0

    def tell(self, done: int, total: int | None) -> None:
        """The progress of the work."""
        if total and done % max(1, total // 100) == 0:
            self.peak = max(self.peak, own_megabytes())
            if not self.first and done >= total // 10:
                self.first = own_megabytes()

    def row(self, what: str, n: int) -> tuple[str, float, float, float, float, float]:
        """what, seconds, images a second, MB after a tenth, at the end, and at most."""
        seconds = time.perf_counter() - self.began
        end = own_megabytes()
        return what, seconds, n / seconds, self.first, end, max(self.peak, end)


def imported(folder: Path, home: Path, queue: Any) -> None:
    """In a process of its own: import and read, and put a row for each into the queue."""
    os.environ["HOURGLASS_HOME"] = str(home)
    from core.data import catalogue
    from core.data.offered.gate import Terms, in_folder
    from core.data.own.draft import Form
    from core.data.own.import_images import gather
    from core.data.own.make_set import Keeping, make

    watch = Watch()
    draft = gather(in_folder(folder, Terms()), Form((SIDE, SIDE), 3), "a benchmark", watch.tell)
    queue.put(watch.row("read and compared", len(draft)))
    watch = Watch()
    own = make(draft, "big", Keeping(), watch.tell)
    draft.discard()
    queue.put(watch.row("made a set", own.n_train + own.n_test))
    watch = Watch()
    images = catalogue.load("own:big", "train")
    for start, part in _parts(len(images)):
        images.pixels(part).mean()
        watch.tell(start, len(images))
    queue.put(watch.row("read once as floats", len(images)))
    queue.put(None)


def _parts(n: int, size: int = 256) -> Iterator[tuple[int, slice]]:
    for start in range(0, n, size):
        yield start, slice(start, start + size)


@click.command()
@click.option("--images", "n", default=100_000, help="How many.")
def main(n: int) -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "pictures", Path(name) / "home"
        folder.mkdir()
        draw_pictures(folder, n)
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        process = context.Process(target=imported, args=(folder, home, queue))
        process.start()
        click.echo("| what | s | images/s | MB after a tenth | MB at the end | MB at most |")
        click.echo("|---|---|---|---|---|---|")
        while (row := queue.get(timeout=3600)) is not None:
            what, *numbers = row
            click.echo(f"| {what} | " + " | ".join(f"{value:,.0f}" for value in numbers) + " |")
        process.join()
    click.echo(f"\n{n:,} colour pictures of {SIDE} x {SIDE}: {n * 3 * SIDE**2 / 1e6:,.0f} MB.")


if __name__ == "__main__":
    main()
