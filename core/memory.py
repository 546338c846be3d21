"""Memory: how much things take, and giving back what is free. Imports nothing else from core."""

import contextlib
import ctypes
import mmap
import sys
import types
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

MOST_PARTS = 50_000  # of a thing that are looked at when it is weighed
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # of glibc's mallopt()
MAPPED_BYTES = 1 << 20  # what a mapped file counts for
LARGE_BYTES = 1 << 20  # from which glibc is to give a piece of memory back as soon as it is free
_WEIGHTLESS = (type, types.FunctionType, types.ModuleType, types.MethodType)


def weigh(thing: Any) -> int:
    """The bytes that a thing keeps in memory, with all that it holds; about right.

    A mapped file counts for MAPPED_BYTES, since the system takes its memory back when it needs it
    but a process can have only so many open. What has a method weight() says so itself.
    """
    total, seen, waiting = 0, set[int](), [thing]
    while waiting and len(seen) < MOST_PARTS:
        one = waiting.pop()
        if isinstance(one, np.ndarray):
            one = _owner(one)
        if id(one) in seen or isinstance(one, _WEIGHTLESS):
            continue
        seen.add(id(one))
        own, parts = _own_weight(one)
        total += own
        waiting.extend(parts)
    return total


def resident() -> int:
    """The bytes of memory that this process holds now."""
    return int(psutil.Process().memory_info().rss)


def few_arenas(n: int = 2) -> None:
    """Have this process keep its free memory in few places, and large pieces in none.

    glibc keeps free memory for each thread, eight places a core, and after a while for pieces of up
    to 32 MB, too; a server with many threads then never gets smaller. Elsewhere it does nothing.
    """
    if mallopt := _of_libc("mallopt"):
        mallopt(_M_ARENA_MAX, n)
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Give free memory back to the system, where that can be asked for (glibc)."""
    if trim := _of_libc("malloc_trim"):
        trim(0)


def let_go(array: npt.NDArray[Any]) -> None:
    """Let the system have the memory of an array that is mapped from a file and cannot be written
    to; what is used of it is read again.
    """
    owner = _owner(array)
    if isinstance(owner, mmap.mmap) and not array.flags.writeable:
        with contextlib.suppress(ValueError, OSError, AttributeError):  # Windows has no madvise
            owner.madvise(mmap.MADV_DONTNEED)


def _own_weight(one: Any) -> tuple[int, Iterable[Any]]:
    """What a thing weighs without its parts, and the parts."""
    if isinstance(one, np.ndarray):
        return int(one.nbytes), ()
    if isinstance(one, mmap.mmap):
        return MAPPED_BYTES, ()
    if callable(weight := getattr(one, "weight", None)):
        return int(weight()), ()
    if type(one).__module__.startswith("pandas.") and hasattr(one, "memory_usage"):
        return int(np.sum(one.memory_usage(deep=True))), ()
    return sys.getsizeof(one, 0), _parts(one)


def _parts(one: Any) -> Iterable[Any]:
    if isinstance(one, dict):
        return [*one.keys(), *one.values()]
    if isinstance(one, list | tuple | set | frozenset):
        return one
    return list(getattr(one, "__dict__", {}).values())


def _owner(array: npt.NDArray[Any]) -> Any:
    """What holds the memory of an array: itself, another array, bytes or a mapped file."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    return owner


@cache
def _of_libc(name: str) -> Callable[..., int] | None:
    """A function that only glibc has."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError, AttributeError):
        found: Callable[..., int] = getattr(ctypes.CDLL("libc.so.6"), name)
        return found
    return None
