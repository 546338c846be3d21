"""Writing files whole or not at all. Imports only core.locks from core."""

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
    """Replace `path` by `data` in one step; OSError if the disk or the folder refuses.

    After a failure `path` is as it was and no temporary file stays. The folder must exist.
    durable: it lasts through a power cut, too; costs some milliseconds.
    """
    with replacing(path, durable) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True) -> Iterator[IO[bytes]]:
    """The same, piece by piece: a file to write to, which takes the place of `path` at the end of
    the block, unless the block fails.
    """
    handle, temporary = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            if POSIX:  # before the file is closed, and so lets go of its lock
                _put_in_place(temporary, path)
        if not POSIX:  # where an open file cannot be moved
            _put_in_place(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def remove_abandoned(folder: Path, names: str = "*") -> None:
    """Remove the temporary files that processes which were killed have left in a folder.

    Those that are being written stay.  names: only those for files called so.
    """
    for path in folder.glob(f".{names}.????????"):
        if _TEMPORARY.fullmatch(path.name) and locks.is_held(path) is False:
            with contextlib.suppress(OSError):
                _remove_abandoned(path)


def _temporary(path: Path) -> tuple[int, str]:
    """A new file beside `path`, locked as long as it is open: so it is known to be in use."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        if not POSIX:  # an open file cannot be removed there
            return handle, name
        if locks.take_open(handle) and os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # remove_abandoned() came in between


def _remove_abandoned(path: Path) -> None:
    """Under its lock, so that whoever has just made it sees that it is gone."""
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
    """Make the new name last through a power cut; only POSIX can."""
    if not POSIX:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
