"""File locks, which the system releases as soon as the last process that holds one has ended.

So a lock shows whether a process is at work independently of clocks, and a crash leaves nothing to
clean up. A lock can be passed to a new process, so that no other process can take it in between.
Imports nothing else from core.
"""

import errno
import os
import sys
import time
from pathlib import Path

import filelock

HANDED = "HOURGLASS_LOCK"  # environment variable: handle of the lock passed to a process
CAN_HAND_ON = sys.platform != "win32"
POLL = 0.005  # seconds between two tries
UNKNOWN = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}  # what a file system without locks answers


class Lock:
    """A lock that is held until it is released, or until this process ends."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def release(self) -> None:
        """Release the lock; a process to which it was passed still holds it."""
        os.close(self.handle)


def take(path: Path, patience: float = 0.0) -> Lock | None:
    """Take the lock on a file, which is created if necessary; None if another process holds it.

    patience: seconds to wait; is_held() holds it for an instant.
    Raises OSError if the file cannot be created. On a file system without locks every process gets
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
    """The lock on a file that was passed to this process when it was started, or None."""
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
    """Whether a process holds the lock on a file; None on a file system without locks."""
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

    True on a file system without locks.  Raises OSError if the handle cannot be locked.
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
