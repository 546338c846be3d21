"""Results of tasks on disk, a file each, so that they outlive a restart.

A file has arrays in NumPy's format, one after the other, preceded by their names. Large files are
memory-mapped: processes share them, and the system can reclaim their memory.
"""

import contextlib
import io
import itertools
import mmap
import os
import time
import tokenize
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from core import config
from core.computing.tasks import Arrays, Task
from core.files import replacing

SMALL = 256 << 10  # bytes of a file that is read, not mapped
MOST_FILES, MOST_BYTES = (
    20_000,
    2 << 30,
)  # of all results; the least recently read are deleted first
SUFFIX = ".result"
ABANDONED_SECONDS = 3600.0
_writes = itertools.count()
_maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()  # of large results in use


def folder() -> Path:
    """The folder of all results."""
    return config.data_dir() / "results"


def read(one: Task) -> Arrays | None:
    """The result of a task as read-only arrays; None if it does not exist or is damaged."""
    path = _path(one)
    try:
        with open(path, "rb") as file:
            is_small = os.fstat(file.fileno()).st_size <= SMALL
            content = file.read() if is_small else _mapped(file)
        found = _arrays(content)
        os.utime(path)
    except (OSError, ValueError, SyntaxError, tokenize.TokenError):
        return None
    return found


def write(one: Task, arrays: Arrays) -> None:
    """Write the result of a task atomically.  Raises OSError if it cannot be written."""
    path = _path(one)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, durable=one.lasting) as file:
        summed = _Summed(file)
        for array in (np.array([one.function, one.arguments, *arrays], np.str_), *arrays.values()):
            summed.append(array)
        file.write(summed.crc.to_bytes(4, "little"))
    if next(_writes) % 50 == 0:  # looking at all files takes a while
        keep_within(MOST_BYTES, MOST_FILES)


def delete(one: Task) -> None:
    """Delete the result of a task, if there is one."""
    with contextlib.suppress(OSError):
        _path(one).unlink(missing_ok=True)


def forget(text: str) -> None:
    """Delete the results of all tasks whose arguments contain a text, such as a model's digest."""
    for path in _files():
        with contextlib.suppress(OSError, ValueError, SyntaxError, tokenize.TokenError):
            with open(path, "rb") as file:
                about = np.lib.format.read_array(file)
            if text in str(about[1]):
                path.unlink(missing_ok=True)


def keep_within(most_bytes: int, most: int) -> None:
    """Delete the least recently read results until the others are within the bounds.

    The most recently read result always stays.
    """
    total, now = 0, time.time()
    with contextlib.suppress(OSError):  # another process deletes, too
        found = sorted(((*_about(path), path) for path in _files()), reverse=True)
        for i, (_, size, path) in enumerate(found):
            total += size
            if i and (total > most_bytes or i >= most):
                path.unlink(missing_ok=True)
        for path in folder().glob(f".*{SUFFIX}.*"):  # from a process that ended while it wrote
            if now - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink(missing_ok=True)


def let_go() -> None:
    """Release the memory of mapped results; they are read again on use."""
    for one in list(_maps):
        with contextlib.suppress(ValueError, OSError, AttributeError):  # Windows has no madvise
            one.madvise(mmap.MADV_DONTNEED)


def _mapped(file: IO[bytes]) -> mmap.mmap:
    found = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _maps.add(found)
    return found


def _path(one: Task) -> Path:
    return folder() / f"{one.name}{SUFFIX}"


def _files() -> Iterator[Path]:
    return folder().glob(f"[!.]*{SUFFIX}")


def _about(path: Path) -> tuple[float, int]:
    about = path.stat()
    return about.st_mtime, about.st_size


class _Summed:
    """A file to which arrays are written, and the checksum of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._n, self.crc = 0, 0

    def write(self, data: bytes) -> int:
        """For NumPy."""
        self.crc = zlib.crc32(data, self.crc)
        self._n += len(data)
        return self._file.write(data)

    def append(self, array: npt.NDArray[Any]) -> None:
        """Append an array with its data aligned as in NumPy's files."""
        if array.dtype.hasobject:
            raise ValueError("A result holds numbers and text, no objects.")
        np.lib.format.write_array(self, np.asarray(array, order="C"), allow_pickle=False)
        self.write(bytes(-self._n % np.lib.format.ARRAY_ALIGN))


def _arrays(content: bytes | mmap.mmap) -> Arrays:
    """The arrays in a file by their names, as views of its content.  Raises ValueError."""
    whole = memoryview(content)
    if zlib.crc32(whole[:-4]) != int.from_bytes(whole[-4:], "little"):
        raise ValueError("damaged")
    about, at = _array(content, 0)
    if about.dtype.kind != "U":
        raise ValueError("not a result")
    found: Arrays = {}
    for name in about[2:].tolist():
        found[name], at = _array(content, at)
    return found


def _array(content: bytes | mmap.mmap, at: int) -> tuple[npt.NDArray[Any], int]:
    """The array whose header begins there, and where the next one does.  Raises ValueError."""
    head = io.BytesIO(content[at : at + (64 << 10)])
    version = np.lib.format.read_magic(head)
    if version != (1, 0):
        raise ValueError("not a result")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(head)
    if dtype.hasobject or in_columns:
        raise ValueError("not a result")
    start, count = at + head.tell(), int(np.prod(shape, dtype=np.int64))
    array = np.frombuffer(content, dtype, count, start).reshape(shape)
    end = start + array.nbytes
    return array, end + -end % np.lib.format.ARRAY_ALIGN
