"""Locks on files: the system lets go of one as soon as the last process that holds it has ended.

So a lock tells who is at work whatever the clock says, and a crash leaves nothing to clean up. A
process that is started can be handed one on the way, so that nobody can take it in between.
Imports nothing else from core.
"""

import errno
import os
import sys
import time
from pathlib import Path

import filelock

HANDED = "HOURGLASS_LOCK"  # in the environment: the handle of the lock that a process is given
CAN_HAND_ON = sys.platform != "win32"
POLL = 0.005  # seconds between two tries
UNKNOWN = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}  # what a file system without locks answers


class Lock:
    """A lock that is held until it is released, or until this process ends."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def release(self) -> None:
        """Let go of it; a process that it was handed on to keeps it."""
        os.close(self.handle)


def take(path: Path, patience: float = 0.0) -> Lock | None:
    """The lock on a file, which is made if need be; None if another process holds it.

    patience: seconds to wait for it; who only looks holds it for an instant, see is_held().
    Raises OSError if the file cannot be made. Where the file system knows no locks, everybody gets
    it.
    """
    until = time.monotonic() + patience
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not take_open(handle):
            if time.monotonic() >= until:
                os.close(handle)
                return None
            time.sleep(POLL)
        if not _is_that_file(handle, path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    except OSError:
        os.close(handle)
        raise
    return Lock(handle)


def handed(path: Path) -> Lock | None:
    """The lock on a file that whoever started this process has handed on to it, if there is one."""
    text = os.environ.get(HANDED, "")
    try:
        handle = int(text)
        if not _is_that_file(handle, path):
            return None
        os.set_inheritable(handle, False)
    except (OSError, ValueError):
        return None
    del os.environ[HANDED]
    return Lock(handle)


def is_held(path: Path) -> bool | None:
    """Whether somebody holds the lock on a file; None if the file system cannot tell."""
    try:
        handle = _opened(path)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        return not filelock.lock_descriptor(handle, blocking=False)
    except OSError:
        return None
    finally:
        os.close(handle)


def take_open(handle: int) -> bool:
    """Take the lock on an open file until it is closed; False if another process holds it.

    True where the file system knows no locks; OSError if the handle cannot be locked.
    """
    try:
        return filelock.lock_descriptor(handle, blocking=False)
    except OSError as error:
        if error.errno in UNKNOWN:
            return True
        raise


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR)
    except PermissionError:  # another user's
        return os.open(path, os.O_RDONLY)


def _is_that_file(handle: int, path: Path) -> bool:
    """Whether the handle is of the file that stands under the path now."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
