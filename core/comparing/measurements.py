"""Measurements kept on disk: what was once measured of a model is there after a restart."""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import arraycache

Table = npt.NDArray[np.float64]
VERSION = 1  # of how the numbers are measured: another one forgets all that was kept
MOST_FILES, MOST_BYTES = 2_000, 256 << 20  # of a folder; what was written first goes first


def kept(folder: Path, key: str, shape: tuple[int, ...], make: Callable[[], Table]) -> Table:
    """The numbers called `key`, from make() if they are not in the folder, or broken there.

    key: all that they depend on, in words.  shape: theirs.  A disk that takes no more costs only
    measuring them again.
    """
    name = hashlib.sha256(f"{VERSION} {key}".encode()).hexdigest()[:32]
    path = folder / f"{name}.npz"
    found = arraycache.read(path, ("numbers",))
    if found is not None and _fits(found["numbers"], shape):
        return found["numbers"]
    numbers = make()
    with contextlib.suppress(OSError):
        arraycache.write(path, {"numbers": numbers})
        arraycache.keep_newest(folder, MOST_FILES, MOST_BYTES)
    return numbers


def _fits(numbers: npt.NDArray[np.generic], shape: tuple[int, ...]) -> bool:
    return numbers.shape == shape and numbers.dtype == np.float64 and not np.isnan(numbers).any()
