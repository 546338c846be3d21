"""Atomic writing of files. Imports only core.locks from core."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core import locks

POSIX = os.name == "posix"
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")  # as replacing() names them


def write_atomically(path: Path, data: bytes, durable: bool = True) -> None:
    """Replace `path` by `data` atomically.  Raises OSError if it cannot be written.

    After a failure `path` is unchanged and no temporary file stays. The folder must exist.
    durable: also safe against a power cut, which takes some milliseconds (fsync).
    """
    with replacing(path, durable) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """Context with a file to write to, which replaces `path` at the end unless the block fails.

    durable, errors: as for write_atomically().
    """
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            if POSIX:  # before the file is closed, which releases its lock
                _put_in_place(temporary, path)
        if not POSIX:  # where an open file cannot be moved
            _put_in_place(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def remove_abandoned(folder: Path, names: str = "*") -> None:
    """Remove temporary files of killed processes from a folder.

    Files that are being written stay.  names: glob pattern of the files to be replaced.
    """
    for path in folder.glob(f".{names}.????????"):
        if _TEMPORARY.fullmatch(path.name) and locks.is_held(path) is False:
            with contextlib.suppress(OSError):
                _remove_abandoned(path)


def _temporary(path: Path) -> tuple[int, str]:
    """A new file beside `path`, locked while it is open, which shows that it is in use."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        if not POSIX:  # an open file cannot be removed there
            return handle, name
        if locks.take_open(handle) and os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # remove_abandoned() came in between


def _remove_abandoned(path: Path) -> None:
    """Remove a file under its lock, so that a process that has just created it notices."""
    if not POSIX:
        path.unlink()
        return
    handle = os.open(path, os.O_RDWR)
    try:
        if locks.take_open(handle):
            path.unlink()
    finally:
        os.close(handle)


def _put_in_place(temporary: str, path: Path) -> None:
    os.chmod(temporary, 0o644)  # mkstemp's own would hide the file from the user's group
    os.replace(temporary, path)


def _sync_folder(folder: Path) -> None:
    """Make a new name safe against a power cut, where the system can (POSIX)."""
    if not POSIX:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
