"""What a running training is asked to do: by a file in its folder, or by a signal."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, get_args

Order = Literal["", "keep", "pause", "stop", "cancel", "end"]
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass
class Signals:
    """Whether the process was asked to end.

    gently: the work looks at `asked` now and then. If false, and at the second request in any
    case, KeyboardInterrupt is raised instead.
    """

    asked: bool = False
    gently: bool = False

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        """For signal.signal."""
        if self.asked or not self.gently:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def signals() -> Iterator[Signals]:
    """Inside this block SIGINT (Ctrl-C) and SIGTERM are noted instead of ending the process."""
    told = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield told  # only the main thread is told of signals
        return
    before = {number: signal.signal(number, told.receive) for number in _NUMBERS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def requested(folder: Path) -> Order:
    """What the file `request` in a run's folder asks for; "" if there is none."""
    try:
        text = (folder / "request").read_text("ascii")
    except (OSError, ValueError):
        return ""
    return next((order for order in ("pause", "stop", "cancel") if order == text), "")


_NUMBERS = (signal.SIGINT, signal.SIGTERM)
