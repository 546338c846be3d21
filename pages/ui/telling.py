"""Progress of work in this very run of the page, which tells how far it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.images import parts
from pages.ui.figures.text import plain
from pages.ui.progress import told

T = TypeVar("T")
BAR_PATIENCE = 0.5  # seconds before progress is worth showing


@contextmanager
def progress_bar() -> Iterator[None]:
    """A bar with the time left around work that tells how far it is; gone when it is done."""
    place, bar = st.empty(), _Bar()
    with parts.telling(lambda title, done, n: bar.draw(place, title, done, n)):
        yield
    place.empty()


def each_with_bar(items: Sequence[T], title: Callable[[T], str]) -> Iterator[T]:
    """The items, with the same bar while something is done with each; title: what it is then."""
    place, bar = st.empty(), _Bar()
    began = time.monotonic()
    for i, item in enumerate(items):
        bar.draw(place, title(item), i, len(items), began)
        yield item
    place.empty()


class Patience:
    """Tells progress onward only once something has taken a while."""

    def __init__(self, tell: Callable[[int, int], None], seconds: float = 0.7) -> None:
        self._tell, self._until = tell, time.monotonic() + seconds

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() > self._until:
            self._tell(done, total)


class _Bar:
    """Shows one stage after the other, once the whole has taken a while."""

    def __init__(self) -> None:
        self._until = time.monotonic() + BAR_PATIENCE
        self._title, self._began = "", 0.0

    def draw(
        self, place: DeltaGenerator, title: str, done: int, n: int, began: float | None = None
    ) -> None:
        """began: of all n, by time.monotonic(); None if each title has n of its own."""
        now = time.monotonic()
        if title != self._title:
            self._title, self._began = title, now if began is None else began
        if now > self._until and n:
            spent = now - self._began
            left = spent * (n - done) / done if spent and done else None
            place.progress(done / n, plain(told(done, n, left, title)))
