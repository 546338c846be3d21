"""Scoring sources too large for memory or for one process: one Parquet part for each shard.

Any number of processes can share the work, on machines with a common folder: of n processes each
takes every n-th shard. A part is written atomically and only once, so that after a failure the same
command continues, and each row exists exactly once.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from core.config import OptionError
from core.export import tables
from core.files import write_atomically
from core.inference import NOT_SCORED
from core.streaming.pipeline import Job, Piece, Totals, pieces

JOB = "job.json"


@dataclass(frozen=True)
class Done:
    """A finished part.

    fresh: whether this process has written it.  n: rows.  n_not_finite: rows of images for which
    the model's output is not finite.  n_empty: images of one colour once prepared, of a fresh part.
    """

    path: Path
    fresh: bool
    n: int
    n_not_finite: int
    n_empty: int = 0


def score_parts(job: Job, out: Path, rank: int = 0, size: int = 1) -> Iterator[Done]:
    """Score this process's shards, skipping the parts that are finished.

    out: a folder; made if it is not there.  rank, size: which of how many processes this is.
    Raises OptionError if the folder holds the parts of another job, DataError for a shard that
    cannot be read.
    """
    _claim(out, job)
    own = range(rank, len(job.shards), size)
    paths = [part_path(out, i, len(job.shards)) for i in own]
    missing = [i for i, path in zip(own, paths, strict=True) if not path.exists()]
    with contextlib.closing(pieces(job, [job.shards[i] for i in missing])) as scored:
        shards = groupby(scored, key=lambda piece: piece.shard)
        for i, path in zip(own, paths, strict=True):
            n_empty = _write(path, next(shards)[1]) if i in missing else 0
            n, n_not_finite = _counts(path)
            yield Done(path, i in missing, n, n_not_finite, n_empty=n_empty)


def part_path(out: Path, i: int, n_shards: int) -> Path:
    """Where the part of a shard is, or will be."""
    return out / f"part-{i:05d}-of-{n_shards:05d}.parquet"


def totals_of_parts(out: Path, n_shards: int) -> tuple[Totals, int]:
    """Totals of all parts in a folder, and how many of the n_shards are there."""
    import pandas as pd

    totals, n_there = Totals(), 0
    for path in (part_path(out, i, n_shards) for i in range(n_shards)):
        if path.exists():
            totals.add(pd.read_parquet(path, columns=["id", "reason", "is_outlier"]))
            n_there += 1
    return totals, n_there


def _write(path: Path, scored: Iterator[Piece]) -> int:
    """Write a part; returns how many of its images are of one colour."""
    n_empty = 0
    for left in path.parent.glob(f".{path.name}.*"):  # of a process that was killed while it wrote
        left.unlink(missing_ok=True)
    with tables.writing(path) as write:
        for piece in scored:
            write(piece.table)
            n_empty += piece.n_empty
    return n_empty


def _claim(out: Path, job: Job) -> None:
    """Mark the folder as this job's, or check that it is."""
    if out.exists() and not out.is_dir():
        raise OptionError(f"{str(out)!a} is a file: name a folder for the parts.")
    wanted = job.describe()
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / JOB).exists():
            if json.loads((out / JOB).read_text("utf-8")) != wanted:
                raise OptionError(
                    f"{str(out)!a} holds the parts of another model, source, score or rate: "
                    "name another folder."
                )
        else:
            write_atomically(out / JOB, json.dumps(wanted).encode())
    except (OSError, ValueError) as error:
        raise OptionError(f"{str(out)!a} cannot be used ({error}): name another folder.") from error


def _counts(path: Path) -> tuple[int, int]:
    """Number of rows of a part, and of those whose images could not be scored."""
    import pyarrow.parquet as pq

    why = pq.read_table(path, columns=["reason"])["reason"].to_pylist()
    return len(why), why.count(NOT_SCORED)
