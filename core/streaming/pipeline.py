"""Images scored while the next ones are decoded: a table a block, in the order of the source."""

import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from core import exports
from core.config import DataError
from core.data.imagesets import Rejected
from core.inference import NOT_SCORED, Autoencoder
from core.streaming import decoding, scoring
from core.streaming.inferring import all_scored
from core.streaming.scoring import Rows
from core.streaming.shards import Shard
from core.wording import counted

TABLE_ROWS = 2048


@dataclass(frozen=True)
class Job:
    """What is scored by what.

    source: what it is called in the table.  percentile: see core.streaming.scoring.score.
    workers: processes that decode; see core.streaming.decoding.blocks.
    """

    autoencoder: Autoencoder
    source: str
    shards: tuple[Shard, ...]
    percentile: float = 99.0
    workers: int | None = None

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


class Piece(NamedTuple):
    """Some rows of one shard, as core.streaming.scoring.table makes them.

    shard: its position among those that were asked for.
    """

    shard: int
    table: pd.DataFrame


@dataclass
class Totals:
    """What a file of scores holds.  n: images that were scored.

    threshold: the error above which an image is an outlier.  n_rejected: files that could not be
    read, of which rejected is the first.  n_not_finite: images that were read, but for which the
    model's output is not finite.
    """

    threshold: float
    n: int = 0
    n_rejected: int = 0
    n_outliers: int = 0
    n_not_finite: int = 0
    rejected: Rejected | None = None

    def add(self, table: pd.DataFrame) -> None:
        """Count these rows too."""
        scored, unscored = table["reason"] == "", table["reason"] == NOT_SCORED
        unread = table[~(scored | unscored)]
        self.n += int(scored.sum())
        self.n_not_finite += int(unscored.sum())
        self.n_rejected += len(unread)
        self.n_outliers += int(table["is_outlier"].sum())
        if self.rejected is None and len(unread):
            self.rejected = Rejected(unread["id"].iloc[0], unread["reason"].iloc[0])


def pieces(job: Job, shards: Sequence[Shard]) -> Generator[Piece]:
    """The rows of these shards in their order, at least one piece a shard.

    Raises DataError for a shard that cannot be read, OptionError for a percentile out of bounds.
    """
    limit = scoring.threshold(job.autoencoder, job.percentile)
    decoded = decoding.blocks(shards, job.autoencoder.input_shape, job.workers)
    with (
        contextlib.closing(decoded),
        contextlib.closing(all_scored(job.autoencoder, decoded)) as found,
    ):
        for shard, of_shard in groupby(found, key=lambda one: one[0]):
            for rows in _gathered(rows for _, rows in of_shard):
                yield Piece(shard, scoring.table(job.autoencoder, job.source, rows, limit))


def score_file(job: Job, out: Path, progress: Callable[[int], None] | None = None) -> Totals:
    """Write a row an image to a .csv or .parquet file, whole or not at all.

    progress: told how many images are done.  The memory does not depend on how many there are.
    Raises DataError if none can be read, CheckpointError if the model's output is finite for none
    of them, OptionError if the file cannot be written.
    """
    totals = Totals(scoring.threshold(job.autoencoder, job.percentile))
    with exports.writing(out) as write, contextlib.closing(pieces(job, job.shards)) as scored:
        for piece in scored:
            write(piece.table)
            totals.add(piece.table)
            if progress:
                progress(totals.n + totals.n_rejected + totals.n_not_finite)
        if not totals.n and totals.n_not_finite:
            raise job.autoencoder.not_finite(totals.n_not_finite)
        if not totals.n:
            why = f", the first because: {totals.rejected.reason}" if totals.rejected else "."
            raise DataError(
                f"{job.source} has no image that can be read of "
                f"{counted(totals.n_rejected, 'file')}{why}"
            )
    return totals


def _gathered(scored: Iterable[Rows]) -> Iterator[Rows]:
    """The same rows, TABLE_ROWS or more at a time: to make a table costs as much as 1,000 rows."""
    waiting: list[Rows] = []
    for rows in scored:
        waiting.append(rows)
        if sum(len(some.ids) for some in waiting) >= TABLE_ROWS:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[Rows]) -> Rows:
    ids, labels, errors, reasons = zip(*parts, strict=True)
    return Rows(_row(ids), _row(labels), np.concatenate(errors), _row(reasons))


def _row(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(parts))
