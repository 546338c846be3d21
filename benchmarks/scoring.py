"""Scoring more images than fit into the memory: against decoding alone and inference alone.

`python -m benchmarks.scoring [--images 1000000] [--jpegs 50000]`. Two sources in a temporary
folder: digits of 28 x 28 as PNG in Parquet shards (5,000 different ones, over and over), and a
folder of colour JPEG files. In each round, one after the other, by the functions of
`python -m core score`:

- ours: read, decoded, scored and written, from the start of the processes to their end.
- decoding alone: as many processes as in ours, with all cores to themselves, their start and end
  counted too; images are forgotten.
- inference alone: as many blocks at once as in ours, with all cores to themselves, on images that
  lie ready; numbers are forgotten. And one block at a time, as it is everywhere else.
- a plain loop: one image after the other read by Pillow, a block of them scored, and so on.

Decoding and inference each want all cores, so together they cannot go as fast as the slower of
them alone: what the cores allow, if none ever waits, is 1 / (1 / decoding + 1 / inference). The
last row of a source needs no quiet machine: images for a second of a core, against both alone
added up, which shows what it costs to bring them together. benchmarks.scoring_memory says how
memory is measured, for a tenth of the images and for all.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

import click
import numpy as np

from benchmarks.scoring_memory import memory
from benchmarks.scoring_sources import Source, digits, pictures
from benchmarks.table import Row, markdown
from core.images.reading import read_image, to_array
from core.machine import cores
from core.streaming import decoding
from core.streaming.pipeline import models_at_once, score_file, scored
from core.streaming.shards import Sample

LOOP_BATCH = 256


@dataclass(frozen=True)
class Speed:
    """Images per second, and seconds of a core an image."""

    rate: float
    core_seconds: float


def whole(source: Source, out: Path) -> Speed:
    """Everything that `score` does but start."""
    job = source.job()
    return _speed(lambda: score_file(job, out).n)


def decoding_alone(source: Source) -> Speed:
    """The images read and decoded, and forgotten."""
    job = source.job()
    decoded = decoding.blocks(job.shards, job.preparation)
    return _speed(lambda: sum(len(block.images) for block in decoded))


def inference_alone(source: Source, n: int, at_once: int) -> Speed:
    """The errors of images that are decoded already, from bytes to numbers.

    at_once: how many blocks; each goes through the model in the parts that it has in ours.
    """
    job, block = source.job(), _first_block(source)
    score = partial(scored, job.autoencoder, line=job.line)
    n_blocks = max(at_once, n // len(block.ids))
    with ThreadPoolExecutor(at_once) as pool:

        def run(count: int) -> int:
            return sum(len(rows.ids) for rows in pool.map(score, [block] * count))

        run(at_once)
        return _speed(lambda: run(n_blocks))


def plain_loop(source: Source, n: int) -> Speed:
    """As one would write it first: an image after the other, in one process."""
    job = source.job()
    _, height, width = shape = job.autoencoder.input_shape
    samples = chain.from_iterable(shard.samples() for shard in job.shards)

    def run() -> int:
        done = 0
        while batch := list(islice(samples, min(LOOP_BATCH, n - done))):
            pictures = [read_image(_source(sample)) for sample in batch]
            x = np.stack([to_array(one, shape[0], (height, width)) for one in pictures])
            job.autoencoder.errors(x / np.float32(255))  # type: ignore[arg-type]
            done += len(batch)
        return done

    return _speed(run)


def _source(sample: Sample) -> bytes | Path:
    found = sample.read()
    return found if isinstance(found, bytes) else Path(found)


def _first_block(source: Source) -> decoding.Block:
    job = source.job()
    with contextlib.closing(decoding.blocks(job.shards, job.preparation, 0)) as blocks:
        return next(blocks)


def rows(rounds: int = 3, n_digits: int = 60_000, n_pictures: int = 12_000) -> list[Row]:
    """Five rows a source: against what the cores allow, each half alone, and by core time."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source, n in (
            (digits(folder / "digits", n_digits), n_digits),
            (pictures(folder / "pictures", n_pictures), n_pictures),
        ):
            found += measured(source, n, folder / "scores.parquet", rounds)
    return found


@dataclass(frozen=True)
class Round:
    """Each way once, one right after the other."""

    ours: Speed
    decoding: Speed
    inference: Speed
    one_at_a_time: Speed
    loop: Speed

    @property
    def allowed(self) -> float:
        """Images/s if no core ever waits."""
        return 1 / (1 / self.decoding.rate + 1 / self.inference.rate)

    @property
    def apart(self) -> float:
        """Images for a second of a core, decoding and inference added up."""
        return 1 / (self.decoding.core_seconds + self.inference.core_seconds)


def measured(source: Source, n: int, out: Path, rounds: int) -> list[Row]:
    """The ways in turn, so many times."""
    at_once = models_at_once()
    found = [
        Round(
            whole(source, out),
            decoding_alone(source),
            inference_alone(source, n // 2, at_once),
            inference_alone(source, n // 8, 1),
            plain_loop(source, n // 8),
        )
        for _ in range(rounds)
    ]
    ours = [one.ours.rate for one in found]
    loop = ("a plain loop", [one.loop.rate for one in found])
    limits = {
        f"what {cores()} cores allow": [one.allowed for one in found],
        "decoding alone": [one.decoding.rate for one in found],
        "inference alone": [one.inference.rate for one in found],
        "inference alone, a block at a time": [one.one_at_a_time.rate for one in found],
    }
    a_core = [1 / one.ours.core_seconds for one in found]
    return [
        *(Row(f"score {source.title}", ours, *loop, name, limit) for name, limit in limits.items()),
        Row(
            f"{source.title}, a core's second",
            a_core,
            "a plain loop",
            [1 / one.loop.core_seconds for one in found],
            "both alone",
            [one.apart for one in found],
        ),
    ]


def _speed(work: Callable[[], int]) -> Speed:
    """Of this process and of those it starts, which end within the work."""
    began, worked = time.perf_counter(), _core_seconds()
    n = work()
    return Speed(n / (time.perf_counter() - began), (_core_seconds() - worked) / n)


def _core_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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
