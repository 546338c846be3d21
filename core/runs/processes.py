"""Processes: their identity, whether they are alive, starting detached ones, killing them."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from core.config import PROJECT
from core.locks import HANDED, Lock

GONE = 0.5  # seconds that the system may take to clear a killed process away
LINUX = sys.platform == "linux"
SAME = 0.1 if LINUX else 2.0  # seconds by which two readings of one start time may differ


class Process(NamedTuple):
    """A process; its number may be given to another later, and the start time tells them apart."""

    pid: int
    started: float  # seconds; where the system lets it, since the machine was started: see _start

    def is_same(self, other: "Process") -> bool:
        """Whether both are one process, told of at different times."""
        return self.pid == other.pid and abs(self.started - other.started) <= SAME

    def is_alive(self) -> bool:
        """Whether it still runs; a zombie process does not."""
        return self._found() is not None

    def kill(self) -> None:
        """End it at once, and what it started; returns when they are gone."""
        if (found := self._found()) is None:
            return
        with contextlib.suppress(psutil.Error):
            family = [found, *found.children(recursive=True)]
            for one in family:
                with contextlib.suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(family, timeout=GONE)

    def family(self) -> "list[Process]":
        """It and the processes that it started, and theirs, as far as they live."""
        if (found := self._found()) is None:
            return []
        with contextlib.suppress(psutil.Error):
            return [self, *(_known(one.pid) for one in found.children(recursive=True))]
        return [self]

    def _found(self) -> psutil.Process | None:
        try:
            found = psutil.Process(self.pid)
            if abs(_start(found) - self.started) > SAME:
                return None
            return None if found.status() == psutil.STATUS_ZOMBIE else found
        except (psutil.Error, ValueError, OverflowError):
            return None


def this() -> Process:
    """The process that calls this."""
    return Process(os.getpid(), _start(psutil.Process()))


def parent() -> Process:
    """The process that started this one."""
    return Process(os.getppid(), _start(psutil.Process(os.getppid())))


def launch(
    command: Sequence[str], log: Path, environment: Mapping[str, str], lock: Lock | None = None
) -> Process:
    """Start `command` in the project's folder; it outlives us, and what it prints goes to log.

    lock: held by the process, too, from its first moment until its last; see locks.handed().
    """
    apart: dict[str, Any] = {"start_new_session": True}
    given = {**os.environ, **environment}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        apart = {"creationflags": flags}
    elif lock is not None:
        apart["pass_fds"] = (lock.handle,)
        given[HANDED] = str(lock.handle)
    with open(log, "ab") as out:
        started = subprocess.Popen(
            list(command),
            cwd=PROJECT,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            **apart,
        )
    # Somebody must wait for it, or it would stay in the table of processes as long as we live.
    threading.Thread(target=started.wait, name=f"wait-{started.pid}", daemon=True).start()
    return _known(started.pid)


def _known(pid: int) -> Process:
    try:
        return Process(pid, _start(psutil.Process(pid)))
    except psutil.Error:  # it has ended already
        return Process(pid, 0.0)


def _start(found: psutil.Process) -> float:
    """When a process was started, the same however the clock is set afterwards.

    Linux keeps it in ticks since the machine was started, which psutil adds to that moment by the
    clock as it is now; other systems keep what the clock said then.
    """
    return round(float(found.create_time() - (psutil.boot_time() if LINUX else 0.0)), 2)
