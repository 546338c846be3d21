"""What was made is kept by name, for all visitors; what was not asked for longest goes first.

Unlike a function under st.cache_resource, what makes a thing may show its progress on the page.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Shelf:
    """At most `size` things. Each is made once, even if many visitors ask for it at one time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._things

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing called `key`, from make() if it is not here; an error in make() passes through.

        The key must name all that the thing depends on.
        """
        found: T
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                found = self._things[key]
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._things:  # another visitor was quicker
                    found = self._things[key]
                    return found
            found = make()
            self._put(key, found)
        return found

    def _put(self, key: Hashable, thing: Any) -> None:
        with self._lock:
            self._things[key] = thing
            self._making.pop(key, None)
            while len(self._things) > self._size:
                self._things.popitem(last=False)
