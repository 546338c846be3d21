"""Work on many images, a bounded part at a time, and values made once."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from core.data.imagesets import ImageSet

T = TypeVar("T")
Tell = Callable[[str, int, int], None]  # what is being done, images done, images in all
PART_PIXELS = 1024 * 784
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Whatever is worked through inside, in this thread, is told to `tell` part by part.

    A context rather than an argument: what is made once may be asked for from anywhere.
    """
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)


def done(title: str, n_done: int, n: int) -> None:
    """Say how far it is to whoever listens."""
    if tell := _tell.get():
        tell(title, n_done, n)


class Once:
    """Values made when first asked for, by whichever thread; seconds: how long each took.

    A value that others are made of is asked for before them, so that its seconds are not theirs.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made: dict[str, Any] = {}
        self.seconds: dict[str, float] = {}

    def get(self, name: str, make: Callable[[], T]) -> T:
        """The value called `name`, made now if it was not before."""
        with self._lock:
            if name not in self._made:
                began = time.perf_counter()
                self._made[name] = make()
                self.seconds[name] = time.perf_counter() - began
            made: T = self._made[name]
            return made


def slices(images: ImageSet) -> Iterator[slice]:
    """Slices over all images, of bounded memory each."""
    size = max(1, PART_PIXELS // math.prod(images.shape))
    return (slice(i, min(i + size, len(images))) for i in range(0, len(images), size))


def each_part(
    images: ImageSet, measure: Callable[..., npt.NDArray[Any]], *along: npt.NDArray[Any], title: str
) -> npt.NDArray[Any]:
    """The rows of measure(x, *rows of along) for all images, x: (p, C, H, W).

    There must be an image.  title: what is told to be done with each part.
    """
    found = []
    for part in slices(images):
        found.append(measure(images.pixels(part), *(values[part] for values in along)))
        done(title, part.stop, len(images))
    return np.concatenate(found)
