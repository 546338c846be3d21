"""Images scored while the next ones are decoded: a table a block, in the order of the source."""

import contextlib
import hashlib
import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd

from core.checkpoints import trained_on
from core.config import DataError, HourglassError
from core.export import tables
from core.images.imagesets import Rejected
from core.images.modes import FAINT
from core.images.preparation import Preparation
from core.inference import NOT_SCORED, Autoencoder
from core.inference.backends import inference_threads
from core.streaming import decoding, scoring
from core.streaming.decoding import Block, kept_failure
from core.streaming.scoring import Line, Rows, reasons
from core.streaming.shards import Shard
from core.streaming.workers import Pixels, default_workers
from core.text import counted

# Several decoded blocks run through a model in parallel, to use every core.

PART_PIXELS = 256 * 784  # as floats at a time: larger pieces of memory are given back each time


def models_at_once() -> int:
    """Number of blocks run through the model in parallel: one for each thread with a core."""
    return max(1, default_workers() // inference_threads())


def all_scored(
    autoencoder: Autoencoder, blocks: Iterable[Block], line: Line
) -> Generator[tuple[int, Rows]]:
    """Yield shard and rows of each block in order, while the next blocks are computed.

    An error of the blocks is raised after the rows of the blocks before it.
    """
    threads = models_at_once()
    begun: deque[tuple[int, Future[Rows]]] = deque()
    failed: HourglassError | None = None
    with ThreadPoolExecutor(threads) as pool:
        for item in kept_failure(blocks):
            if isinstance(item, HourglassError):
                failed = item
                break
            begun.append((item.shard, pool.submit(scored, autoencoder, item, line)))
            if len(begun) > threads:
                shard, rows = begun.popleft()
                yield shard, rows.result()
        for shard, rows in begun:
            yield shard, rows.result()
    if failed:
        raise failed


def scored(autoencoder: Autoencoder, block: Block, line: Line) -> Rows:
    """The rows of a block."""
    errors, scores = np.full((2, len(block.ids)), np.nan)
    read = np.array([reason == "" for reason in block.reasons], bool)
    size = max(1, PART_PIXELS // math.prod(autoencoder.input_shape))
    parts = [block.images[i : i + size] for i in range(0, len(block.images), size)]
    found = [autoencoder.errors(np.divide(part, np.float32(255))) for part in parts]
    errors[read] = np.concatenate([np.empty(0), *found])
    scores[read] = line.scores(block.images, errors[read])
    why = [given or own for given, own in zip(block.reasons, reasons(errors), strict=True)]
    return Rows(
        ids=block.ids,
        labels=block.labels,
        errors=errors,
        scores=scores,
        reasons=why,
        n_empty=_n_empty(block),
    )


def _n_empty(block: Block) -> int:
    return int((np.ptp(block.images, axis=(1, 2, 3)) <= FAINT).sum())


TABLE_ROWS = 2048


@dataclass(frozen=True)
class Job:
    """A source to score with a model.

    source: its name in the table.  line: between usual and strange.
    workers: processes that decode; see core.streaming.decoding.blocks.  look: is given the images
    of each block (m, C, H, W) as they are prepared.
    """

    autoencoder: Autoencoder
    source: str
    shards: tuple[Shard, ...]
    line: Line
    workers: int | None = None
    look: Callable[[Pixels], None] | None = None

    @cached_property
    def preparation(self) -> Preparation:
        """The preparation of the images: that of the model's training images."""
        return trained_on.preparation(self.autoencoder.card)

    def describe(self) -> dict[str, object]:
        """Values that must be equal for parts of one result."""
        names = "\n".join(shard.name for shard in self.shards)
        return {
            "model": self.autoencoder.card.sha256,
            "source": self.source,
            "n_shards": len(self.shards),
            "shards": hashlib.sha256(names.encode()).hexdigest(),
            "score": self.line.score,
            "threshold": self.line.threshold,
            "preparation": msgspec.json.encode(self.preparation).decode(),
        }


class Piece(NamedTuple):
    """Some rows of one shard, as core.streaming.scoring.table makes them.

    shard: its position among those that were asked for.  n_empty: see Rows.
    """

    shard: int
    table: pd.DataFrame
    n_empty: int = 0


@dataclass
class Totals:
    """Totals of a file of scores.  n: images that were scored.

    n_rejected: files that could not be read, of which rejected is the first.  n_not_finite: images
    that were read, but for which the model's output is not finite.  n_empty: images of one colour
    once prepared.
    """

    n: int = 0
    n_rejected: int = 0
    n_outliers: int = 0
    n_not_finite: int = 0
    rejected: Rejected | None = None
    n_empty: int = 0

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

    Raises DataError for a shard that cannot be read.
    """
    decoded = decoding.blocks(shards, job.preparation, job.workers)
    shown = _looked_at(decoded, job.look)
    with (
        contextlib.closing(decoded),
        contextlib.closing(all_scored(job.autoencoder, shown, job.line)) as found,
    ):
        for shard, of_shard in groupby(found, key=lambda one: one[0]):
            for rows in _gathered(rows for _, rows in of_shard):
                table = scoring.table(job.source, rows, job.line)
                yield Piece(shard, table, rows.n_empty)


def _looked_at(blocks: Iterable[Block], look: Callable[[Pixels], None] | None) -> Iterator[Block]:
    for block in blocks:
        if look is not None:
            look(block.images)
        yield block


def score_file(job: Job, out: Path, progress: Callable[[int], None] | None = None) -> Totals:
    """Write a row an image to a .csv or .parquet file, whole or not at all.

    progress: called with images done.  The memory does not depend on how many there are.
    Raises DataError if none can be read, CheckpointError if the model's output is finite for none
    of them, OptionError if the file cannot be written.
    """
    totals = Totals()
    with tables.writing(out) as write, contextlib.closing(pieces(job, job.shards)) as scored:
        for piece in scored:
            write(piece.table)
            totals.add(piece.table)
            totals.n_empty += piece.n_empty
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
    """Rows collected to TABLE_ROWS or more, since making a table costs as much as 1,000 rows."""
    waiting: list[Rows] = []
    for rows in scored:
        waiting.append(rows)
        if sum(len(some.ids) for some in waiting) >= TABLE_ROWS:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows(
        ids=_row(rows.ids for rows in parts),
        labels=_row(rows.labels for rows in parts),
        errors=np.concatenate([rows.errors for rows in parts]),
        scores=np.concatenate([rows.scores for rows in parts]),
        reasons=_row(rows.reasons for rows in parts),
        n_empty=sum(rows.n_empty for rows in parts),
    )


def _row(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(parts))
