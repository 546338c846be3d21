"""Seconds of things that are done in turn, and how busy the machine was meanwhile."""

import os
import time
from collections.abc import Callable, Sequence

Way = Callable[[], object]


def seconds_of(way: Way) -> float:
    """Seconds of wall time."""
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def in_turn(rounds: int, ways: Sequence[Way], repeats: int = 1) -> list[list[float]]:
    """Seconds of each way, round by round, after one that is not counted; the best of repeats."""
    for way in ways:
        way()
    found = [[min(seconds_of(way) for _ in range(repeats)) for way in ways] for _ in range(rounds)]
    return [list(of_a_way) for of_a_way in zip(*found, strict=True)]


class Load:
    """How busy the machine was from when this was made until it is printed.

    Load: processes that want a core, the mean of a minute.
    """

    def __init__(self) -> None:
        self.before = os.getloadavg()[0]

    def __str__(self) -> str:
        now = os.getloadavg()[0]
        return f"{os.cpu_count()} cores, load {self.before:.1f} before, {now:.1f} after"
