"""Processes that decode images. What they run is here, so that they import only the decoder.

Each is started afresh (spawn), keeps the decoder's limits, leaves Ctrl-C to the process that
started it and ends when that one is gone.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.config import ImageRejected
from core.images import read_image, to_array
from core.machine import cores

NICENESS = 5  # of the processes: see _begin
Shape = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]
Content = bytes | Path | ImageRejected
Decoded = tuple[Pixels, list[str]]


def default_workers() -> int:
    """A process a core, shared by those that torchrun has started on this machine."""
    team = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, cores() // max(1, int(team) if team.isdecimal() else 1))


def decode(contents: Sequence[Content], shape: Shape) -> Decoded:
    """Images as a model takes them, and what is wrong with the others.

    contents: (n,), of files, or paths of files, or the reason why there is neither.  shape:
    (C, H, W).  Returns (m, C, H, W) uint8, the m <= n that could be read, in their order; and n
    reasons, "" for these.
    """
    pixels, reasons = [], []
    for content in contents:
        try:
            if isinstance(content, ImageRejected):
                raise content
            pixels.append(to_array(read_image(content, "It"), shape[0], shape[1:]))
            reasons.append("")
        except ImageRejected as refusal:
            reasons.append(str(refusal))
    return (np.stack(pixels) if pixels else np.empty((0, *shape), np.uint8)), reasons


@contextlib.contextmanager
def processes(n: int) -> Iterator[ProcessPoolExecutor]:
    """N processes that run decode(); they end with the block, what they have not begun is left."""
    pool = ProcessPoolExecutor(n, multiprocessing.get_context("spawn"), _begin)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """In a new process: Ctrl-C is for its parent, and without a parent it ends.

    It gives way to its parent: where the model is the slower part, its time on a core is what
    counts, and images are decoded in what is left.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
