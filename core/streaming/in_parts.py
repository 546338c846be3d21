"""Scoring what is too large for the memory, or for one process: a Parquet part a shard.

Any number of processes may share the work, on any number of machines with a common folder: each
takes every so-many-th shard. A part is written whole or not at all and never again, so that after
any failure the same command goes on where it was, and each row is there exactly once.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core import exports
from core.config import OptionError
from core.data.imagesets import ImageSet, Rejected
from core.files import write_atomically
from core.inference import Autoencoder
from core.streaming import scoring
from core.streaming.scoring import PART_PIXELS
from core.streaming.shards import Sample, Shard

JOB = "job.json"


@dataclass(frozen=True)
class Job:
    """What is scored by what.

    source: what it is called in the table.  percentile: see core.streaming.scoring.score.
    """

    autoencoder: Autoencoder
    source: str
    shards: tuple[Shard, ...]
    percentile: float = 99.0

    def describe(self) -> dict[str, object]:
        """What must be the same for parts to belong together."""
        names = "\n".join(shard.name for shard in self.shards)
        return {
            "model": self.autoencoder.card.sha256,
            "source": self.source,
            "n_shards": len(self.shards),
            "shards": hashlib.sha256(names.encode()).hexdigest(),
            "percentile": self.percentile,
        }


@dataclass(frozen=True)
class Done:
    """A part that is there.  fresh: it was not there before."""

    path: Path
    fresh: bool
    n: int


def score_parts(job: Job, out: Path, rank: int = 0, size: int = 1) -> Iterator[Done]:
    """Score this process's shards, skipping the parts that are finished.

    out: a folder; made if it is not there.  rank, size: which of how many processes this is.
    Raises OptionError if the folder holds the parts of another job, DataError for a shard that
    cannot be read.
    """
    _claim(out, job)
    for i in range(rank, len(job.shards), size):
        path = out / f"part-{i:05d}-of-{len(job.shards):05d}.parquet"
        if path.exists():
            yield Done(path, False, _n_rows(path))
            continue
        for left in out.glob(f".{path.name}.*"):  # of a process that was killed while it wrote
            left.unlink(missing_ok=True)
        table = score_shard(job, job.shards[i])
        write_atomically(path, exports.parquet_bytes(table))
        yield Done(path, True, len(table))


def score_shard(job: Job, shard: Shard) -> pd.DataFrame:
    """The table of one shard, in its order but for the images of a batch that cannot be read."""
    tables = [
        scoring.score(job.autoencoder, images, job.percentile).table
        for images in _batches(job, shard)
    ]
    return pd.concat(tables, ignore_index=True)


def _batches(job: Job, shard: Shard) -> Iterator[ImageSet]:
    """The images a few thousand at a time; at least one batch, of none if need be."""
    shape = job.autoencoder.input_shape
    most = max(1, PART_PIXELS // math.prod(shape))
    samples: list[Sample] = []
    pixels: list[np.ndarray] = []
    rejected: list[Rejected] = []
    for sample in shard.samples():
        found = sample.pixels(shape)
        if isinstance(found, Rejected):
            rejected.append(found)
        else:
            samples.append(sample)
            pixels.append(found)
        if len(samples) + len(rejected) == most:
            yield _images(job, samples, pixels, rejected)
            samples, pixels, rejected = [], [], []
    yield _images(job, samples, pixels, rejected)


def _images(
    job: Job, samples: list[Sample], pixels: list[np.ndarray], rejected: list[Rejected]
) -> ImageSet:
    names, labels = np.unique([sample.label for sample in samples] or [""], return_inverse=True)
    return ImageSet(
        job.source,
        "all",
        np.stack(pixels) if pixels else np.empty((0, *job.autoencoder.input_shape), np.uint8),
        labels[: len(samples)].astype(np.int64),
        tuple(names.tolist()),
        np.array([sample.id for sample in samples], dtype=np.str_),
        rejected=tuple(rejected),
    )


def _claim(out: Path, job: Job) -> None:
    """The folder is this job's, from now on or already."""
    if out.exists() and not out.is_dir():
        raise OptionError(f"{str(out)!a} is a file: name a folder for the parts.")
    wanted = job.describe()
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / JOB).exists():
            if json.loads((out / JOB).read_text("utf-8")) != wanted:
                raise OptionError(
                    f"{str(out)!a} holds the parts of another model, source or percentile: "
                    "name another folder."
                )
        else:
            write_atomically(out / JOB, json.dumps(wanted).encode())
    except (OSError, ValueError) as error:
        raise OptionError(f"{str(out)!a} cannot be used ({error}): name another folder.") from error


def _n_rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
