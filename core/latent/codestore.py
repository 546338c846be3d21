"""Codes kept on disk and mapped into memory: what a model once made of an image is there.

A folder for each model and part of a data set: z.npy (N, k) float32, errors.npy (N,) float64 and
known.npy (N,) uint8, one row an image. Rows are filled as they are asked for, so that a sample
costs what no sample before has shown, and what was interrupted goes on where it stood. Codes come
first: a map needs no errors, and those cost as much again.
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

# Values of many rows, made by threads that work ahead of the one that takes them.

T = TypeVar("T")
MOST_THREADS = 8


def made_ahead(
    make: Callable[[Index], T], rows: Index, size: int
) -> Generator[tuple[Index, T], None, None]:
    """`size` rows after the other, in their order, and what make() gives for them.

    As many threads as there are cores for, each of which runs a model on as many as inference
    takes; few parts wait to be taken. What make() raises is raised where its part would come.
    Close the generator to stop early.
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
CHUNK = 1_000  # rows a thread takes at a time: few enough to stay near the processor
LASTING_SECONDS = 1.0  # after so long what was written is made to last
UNKNOWN, JUDGED, ENCODED = 0, 1, 2  # what `known` says of a row; a judged one is encoded, too
LARGEST = 1 << 30  # bytes of codes; larger ones are kept in memory only
MOST_BYTES, MOST_FOLDERS = 2 << 30, 200  # of all folders together


@dataclass(frozen=True, eq=False)
class CodeStore:
    """What is known of the N images of one part.

    z: (N, k).  errors: (N,).  known: (N,) UNKNOWN, ENCODED where z is filled, JUDGED where errors
    are, too.  folder: None in memory only.
    """

    z: Array
    errors: Scores
    known: npt.NDArray[np.uint8]
    folder: Path | None = None

    def is_encoded(self, rows: Index) -> npt.NDArray[np.bool_]:
        """Whether the code of each of the rows is known."""
        return np.asarray(self.known[rows] != UNKNOWN)

    def missing(self, rows: Index) -> Index:
        """Those of the rows whose codes are not known yet."""
        return np.asarray(rows[~self.is_encoded(rows)])

    def unjudged(self, rows: Index) -> Index:
        """Those of the rows whose errors are not known yet."""
        return np.asarray(rows[self.known[rows] != JUDGED])

    def fill(self, rows: Index, encode: Encode, tell: Progress) -> None:
        """Encode these rows, which rise, and keep them; what is done stays if it is interrupted.

        encode: called from several threads, told of in this one.
        Raises OSError if the disk takes no more.
        """
        self._fill(rows, "z", ENCODED, encode, tell)

    def judge(self, rows: Index, errors: Judge, tell: Progress) -> None:
        """The same for the errors of rows whose codes are known."""
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
        """Call rows known once they are on the disk: a power cut leaves none that is not."""
        if done > sure and self.folder is not None:
            with (self.folder / f"{name}.npy").open("rb+") as file:
                os.fsync(file.fileno())
        self._put("known", rows[sure:done], np.full(done - sure, mark, np.uint8))
        return done

    def _put(self, name: str, rows: Index, values: npt.NDArray[np.generic]) -> None:
        """Write rows. Not through the map: a full disk would end the process, not raise."""
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


def in_memory(n: int, k: int) -> CodeStore:
    """A store of n codes of k numbers that is gone with the process."""
    return CodeStore(np.zeros((n, k), np.float32), np.zeros(n), np.zeros(n, np.uint8))


def opened(root: Path, name: str, n: int, k: int) -> CodeStore:
    """The store called `name` in a folder of stores; a new one if there is none, or it is broken.

    It is in memory only where codes are too large to keep, or the folder cannot be written.
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
    """Delete the stores that were opened longest ago, until the others keep to the bounds.

    The one opened last stays in any case.
    """
    with suppress(OSError):  # another process deletes, too
        folders = sorted(filter(Path.is_dir, root.iterdir()), key=_opened, reverse=True)
        total = 0
        for i, folder in enumerate(folders):
            total += sum(map(_bytes, folder.iterdir()))
            if i and (total > most_bytes or i >= most):
                shutil.rmtree(folder, ignore_errors=True)


def _create(folder: Path, n: int, k: int) -> None:
    """Empty arrays, all or none; files without content take next to no room on most disks."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        for name, (dtype, shape) in _arrays(n, k).items():
            np.lib.format.open_memmap(temporary / f"{name}.npy", "w+", dtype, shape)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path, n: int, k: int) -> CodeStore | None:
    """The store in a folder, None if it is not there or not as it should be."""
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
    """What a file takes of the disk, which knows of holes in it where it can tell."""
    about = file.stat()
    return int(getattr(about, "st_blocks", -(-about.st_size // 512)) * 512)
