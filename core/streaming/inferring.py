"""Decoded blocks put through a model, several at once, so that every core has work."""

import math
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from core.backends import inference_threads
from core.config import HourglassError
from core.inference import Autoencoder
from core.streaming.decoding import Block, kept_failure
from core.streaming.scoring import Rows, reasons
from core.streaming.workers import default_workers

PART_PIXELS = 256 * 784  # as floats at a time: larger pieces of memory are given back each time


def models_at_once() -> int:
    """How many blocks are put through the model at once: one for each thread that has a core."""
    return max(1, default_workers() // inference_threads())


def all_scored(autoencoder: Autoencoder, blocks: Iterable[Block]) -> Generator[tuple[int, Rows]]:
    """The rows of each block, and its shard, in their order, while the next ones are worked on.

    What the blocks end with is raised after the rows of those before it.
    """
    threads = models_at_once()
    begun: deque[tuple[int, Future[Rows]]] = deque()
    failed: HourglassError | None = None
    with ThreadPoolExecutor(threads) as pool:
        for item in kept_failure(blocks):
            if isinstance(item, HourglassError):
                failed = item
                break
            begun.append((item.shard, pool.submit(scored, autoencoder, item)))
            if len(begun) > threads:
                shard, rows = begun.popleft()
                yield shard, rows.result()
        for shard, rows in begun:
            yield shard, rows.result()
    if failed:
        raise failed


def scored(autoencoder: Autoencoder, block: Block) -> Rows:
    """The rows of a block."""
    errors = np.full(len(block.ids), np.nan)
    read = np.array([reason == "" for reason in block.reasons], bool)
    size = max(1, PART_PIXELS // math.prod(autoencoder.input_shape))
    parts = [block.images[i : i + size] for i in range(0, len(block.images), size)]
    found = [autoencoder.errors(np.divide(part, np.float32(255))) for part in parts]
    errors[read] = np.concatenate([np.empty(0), *found])
    why = [given or own for given, own in zip(block.reasons, reasons(errors), strict=True)]
    return Rows(block.ids, block.labels, errors, why)
