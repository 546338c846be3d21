"""Scoring more images than fit into the memory: against decoding alone and inference alone.

`python -m benchmarks.scoring [--images 1000000] [--jpegs 50000]`. Two sources in a temporary
folder: digits of 28 x 28 as PNG in Parquet shards (10,000 different ones, over and over), and a
folder of colour JPEG files. In each round, one after the other, by the functions of
`python -m core score`:

- ours: read, decoded, scored and written.
- decoding alone: as many processes as in ours, with all cores to themselves; images are forgotten.
- inference alone: as many threads as in ours, on images that lie ready; numbers are forgotten.

Two limits. "The slower alone" can be reached where each process and thread has a core of its own.
Where they want the same cores, even a perfect scheduler is held to what is left when every core is
always busy: "what the cores allow" is cores / (decoding's + inference's seconds of a core an
image), or the slower alone where that is less. The third row needs no quiet machine: images for a
second of a core, against both alone added up, which shows what it costs to bring them together.
Memory is the anonymous memory of the process and of all together, at most, for a tenth of the
images and for all.
"""

import io
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.big_set import draw_pictures
from benchmarks.table import Row, markdown
from core import datasets
from core.inference import Autoencoder
from core.machine import cores
from core.streaming import decoding, shards
from core.streaming.pipeline import Job, score_file

DIFFERENT = 5_000
A_SHARD = 100_000
DIGITS, PICTURES = "mnist-dense-32", "shapes-conv"


@dataclass(frozen=True)
class Source:
    """What is scored by which model."""

    title: str
    path: Path
    checkpoint: str

    def job(self) -> Job:
        """As `python -m core score` does it."""
        model = Autoencoder.load(self.checkpoint)
        return Job(model, "a benchmark", shards.shards(self.path, 4096))


@dataclass(frozen=True)
class Speed:
    """Images per second, and seconds of a core an image."""

    rate: float
    core_seconds: float


def digits(folder: Path, n: int) -> Source:
    """Parquet files of PNG bytes."""
    folder.mkdir()
    images = datasets.load("mnist-5k", "train").images
    files = [_png(images[i % len(images), 0] // (1 + i // len(images))) for i in range(DIFFERENT)]
    for start in range(0, n, A_SHARD):
        rows = [files[i % DIFFERENT] for i in range(start, min(n, start + A_SHARD))]
        table = pa.table({"image": pa.array(rows, pa.binary())})
        pq.write_table(table, folder / f"{start:09d}.parquet", compression="none")
    return Source("digits of 28 x 28, PNG in Parquet", folder, DIGITS)


def pictures(folder: Path, n: int) -> Source:
    """A folder of JPEG files of 64 x 64, in colour."""
    folder.mkdir()
    draw_pictures(folder, n)
    return Source("pictures of 64 x 64, JPEG in a folder", folder, PICTURES)


def whole(source: Source, out: Path) -> Speed:
    """Everything that `score` does but start."""
    job = source.job()
    return _speed(lambda: score_file(job, out).n)


def decoding_alone(source: Source) -> Speed:
    """The images read and decoded, and forgotten."""
    job = source.job()
    decoded = decoding.blocks(job.shards, job.autoencoder.input_shape)
    return _speed(lambda: sum(len(block.images) for block in decoded))


def inference_alone(source: Source, n: int) -> Speed:
    """The errors of images that are decoded already, from bytes to numbers."""
    job = source.job()
    few = decoding.blocks(job.shards, job.autoencoder.input_shape, 0)
    ready = next(few).images
    few.close()

    def run() -> int:
        for _ in range(max(1, n // len(ready))):
            job.autoencoder.errors(np.divide(ready, np.float32(255)))
        return max(1, n // len(ready)) * len(ready)

    run()
    return _speed(run)


def rows(rounds: int = 3, n_digits: int = 40_000, n_pictures: int = 8_000) -> list[Row]:
    """Three rows a source: against the slower alone, what the cores allow, and by core time."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source, n in (
            (digits(folder / "digits", n_digits), n_digits),
            (pictures(folder / "pictures", n_pictures), n_pictures),
        ):
            found += measured(source, n, folder / "scores.parquet", rounds)
    return found


def measured(source: Source, n: int, out: Path, rounds: int) -> list[Row]:
    """The three ways in turn, so many times."""
    ways = [
        (whole(source, out), decoding_alone(source), inference_alone(source, n // 4))
        for _ in range(rounds)
    ]
    ours = [one[0].rate for one in ways]
    slower = [min(decoded.rate, inferred.rate) for _, decoded, inferred in ways]
    both = [d.core_seconds + i.core_seconds for _, d, i in ways]
    allowed = [min(rate, cores() / seconds) for rate, seconds in zip(slower, both, strict=True)]
    serial = ("decode, then infer", [1 / (1 / d.rate + 1 / i.rate) for _, d, i in ways])
    a_core = [1 / one[0].core_seconds for one in ways]
    apart = [1 / seconds for seconds in both]
    return [
        Row(f"score {source.title}", ours, *serial, f"{_slower_of(ways)} alone", slower),
        Row(f"score {source.title}", ours, *serial, "what the cores allow", allowed),
        Row(f"{source.title}, a core's second", a_core, limit_name="both alone", limit=apart),
    ]


def _slower_of(ways: list[tuple[Speed, Speed, Speed]]) -> str:
    names = ["decoding" if d.rate < i.rate else "inference" for _, d, i in ways]
    return max(set(names), key=names.count)


def memory(source: Source, out: Path) -> tuple[float, float, float]:
    """Scored in a process of its own: images/s with its start, MB of it and of all its processes
    at most.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=whole, args=(source, out))
    began = time.perf_counter()
    process.start()
    own = everyone = 0.0
    while process.is_alive():
        mine, all_of_them = _anonymous(psutil.Process(process.pid))
        own, everyone = max(own, mine), max(everyone, all_of_them)
        process.join(0.2)
    if process.exitcode:
        raise click.ClickException("Scoring failed.")
    return pq.read_metadata(out).num_rows / (time.perf_counter() - began), own, everyone


def _speed(work: Callable[[], int]) -> Speed:
    """Of this process and of those it starts, which end within the work."""
    began, worked = time.perf_counter(), _core_seconds()
    n = work()
    return Speed(n / (time.perf_counter() - began), (_core_seconds() - worked) / n)


def _core_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _png(x: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(x).save(file, "PNG")
    return file.getvalue()


def _anonymous(process: psutil.Process) -> tuple[float, float]:
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    each = [_megabytes(one.pid) for one in family]
    return each[0], sum(each)


def _megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.split("RssAnon:")[1].split()[0]) / 1024 if "RssAnon:" in status else 0.0


@click.command()
@click.option("--images", default=1_000_000, help="How many digits at most.")
@click.option("--jpegs", default=50_000, help="How many JPEG files at most.")
@click.option("--rounds", default=3, help="How often each way is measured, on some of them.")
def main(images: int, jpegs: int, rounds: int) -> None:
    """Print the speeds on some of the images, and the memory on a tenth and on all."""
    before = os.getloadavg()[0]
    click.echo(markdown(rows(rounds, images // 10, jpegs // 5)))
    click.echo("\n| source | images | images/s | MB of the process | MB of all |")
    click.echo("|---|---|---|---|---|")
    for make, most in ((digits, images), (pictures, jpegs)):
        for n in (most // 10, most):
            with tempfile.TemporaryDirectory() as name:
                source = make(Path(name) / "source", n)
                rate, own, everyone = memory(source, Path(name) / "scores.parquet")
            click.echo(f"| {source.title} | {n:,} | {rate:,.0f} | {own:,.0f} | {everyone:,.0f} |")
    busy = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    click.echo(f"\n{os.cpu_count()} cores, {busy}, {rounds} rounds.")


if __name__ == "__main__":
    main()
