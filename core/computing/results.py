"""Results of tasks on the disk, a file each: what was once computed is there after a restart.

A file is arrays in NumPy's own format, one behind the other, first their names. Large ones are
mapped into memory: processes share them, and the system takes the memory back when it needs it.
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
MOST_FILES, MOST_BYTES = 20_000, 2 << 30  # of all; what was not read for longest goes first
SUFFIX = ".result"
ABANDONED_SECONDS = 3600.0
_writes = itertools.count()
_maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()  # of large results, while anybody uses them


def folder() -> Path:
    """Where results are kept."""
    return config.data_dir() / "results"


def read(one: Task) -> Arrays | None:
    """The result of a task, which cannot be written to; None if it is not there, or damaged."""
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
    """Keep the result of a task, whole or not at all; OSError if the disk refuses."""
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
    """Delete the results of all tasks whose arguments hold this text: a model's digest, say."""
    for path in _files():
        with contextlib.suppress(OSError, ValueError, SyntaxError, tokenize.TokenError):
            with open(path, "rb") as file:
                about = np.lib.format.read_array(file)
            if text in str(about[1]):
                path.unlink(missing_ok=True)


def keep_within(most_bytes: int, most: int) -> None:
    """Delete those that were not read for longest, until the others keep to the bounds.

    The one read last stays in any case.
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
    """Let the system have the memory of mapped results; what is used of them is read again."""
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
        """Write an array so that its numbers lie where a processor likes them, as NumPy does."""
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
