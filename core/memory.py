"""Sizes of objects in memory, and returning free memory to the system. Imports no other core."""

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

MOST_PARTS = 50_000  # most parts of an object that are counted
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # of glibc's mallopt()
MAPPED_BYTES = 1 << 20  # size that a mapped file counts as
LARGE_BYTES = 1 << 20  # glibc returns freed blocks of at least this size at once
_WEIGHTLESS = (type, types.FunctionType, types.ModuleType, types.MethodType)


def weigh(thing: Any) -> int:
    """Approximate size in bytes of an object with everything that it refers to.

    A mapped file counts as MAPPED_BYTES: the system can reclaim its memory, but the number of open
    files is limited. The size of an object with a method weight() is what that returns.
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
    """Resident memory of this process in bytes."""
    return int(psutil.Process().memory_info().rss)


def few_arenas(n: int = 2) -> None:
    """Limit glibc's memory arenas, and make it return large blocks when they are freed.

    By default glibc has up to eight arenas for each core, and keeps freed blocks of up to 32 MB, so
    a server with many threads never shrinks. On other systems this does nothing.
    """
    if mallopt := _of_libc("mallopt"):
        mallopt(_M_ARENA_MAX, n)
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Return free memory to the system, where that is possible (glibc)."""
    if trim := _of_libc("malloc_trim"):
        trim(0)


def let_go(array: npt.NDArray[Any]) -> None:
    """Release the memory of a read-only array mapped from a file; it is read again on use."""
    owner = _owner(array)
    if isinstance(owner, mmap.mmap) and not array.flags.writeable:
        with contextlib.suppress(ValueError, OSError, AttributeError):  # Windows has no madvise
            owner.madvise(mmap.MADV_DONTNEED)


def _own_weight(one: Any) -> tuple[int, Iterable[Any]]:
    """The size of an object without its parts, and the parts."""
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
    """The owner of an array's memory: itself, another array, bytes or a mapped file."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    if isinstance(owner, memoryview):
        owner = owner.obj
    return owner


@cache
def _of_libc(name: str) -> Callable[..., int] | None:
    """A function of glibc; None on other systems."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError, AttributeError):
        found: Callable[..., int] = getattr(ctypes.CDLL("libc.so.6"), name)
        return found
    return None
