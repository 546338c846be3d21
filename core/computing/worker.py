"""A process that carries out tasks: `python -m core.computing.worker`.

It reads requests from stdin and writes progress to stdout, a line of JSON each; results are written
to disk (results.py). It runs with low priority, and ends when stdin is closed: when its parent ends
it, ends itself, or is killed.
"""

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from functools import partial
from typing import Any, BinaryIO

import msgspec

from core import memory
from core.background import NO_MEMORY, UNEXPECTED, Cancelled
from core.computing import results, stock
from core.computing.tasks import Task, carry_out
from core.config import HourglassError
from core.images import parts

NICENESS = 5  # enough to leave the server its processor, and something beside a training run
STOCK_BYTES = 120 << 20  # of what tasks share
TELL_SECONDS = 0.2  # between two reports of progress


class Worker:
    """Reads tasks from one stream and reports to another."""

    def __init__(self, said: BinaryIO, out: BinaryIO) -> None:
        self._said, self._out = said, out
        self._tasks: queue.Queue[Task] = queue.Queue()
        self._unwanted = ""  # the name of the task that was cancelled last
        self._told = 0.0

    def run(self) -> None:
        """One task after the other; never returns."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        self._tell(ready=True)
        while True:
            self._report(self._tasks.get())

    def _listen(self) -> None:
        """Read what the parent says; end the process when it says no more, whatever it does."""
        for line in self._said:
            said = json.loads(line)
            if "cancel" in said:
                self._unwanted = said["cancel"]
            else:
                self._tasks.put(msgspec.convert(said, Task))
        os._exit(0)

    def _report(self, task: Task) -> None:
        """Carry out a task and say how it ended."""
        try:
            stock.know(task.places)
            with parts.telling(partial(self._progress, task)):
                arrays = carry_out(task)
            results.write(task, arrays)
            self._end()
        except Cancelled:
            self._end(cancelled=True)
        except HourglassError as error:
            self._end(error=str(error))
        except MemoryError:
            self._end(error=NO_MEMORY)
        except OSError as error:
            logging.getLogger(__name__).exception("%s failed", task.function)
            self._end(error=UNEXPECTED, disk=error.strerror or "")
        except Exception:
            logging.getLogger(__name__).exception("%s failed", task.function)
            self._end(error=UNEXPECTED)

    def _progress(self, task: Task, title: str, done: int, total: int) -> None:
        """Tell the parent now and then.  Raises Cancelled if it wants no more of this."""
        if self._unwanted == task.name:
            raise Cancelled
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._tell(title=title, done=done, total=total)

    def _end(self, **how: Any) -> None:
        results.let_go()
        memory.give_back()
        self._tell(ended=True, resident=memory.resident(), **how)

    def _tell(self, **said: Any) -> None:
        self._out.write(json.dumps(said).encode() + b"\n")
        self._out.flush()


def main() -> None:
    """Become a worker; whatever libraries print goes to stderr."""
    memory.few_arenas()
    stock.SHELF.most = STOCK_BYTES
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    if sys.platform != "win32":
        os.nice(NICENESS)
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Worker(sys.stdin.buffer, out).run()


if __name__ == "__main__":
    main()
