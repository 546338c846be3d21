"""Progress of work in this very run of the page, which tells how far it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import parts
from pages.ui.text import plain
from pages.ui.working import told

PATIENCE = 0.5  # seconds before progress is worth showing


@contextmanager
def progress() -> Iterator[None]:
    """A bar with the time left around work that tells how far it is; gone when it is done."""
    place, bar = st.empty(), _Bar()
    with parts.telling(lambda title, done, n: bar.draw(place, title, done, n)):
        yield
    place.empty()


class _Bar:
    """Shows one stage after the other, once the whole has taken a while."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE
        self._title, self._began = "", 0.0

    def draw(self, place: DeltaGenerator, title: str, done: int, n: int) -> None:
        now = time.monotonic()
        if title != self._title:
            self._title, self._began = title, now
        if now > self._until and n:
            left = (now - self._began) * (n - done) / done if now > self._began else None
            place.progress(done / n, plain(told(done, n, left, title)))
