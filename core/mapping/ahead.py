"""Values of many rows, made by threads that work ahead of the one that takes them."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from core.backends import inference_threads
from core.latent import Index
from core.machine import cores

T = TypeVar("T")
MOST_THREADS = 8


def made_ahead(
    make: Callable[[Index], T], rows: Index, size: int
) -> Generator[tuple[Index, T], None, None]:
    """`size` rows after the other, in their order, and what make() gives for them.

    As many threads as there are cores for, each of which runs a model on as many as inference
    takes; few parts wait to be taken. What make() raises is raised where its part would come.
    Close the generator to stop early.
    """
    n_threads = max(1, min(cores() // inference_threads(), MOST_THREADS))
    waiting: deque[tuple[Index, Future[T]]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                waiting.append((part, pool.submit(make, part)))
                if len(waiting) > 2 * n_threads:
                    first, found = waiting.popleft()
                    yield first, found.result()
            while waiting:
                first, found = waiting.popleft()
                yield first, found.result()
        finally:
            for _, found in waiting:
                found.cancel()
