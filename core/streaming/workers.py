"""Processes that decode images. Their code is here, so that they import only the decoder.

Each is spawned, keeps the decoder's limits, ignores Ctrl-C and ends with its parent. Pixels are
returned in shared memory: a pipe would copy each of them six times.
"""

import contextlib
import ctypes
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.config import ImageRejected
from core.images.fast import read_pixels
from core.images.preparation import Preparation
from core.machine import cores

NICENESS = 5  # of the processes: see _begin
Shape = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]
Content = bytes | str | ImageRejected  # of a file; its path; why there is neither
Decoded = tuple[Pixels, list[str]]
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Slots:
    """Shared memory, in slots for one block each.

    raw: all of it; it can only be passed to a process when that starts.  n: number of slots.
    size: bytes of a slot.
    """

    raw: Any
    n: int
    size: int

    @classmethod
    def of(cls, n: int, size: int) -> "Slots":
        """So many slots of so many bytes each."""
        return cls(_SPAWN.RawArray(ctypes.c_ubyte, n * size), n, size)

    def view(self, slot: int, n: int, shape: Shape) -> Pixels:
        """The first n images in a slot: (n, C, H, W); another block may overwrite them."""
        count = n * math.prod(shape)
        found = np.frombuffer(self.raw, np.uint8, count, slot * self.size)
        return found.reshape(n, *shape)


_slots: Slots | None = None  # in a process that decodes: those it was started with


def default_workers() -> int:
    """One process for each core, divided among torchrun's processes on this machine."""
    team = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, cores() // max(1, int(team) if team.isdecimal() else 1))


def decode(contents: Sequence[Content], how: Preparation) -> Decoded:
    """Images prepared for a model, and the reasons why others cannot be read.

    contents: (n,).  how: they are prepared.  Returns (m, C, H, W) uint8, the m <= n that could be
    read, in their order; and n reasons, "" for these.
    """
    pixels = np.empty((len(contents), *how.shape), np.uint8)
    reasons = _fill(pixels, contents, how)
    return pixels[: reasons.count("")], reasons


def decode_into(slot: int, contents: Sequence[Content], how: Preparation) -> list[str]:
    """decode() in a process with slots: pixels are written to a slot, reasons are returned."""
    assert _slots is not None
    return _fill(_slots.view(slot, len(contents), how.shape), contents, how)


def _fill(out: Pixels, contents: Sequence[Content], how: Preparation) -> list[str]:
    """Put the images that can be read into out, one after the other; a reason or "" for each."""
    reasons, n = [], 0
    for content in contents:
        try:
            if isinstance(content, ImageRejected):
                raise content
            out[n] = read_pixels(content, how)
            n += 1
            reasons.append("")
        except ImageRejected as refusal:
            reasons.append(str(refusal))
    return reasons


@contextlib.contextmanager
def processes(n: int, slots: Slots | None = None) -> Iterator[ProcessPoolExecutor]:
    """N processes that run decode(), or with slots decode_into().

    They end with the block; what they have not begun is left.
    """
    pool = ProcessPoolExecutor(n, _SPAWN, _begin, (slots,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class Lane:
    """Blocks being decoded by processes, first in first out, each in a slot of its own."""

    def __init__(self, pool: ProcessPoolExecutor, slots: Slots, how: Preparation) -> None:
        self._pool, self._slots, self._how = pool, slots, how
        self._begun: deque[tuple[int, Future[list[str]]]] = deque()
        self._next = 0

    @property
    def is_full(self) -> bool:
        """Whether a block must be taken before another one is begun."""
        return len(self._begun) == self._slots.n

    def begin(self, contents: Sequence[Content]) -> None:
        """Start decoding a block into the slot that has been free the longest."""
        slot = self._next
        self._next = (slot + 1) % self._slots.n
        future = self._pool.submit(decode_into, slot, contents, self._how)
        self._begun.append((slot, future))

    def take(self) -> Decoded:
        """The first block, when it is done: its pixels are copied, its slot is free again."""
        slot, future = self._begun.popleft()
        reasons = future.result()
        return self._slots.view(slot, reasons.count(""), self._how.shape).copy(), reasons


def _begin(slots: Slots | None) -> None:
    """Set up a new process: it ignores Ctrl-C, ends with its parent, and has a lower priority.

    The lower priority favours the model, which is often the slower part.
    """
    global _slots  # noqa: PLW0603  # the one way to give a process of a pool something to keep
    _slots = slots
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
