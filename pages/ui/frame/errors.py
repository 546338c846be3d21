"""A person's mistake becomes one sentence on the page; ours goes to the log with its traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.config import HourglassError
from pages.ui.figures.text import sentence
from pages.ui.session import presence


class DeadEnd(HourglassError):
    """Nothing can be shown before something else is done."""

    def __init__(self, words: str, way: Callable[[], None]) -> None:
        """words: what to do.  way: draws the button that leads there."""
        super().__init__(words)
        self.way = way


@contextmanager
def shown() -> Iterator[None]:
    """Show a HourglassError raised inside as a sentence, and the way on if it knows one.

    Around every page (app.py does it) and inside every dialog and fragment, which rerun alone. If
    what is shown was deleted meanwhile, the whole page is drawn anew: that tells so.
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
    """The same in a toast, for callbacks, which run before the page does."""
    try:
        yield
    except HourglassError as error:
        st.toast(sentence(str(error)), icon=":material/error:")
