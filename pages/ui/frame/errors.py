"""User errors become one sentence on the page; bugs go to the log with their traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.config import HourglassError
from pages.ui.figures.text import sentence
from pages.ui.session import presence


class DeadEnd(HourglassError):
    """The page can show nothing until the visitor does something else first."""

    def __init__(self, words: str, way: Callable[[], None]) -> None:
        """words: what to do, in a sentence.  way: draws the button that leads there."""
        super().__init__(words)
        self.way = way


@contextmanager
def shown() -> Iterator[None]:
    """Context that shows a HourglassError as a sentence, with the button of a DeadEnd.

    Use it around every page (app.py does it) and inside every dialog and fragment, which rerun
    alone. If what the page shows has been deleted, the whole page reruns and says so.
    """
    try:
        yield
    except HourglassError as error:
        if presence.is_any_gone():
            st.rerun()
        st.error(sentence(str(error)), icon=":material/error:")
        if isinstance(error, DeadEnd):
            error.way()


@contextmanager
def toasted() -> Iterator[None]:
    """Context that shows a HourglassError in a toast, for callbacks, which run before the page."""
    try:
        yield
    except HourglassError as error:
        st.toast(sentence(str(error)), icon=":material/error:")
