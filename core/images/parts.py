"""Work on many images in parts of bounded memory, progress on the way, and values made once."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.images.imagesets import ImageSet

T = TypeVar("T")
Tell = Callable[[str, int, int], None]  # what is being done, images done, images in all
PART_PIXELS = 1024 * 784
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Inside this block, and in this thread, done() reports to `tell`.

    A context rather than an argument: values made once are asked for from many places.
    """
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


def done(title: str, n_done: int, n: int) -> None:
    """Report that n_done of n images are done to whoever listens."""
    if tell := _tell.get():
        tell(title, n_done, n)


class Once:
    """Values made when first asked for, by whichever thread.

    seconds: how long each took.  Ask for what a value is made of before the value itself, or the
    time of both is counted for it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {}
        self.seconds: dict[str, float] = {}

    def get(self, name: str, make: Callable[[], T]) -> T:
        """The value called `name`; made now unless it is there."""
        with self._lock:
            if name not in self._made:
                began = time.perf_counter()
                self._made[name] = make()
                self.seconds[name] = time.perf_counter() - began
            made: T = self._made[name]
            return made


def slices(images: ImageSet) -> Iterator[slice]:
    """Slices that together cover all images, at most PART_PIXELS values each (or one image)."""
    size = max(1, PART_PIXELS // math.prod(images.shape))
    return (slice(i, min(i + size, len(images))) for i in range(0, len(images), size))


def each_part(
    images: ImageSet, measure: Callable[..., npt.NDArray[Any]], *along: npt.NDArray[Any], title: str
) -> npt.NDArray[Any]:
    """measure(x, *along) for all images, computed part by part and put together: (n, ...).

    measure: takes x (p, C, H, W) in [0, 1] and the same p rows of each of `along`, returns p rows.
    title: what the work is called when each part is reported.  images: at least one.
    """
    found = []
    for part in slices(images):
        found.append(measure(images.pixels(part), *(values[part] for values in along)))
        done(title, part.stop, len(images))
    return np.concatenate(found)
