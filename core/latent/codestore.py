"""Stores of codes and errors on disk, mapped into memory, so that each is computed only once.

A folder for each model and split of a data set has z.npy (N, k) float32, errors.npy (N,) float64
and known.npy (N,) uint8, a row for each image. Rows are filled on request, so that only images that
no earlier request included are computed, and an interrupted request continues where it stopped.
Codes and errors are separate, because a map needs no errors and they take as long to compute.
"""

import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core import arraycache
from core.inference.backends import inference_threads
from core.latent.geometry import Array, Index, Scores
from core.machine import cores

# Values of many rows, computed by several threads ahead of their consumer.

T = TypeVar("T")
MOST_THREADS = 8


def made_ahead(
    make: Callable[[Index], T], rows: Index, size: int
) -> Generator[tuple[Index, T], None, None]:
    """Yield chunks of `size` rows in order, each with the values that make() returns for it.

    Several threads compute ahead, each using as many threads as inference does; only a few chunks
    are kept waiting. An error of make() is raised at the position of its chunk. Close the generator
    to stop early.
    """
    n_threads = max(1, min(cores() // inference_threads(), MOST_THREADS))
    waiting: deque[tuple[Index, Future[T]]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                waiting.append((part, pool.submit(make, part)))
                if len(waiting) > 2 * n_threads:
                    first, found = waiting.popleft()
                    yield first, found.result()
            while waiting:
                first, found = waiting.popleft()
                yield first, found.result()
        finally:
            for _, found in waiting:
                found.cancel()


Encode = Callable[[Index], Array]  # rows -> their codes (n, k)
Judge = Callable[[Index], Scores]  # rows -> their errors (n,)
Make = Callable[[Index], npt.NDArray[np.floating]]  # either
Progress = Callable[[int, int], None]  # rows done, rows in all
CHUNK = 1_000  # rows of a chunk: few enough for the processor's cache
LASTING_SECONDS = 1.0  # between two calls of fsync
UNKNOWN, JUDGED, ENCODED = 0, 1, 2  # values of `known`; a judged row is encoded too
LARGEST = 1 << 30  # bytes of codes; larger stores are in memory only
MOST_BYTES, MOST_FOLDERS = 2 << 30, 200  # of all folders together


@dataclass(frozen=True, eq=False)
class CodeStore:
    """Codes and errors of the N images of one split.

    z: (N, k).  errors: (N,).  known: (N,) UNKNOWN, ENCODED where z is filled, JUDGED where errors
    are filled too.  folder: None for a store in memory only.
    """

    z: Array
    errors: Scores
    known: npt.NDArray[np.uint8]
    folder: Path | None = None

    def is_encoded(self, rows: Index) -> npt.NDArray[np.bool_]:
        """Whether the code of each of the rows is known."""
        return np.asarray(self.known[rows] != UNKNOWN)

    def missing(self, rows: Index) -> Index:
        """The rows among these whose codes are not known yet."""
        return np.asarray(rows[~self.is_encoded(rows)])

    def unjudged(self, rows: Index) -> Index:
        """The rows among these whose errors are not known yet."""
        return np.asarray(rows[self.known[rows] != JUDGED])

    def fill(self, rows: Index, encode: Encode, tell: Progress) -> None:
        """Encode ascending rows and store their codes; what is done survives an interruption.

        encode: called from several threads.  tell: called from this thread.
        Raises OSError if the disk is full.
        """
        self._fill(rows, "z", ENCODED, encode, tell)

    def judge(self, rows: Index, errors: Judge, tell: Progress) -> None:
        """Measure and store the errors of rows whose codes are known; otherwise like fill()."""
        self._fill(rows, "errors", JUDGED, errors, tell)

    def _fill(self, rows: Index, name: str, mark: int, make: Make, tell: Progress) -> None:
        done = sure = 0
        lasting = time.monotonic()
        try:
            with closing(made_ahead(make, rows, CHUNK)) as found:
                for part, values in found:
                    self._put(name, part, values.astype(getattr(self, name).dtype, copy=False))
                    done += len(part)
                    if time.monotonic() - lasting >= LASTING_SECONDS:
                        sure = self._make_sure(name, mark, rows, sure, done)
                        lasting = time.monotonic()
                    tell(done, len(rows))
        finally:
            self._make_sure(name, mark, rows, sure, done)

    def _make_sure(self, name: str, mark: int, rows: Index, sure: int, done: int) -> int:
        """Mark rows as known after fsync, so that after a power cut all known rows are valid."""
        if done > sure and self.folder is not None:
            with (self.folder / f"{name}.npy").open("rb+") as file:
                os.fsync(file.fileno())
        self._put("known", rows[sure:done], np.full(done - sure, mark, np.uint8))
        return done

    def _put(self, name: str, rows: Index, values: npt.NDArray[np.generic]) -> None:
        """Write rows to the file; through the memory map a full disk would kill the process."""
        array = getattr(self, name)
        if self.folder is None:
            array[rows] = values
            return
        stretches = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1)
        with (self.folder / f"{name}.npy").open("rb+", buffering=0) as file:
            for stretch in stretches if len(rows) else ():
                file.seek(array.offset + int(rows[stretch[0]]) * array.strides[0])
                content = np.ascontiguousarray(values[stretch]).tobytes()
                if file.write(content) != len(content):
                    raise OSError("The disk is full.")


def no_progress(_done: int, _total: int) -> None:
    """Ignores the progress of a computation."""


def in_memory(n: int, k: int) -> CodeStore:
    """A store of n codes of k numbers that exists only in memory."""
    return CodeStore(np.zeros((n, k), np.float32), np.zeros(n), np.zeros(n, np.uint8))


def opened(root: Path, name: str, n: int, k: int) -> CodeStore:
    """The store called `name` in a folder of stores; a new one if it does not exist or is damaged.

    It is in memory only if the codes are too large for the disk, or the folder is read-only.
    """
    if 4 * n * k > LARGEST:
        return in_memory(n, k)
    folder = root / name
    found = _read(folder, n, k)
    if found is None:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            _create(folder, n, k)
        found = _read(folder, n, k)
    return found or in_memory(n, k)


def keep_within(root: Path, most_bytes: int = MOST_BYTES, most: int = MOST_FOLDERS) -> None:
    """Delete the least recently opened stores until the others are within the bounds.

    The most recently opened store always stays.
    """
    with suppress(OSError):  # another process may delete too
        folders = sorted(filter(Path.is_dir, root.iterdir()), key=_opened, reverse=True)
        total = 0
        for i, folder in enumerate(folders):
            total += sum(map(_bytes, folder.iterdir()))
            if i and (total > most_bytes or i >= most):
                shutil.rmtree(folder, ignore_errors=True)


def _create(folder: Path, n: int, k: int) -> None:
    """Create all arrays or none, as sparse files, which take hardly any space on most disks."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        for name, (dtype, shape) in _arrays(n, k).items():
            np.lib.format.open_memmap(temporary / f"{name}.npy", "w+", dtype, shape)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path, n: int, k: int) -> CodeStore | None:
    """The store in a folder, None if it does not exist or is invalid."""
    maps = {}
    try:
        for name, (dtype, shape) in _arrays(n, k).items():
            found = arraycache.mapped(folder / f"{name}.npy", "r")
            if found.dtype != dtype or found.shape != shape or not found.flags.c_contiguous:
                return None
            maps[name] = found
        os.utime(folder)
    except (OSError, ValueError):
        return None
    return CodeStore(maps["z"], maps["errors"], maps["known"], folder)


def _arrays(n: int, k: int) -> dict[str, tuple[npt.DTypeLike, tuple[int, ...]]]:
    return {"z": (np.float32, (n, k)), "errors": (np.float64, (n,)), "known": (np.uint8, (n,))}


def _opened(folder: Path) -> float:
    return folder.stat().st_mtime


def _bytes(file: Path) -> int:
    """Space of a file on disk in bytes, without holes if the system reports them."""
    about = file.stat()
    return int(getattr(about, "st_blocks", -(-about.st_size // 512)) * 512)
