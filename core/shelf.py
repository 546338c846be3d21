"""A thread-safe cache of bounded size in bytes.

The least recently used entries are removed first; idle entries can be removed too.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.memory import weigh

T = TypeVar("T")
LEAST = 4096  # bytes; smallest size that an entry counts as, since its key needs memory too


@dataclass
class _Thing:
    """An entry.  weight: in bytes.  asked: time of the last use, by time.monotonic()."""

    value: Any
    weight: int
    asked: float


class Shelf:
    """Entries of at most `most_bytes` together; a larger one is not stored.

    Each is made once, even if several threads ask for it at the same time.
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
        """Size of all entries together."""
        return self._bytes

    def find(self, key: Hashable) -> Any:
        """The entry of `key`, or None."""
        with self._lock:
            return self._asked(key) if key in self._things else None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The entry of `key`, made by make() if there is none; errors of make() are passed on.

        The key must name everything that the entry depends on.
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
        """Store an entry, replacing the one of the same key."""
        weight = max(LEAST, weigh(thing))
        with self._lock:
            self._drop(key)
            if weight <= self.most:
                self._things[key] = _Thing(thing, weight, time.monotonic())
                self._bytes += weight
            self._make_room()

    def drop(self, key: Hashable) -> None:
        """Remove an entry, if there is one."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._things.clear()
            self._bytes = 0

    def drop_idle(self, seconds: float) -> int:
        """Remove entries that were not used for so many seconds; return their number."""
        before = time.monotonic() - seconds
        with self._lock:
            idle = [key for key, thing in self._things.items() if thing.asked < before]
            for key in idle:
                self._drop(key)
        return len(idle)

    def weigh_again(self) -> None:
        """Measure all entries again, since they may have grown, and keep to the bound."""
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
