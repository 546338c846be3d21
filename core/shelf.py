"""What was made is kept by name, for all who ask, within so many bytes.

What was not asked for longest goes first, and what nobody has asked for in a while goes, too.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.memory import weigh

T = TypeVar("T")
LEAST = 4096  # bytes that a thing counts for, however little it weighs: its key weighs, too


@dataclass
class _Thing:
    """weight: in bytes.  asked: when it was asked for last, by time.monotonic()."""

    value: Any
    weight: int
    asked: float


class Shelf:
    """Things of at most `most_bytes` together; one that is heavier than that is not kept.

    Each is made once, even if many ask for it at one time. For use by many threads.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most = most_bytes
        self._things: OrderedDict[Hashable, _Thing] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        self._bytes = 0

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._things

    def __len__(self) -> int:
        return len(self._things)

    @property
    def bytes(self) -> int:
        """What all things weigh together."""
        return self._bytes

    def find(self, key: Hashable) -> Any:
        """The thing called `key`; None if it is not here."""
        with self._lock:
            return self._asked(key) if key in self._things else None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing called `key`, from make() if it is not here; an error in make() passes through.

        The key must name all that the thing depends on.
        """
        with self._lock:
            if key in self._things:
                return self._asked(key)  # type: ignore[no-any-return]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._things:  # another was quicker
                    return self._asked(key)  # type: ignore[no-any-return]
            try:
                made = make()
                self.put(key, made)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return made

    def put(self, key: Hashable, thing: Any) -> None:
        """Keep a thing, in place of what is called so now."""
        weight = max(LEAST, weigh(thing))
        with self._lock:
            self._drop(key)
            if weight <= self.most:
                self._things[key] = _Thing(thing, weight, time.monotonic())
                self._bytes += weight
            self._make_room()

    def drop(self, key: Hashable) -> None:
        """Forget a thing, if it is here."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
            self._bytes = 0

    def drop_idle(self, seconds: float) -> int:
        """Forget what was not asked for in so many seconds; how many things that were."""
        before = time.monotonic() - seconds
        with self._lock:
            idle = [key for key, thing in self._things.items() if thing.asked < before]
            for key in idle:
                self._drop(key)
        return len(idle)

    def weigh_again(self) -> None:
        """For things that have grown since: what is too much then goes."""
        with self._lock:
            things = list(self._things.items())
        for key, thing in things:
            weight = max(LEAST, weigh(thing.value))
            with self._lock:
                if self._things.get(key) is thing:
                    self._bytes += weight - thing.weight
                    thing.weight = weight
        with self._lock:
            self._make_room()

    def _make_room(self) -> None:
        while self._bytes > self.most:
            self._drop(next(iter(self._things)))

    def _asked(self, key: Hashable) -> Any:
        thing = self._things[key]
        thing.asked = time.monotonic()
        self._things.move_to_end(key)
        return thing.value

    def _drop(self, key: Hashable) -> None:
        if (thing := self._things.pop(key, None)) is not None:
            self._bytes -= thing.weight
