"""Processes: identity, whether they are alive, starting ones that outlive us, and ending them."""

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

GONE = 0.5  # seconds that the system may take to clear a killed process away
CLOCK = 2.0  # seconds by which two readings of a start time may differ when the clock is set


class Process(NamedTuple):
    """A process; its number may be given to another later, and the start time tells them apart."""

    pid: int
    started: float  # seconds since 1970

    def is_alive(self) -> bool:
        """Whether it still runs; a dead one that nobody has waited for does not."""
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

    def _found(self) -> psutil.Process | None:
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.started) > CLOCK:
                return None
            return None if found.status() == psutil.STATUS_ZOMBIE else found
        except (psutil.Error, ValueError):
            return None


def this() -> Process:
    """The process that calls this."""
    return Process(os.getpid(), psutil.Process().create_time())


def parent() -> Process:
    """The process that started this one."""
    return Process(os.getppid(), psutil.Process(os.getppid()).create_time())


def launch(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Process:
    """Start `command` in the project's folder; it outlives us, and what it prints goes to log."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        apart = {"creationflags": flags}
    with open(log, "ab") as out:
        started = subprocess.Popen(
            list(command),
            cwd=PROJECT,
            env={**os.environ, **environment},
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
        return Process(pid, psutil.Process(pid).create_time())
    except psutil.Error:  # it has ended already
        return Process(pid, 0.0)
