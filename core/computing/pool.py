"""A pool of worker processes that execute tasks; equal tasks are computed only once.

A process is started when there is a task, ends after some idle time, and is replaced when it uses
too much memory. A computation without waiting sessions is cancelled.
"""

import json
import logging
import os
import subprocess
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from core.background import NO_MEMORY, Ongoing
from core.computing.tasks import Task
from core.config import PROJECT, OptionError, python
from core.machine import cores

MOST_WORKERS = 4
LOOK_SECONDS = 0.5  # between two checks of waiters, idle time and memory
GRACE_SECONDS = 5.0  # before a computation without waiters is cancelled, since they may return
KILL_SECONDS = 3.0  # from a cancellation until the process is killed
FORGET_SECONDS = 20.0  # that a failure is remembered
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
) | {"MALLOC_ARENA_MAX": "2"}
CRASHED = "The process that computed this ended too early, perhaps for lack of memory."


@dataclass(frozen=True)
class Bounds:
    """Bounds at which a process ends.

    grown: bytes after a task at which it is replaced.  most: bytes during a task at which it is
    killed.  tasks: number of tasks after which it is replaced.  idle_seconds: time without a task.
    """

    grown: int = 350 << 20
    most: int = 2 << 30
    tasks: int = 500
    idle_seconds: float = 120.0


class Computation(Ongoing):
    """A task that is being executed or waits in the queue.

    waiters: objects that wait for it until they are deleted or their method waits(), if any, says
    False; without waiters it is cancelled.  is_begun: whether a process is executing it.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task.title)
        self.task = task
        self.waiters: weakref.WeakSet[Any] = weakref.WeakSet()
        self.is_begun = False
        self.changed = self.asked = time.monotonic()

    def is_waited_for(self) -> bool:
        """Whether any waiter still waits."""
        return any(one.waits() if hasattr(one, "waits") else True for one in self.waiters)

    def begin(self) -> None:
        """Record that a process has begun with it."""
        self.is_begun = True
        self.changed = self._began = time.monotonic()

    def tell(self, title: str, done: int, total: int) -> None:
        """Record the progress; another title begins another stage."""
        if title != self.title:
            self.title, self._began = title, time.monotonic()
        self.done, self.total = done, total

    def ended(self, **how: Any) -> None:
        """See Ongoing.end()."""
        self.end(**how)
        self.changed = time.monotonic()


def default_workers() -> int:
    """HOURGLASS_WORKERS, or one for each core that is there, up to MOST_WORKERS.

    0 = everything is computed where it is asked for.  Raises OptionError if it is no such number.
    """
    asked = os.environ.get("HOURGLASS_WORKERS", "")
    if asked and not (asked.isdecimal() and int(asked) <= 64):
        raise OptionError("HOURGLASS_WORKERS must be a whole number from 0 to 64.")
    return int(asked) if asked else min(cores(), MOST_WORKERS)


class Pool:
    """At most n processes and a queue of computations. Safe for use by many threads."""

    def __init__(self, n: int, bounds: Bounds = Bounds()) -> None:
        self._n, self._bounds = n, bounds
        self._workers: list[_Worker] = []
        self._computations: dict[str, Computation] = {}
        self._seconds: dict[str, float] = {}  # function -> what it took lately
        self._changed = threading.Condition()
        self._supervisor: threading.Thread | None = None
        self._closed = False

    def start(self, task: Task, waiter: object | None = None) -> Computation:
        """Start a task, or return its computation that is under way or has just failed.

        waiter: object that waits for it; without one the computation is never cancelled.
        """
        with self._changed:
            found = self._computations.get(task.name)
            if found is None or found.state in ("done", "cancelled"):
                found = self._computations[task.name] = Computation(task)
            found.waiters.add(self if waiter is None else waiter)
            if self._supervisor is None:
                self._supervisor = threading.Thread(
                    target=self._supervise, name="computing", daemon=True
                )
                self._supervisor.start()
            self._changed.notify_all()
            return found

    def wait(self, computations: Iterable[Computation], seconds: float) -> bool:
        """Wait until all have ended, for at most so many seconds; return whether they have."""
        every = tuple(computations)
        over = lambda: all(one.state != "running" for one in every)  # noqa: E731
        with self._changed:
            return bool(self._changed.wait_for(over, seconds))

    def forget(self, task: Task) -> None:
        """Cancel a task or forget its failure, so that the next start() computes it again."""
        with self._changed:
            if (found := self._computations.pop(task.name, None)) is not None:
                self._end(found)

    def order(self, waiting: Iterable[Computation]) -> list[Computation]:
        """The queue in order of expected duration minus waiting time."""
        return sorted(
            waiting, key=lambda one: self._seconds.get(one.task.function, 1.0) + one.asked
        )

    def close(self) -> None:
        """End all processes and computations."""
        with self._changed:
            self._closed = True
            for one in self._computations.values():
                one.ended(state="cancelled")
            workers, self._workers = self._workers, []
            self._changed.notify_all()
        for worker in workers:
            worker.kill()

    @property
    def pids(self) -> list[int]:
        """Ids of the current processes."""
        with self._changed:
            return [worker.pid for worker in self._workers]

    def _supervise(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                try:
                    self._look()
                except Exception:
                    logging.getLogger(__name__).exception("looking after the workers failed")
                self._changed.wait(LOOK_SECONDS)

    def _look(self) -> None:
        """Start queued tasks; end those without waiters, and idle, stuck or large processes."""
        now = time.monotonic()
        for name, one in list(self._computations.items()):
            if one.state != "running" and now - one.changed > FORGET_SECONDS:
                del self._computations[name]
            elif one.is_waited_for():
                one.changed = now if one.state == "running" else one.changed
            elif one.state == "running" and now - one.changed > GRACE_SECONDS:
                self._end(one)
        self._workers = [worker for worker in self._workers if not self._is_over(worker, now)]
        busy = {worker.group for worker in self._workers if worker.current is not None} - {""}
        for one in self.order(one for one in self._computations.values() if _waits(one)):
            if one.task.group in busy:
                continue
            if (free := self._free(one.task)) is None:
                return
            free.begin(one)
            busy |= {one.task.group} - {""}

    def _is_over(self, worker: "_Worker", now: float) -> bool:
        """Whether a process has ended or is ended now."""
        if worker.current is None:
            if now - worker.since > self._bounds.idle_seconds:
                worker.retire()
            return worker.is_retired
        if worker.current.state != "running" and now - worker.current.changed > KILL_SECONDS:
            worker.kill()
        elif worker.resident() > self._bounds.most:
            worker.current.ended(state="failed", error=NO_MEMORY)
            worker.kill()
        return False

    def _free(self, task: Task) -> "_Worker | None":
        """A process for a task: one that last did the same group, or any idle one, or a new one."""
        idle = [worker for worker in self._workers if worker.current is None]
        alike = [worker for worker in idle if task.group and worker.group == task.group]
        if idle:
            return (alike or idle)[0]
        if len(self._workers) >= self._n:
            return None
        worker = _Worker(self._heard, self._over)
        self._workers.append(worker)
        return worker

    def _end(self, one: Computation) -> None:
        one.ended(state="cancelled")
        for worker in self._workers:
            if worker.current is one:
                worker.cancel()

    def _heard(self, worker: "_Worker", said: dict[str, Any]) -> None:
        """Called by a worker's own thread for each line that its process says."""
        with self._changed:
            one = worker.current
            if one is None:
                return
            if "title" in said:
                one.tell(said["title"], said["done"], said["total"])
            if "ended" in said:
                self._finish(worker, one, said)
                self._look()
                self._changed.notify_all()

    def _finish(self, worker: "_Worker", one: Computation, said: dict[str, Any]) -> None:
        took, function = time.monotonic() - worker.since, one.task.function
        self._seconds[function] = (self._seconds.get(function, took) + took) / 2
        if said.get("cancelled"):
            one.ended(state="cancelled")
        elif "error" in said:
            one.ended(state="failed", error=said["error"], result=said.get("disk"))
        else:
            one.ended(state="done")
        worker.rest()
        if said["resident"] > self._bounds.grown or worker.n_tasks >= self._bounds.tasks:
            worker.retire()

    def _over(self, worker: "_Worker") -> None:
        """Called by a worker's own thread when its process has ended."""
        with self._changed:
            if worker.current is not None:
                worker.current.ended(state="failed", error=CRASHED)
            if worker in self._workers:
                self._workers.remove(worker)
            self._changed.notify_all()


class _Worker:
    """A process, seen from its parent; all but its thread under the pool's lock.

    current: what it is at.  since: when that began, or the last one ended.  group: of the last.
    """

    def __init__(self, heard: Any, over: Any) -> None:
        self._process = subprocess.Popen(
            python("core.computing.worker"),
            cwd=PROJECT,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.current: Computation | None = None
        self.since, self.group, self.n_tasks, self.is_retired = time.monotonic(), "", 0, False
        name = f"worker-{self.pid}"
        threading.Thread(target=self._read, args=(heard, over), name=name, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def begin(self, one: Computation) -> None:
        """Send it a computation."""
        self.current, self.since, self.group = one, time.monotonic(), one.task.group
        self.n_tasks += 1
        one.begin()
        self._say(asdict(one.task))

    def rest(self) -> None:
        """Record that it has finished its computation."""
        self.current, self.since = None, time.monotonic()

    def cancel(self) -> None:
        """Ask it to cancel its computation."""
        if self.current is not None:
            self._say({"cancel": self.current.task.name})

    def retire(self) -> None:
        """Ask the idle process to end."""
        self.is_retired = True
        with suppress(OSError):
            self._stdin.close()

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()

    def resident(self) -> int:
        """Memory of the process in bytes; 0 if it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    @property
    def _stdin(self) -> Any:
        assert self._process.stdin is not None
        return self._process.stdin

    def _say(self, said: dict[str, Any]) -> None:
        with suppress(OSError, ValueError):  # it has ended: its thread tells
            self._stdin.write(json.dumps(said).encode() + b"\n")
            self._stdin.flush()

    def _read(self, heard: Any, over: Any) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as out:
            for line in out:
                heard(self, json.loads(line))
        self._process.wait()
        over(self)
        with suppress(OSError):
            self._stdin.close()


def _waits(one: Computation) -> bool:
    return one.state == "running" and not one.is_begun
