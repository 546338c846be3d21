"""Images decoded block by block in separate processes, while earlier ones are used.

Bytes are read here, in the order of the source and within its limits; files of a folder are opened
by the process that decodes them. Only a few blocks are in progress at a time.
"""

import math
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from core.config import DataError, HourglassError, ImageRejected
from core.images.preparation import Preparation
from core.streaming import workers as decoders
from core.streaming.shards import Sample, Shard
from core.streaming.workers import Content, Decoded, Lane, Pixels, Shape, Slots, decode

BLOCK_IMAGES, BLOCK_PIXELS = 1024, 1024 * 784
BLOCK_BYTES = 32 << 20  # of encoded images in one block
FEW = 512  # images: not worth starting processes for
T = TypeVar("T")


class Block(NamedTuple):
    """Consecutive images of a shard.

    shard: its position among those given.  ids, labels, reasons: of all n images offered; a
    reason is "" where the image could be read.  images: (m, C, H, W), those that could be read.
    """

    shard: int
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    images: Pixels
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    shard: int
    samples: tuple[Sample, ...]
    contents: list[Content]


_Item = _Task | HourglassError


def blocks(
    shards: Sequence[Shard], how: Preparation, workers: int | None = None
) -> Generator[Block]:
    """All images of the shards in order, in at least one block for each shard, possibly empty.

    how: they are prepared.  workers: processes; None = as this machine has
    cores, or none for few images; 0 = none.  To be closed if it is not used up.
    Raises DataError for a shard that cannot be read, or if a process ends.
    """
    shape = how.shape
    tasks = kept_failure(_tasks(shards, shape))
    if workers is None:
        begun, tasks = _begun(tasks)
        workers = decoders.default_workers() if begun >= FEW else 0
    if not workers:
        yield from _one_by_one(tasks, how)
        return
    slots = Slots.of(2 * workers + 1, _most(shape) * math.prod(shape))
    with decoders.processes(workers, slots) as pool:
        try:
            yield from _overlapped(Lane(pool, slots, how), tasks)
        except BrokenProcessPool as error:
            raise DataError(
                "A process that decodes images was killed, perhaps for lack of memory: "
                "free some and run the same command again."
            ) from error


def _most(shape: Shape) -> int:
    """Largest number of images in a block."""
    return max(1, min(BLOCK_IMAGES, BLOCK_PIXELS // math.prod(shape)))


def _tasks(shards: Sequence[Shard], shape: Shape) -> Iterator[_Task]:
    most = _most(shape)
    for i, shard in enumerate(shards):
        samples: list[Sample] = []
        contents: list[Content] = []
        size = 0
        for sample in shard.samples():
            content = _content(sample)
            samples.append(sample)
            contents.append(content)
            size += len(content) if isinstance(content, bytes) else 0
            if len(samples) == most or size >= BLOCK_BYTES:
                yield _Task(i, tuple(samples), contents)
                samples, contents, size = [], [], 0
        yield _Task(i, tuple(samples), contents)


def _content(sample: Sample) -> Content:
    try:
        found = sample.read()
    except ImageRejected as refusal:
        return refusal
    return os.fspath(found) if isinstance(found, Path) else found


def kept_failure(items: Iterable[T]) -> Iterator[T | HourglassError]:
    """The items, and last the error that ended them: what came before it counts."""
    try:
        yield from items
    except HourglassError as error:
        yield error


def _begun(items: Iterator[_Item]) -> tuple[int, Iterator[_Item]]:
    """Number of images in the first tasks, counted up to about FEW, and all the items."""
    first: list[_Item] = []
    n = 0
    for item in items:
        first.append(item)
        n += len(item.samples) if isinstance(item, _Task) else 0
        if n >= FEW:
            break
    return n, chain(first, items)


def _one_by_one(items: Iterable[_Item], how: Preparation) -> Iterator[Block]:
    for item in items:
        if isinstance(item, HourglassError):
            raise item
        yield _block(item, decode(item.contents, how))


def _overlapped(lane: Lane, items: Iterable[_Item]) -> Iterator[Block]:
    """Decoded by the pool, in order, with at most as many blocks begun as the lane has room for."""
    begun: deque[_Task] = deque()
    failed: HourglassError | None = None
    for item in items:
        if isinstance(item, HourglassError):
            failed = item
            break
        begun.append(item)
        lane.begin(item.contents)
        if lane.is_full:
            yield _block(begun.popleft(), lane.take())
    while begun:
        yield _block(begun.popleft(), lane.take())
    if failed:
        raise failed


def _block(task: _Task, decoded: Decoded) -> Block:
    ids, labels = (tuple(getattr(one, name) for one in task.samples) for name in ("id", "label"))
    return Block(
        shard=task.shard, ids=ids, labels=labels, images=decoded[0], reasons=tuple(decoded[1])
    )
