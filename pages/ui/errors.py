"""A person's mistake becomes one sentence on the page; ours goes to the log with its traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.config import HourglassError
from pages.ui.text import plain


@contextmanager
def shown() -> Iterator[None]:
    """Show a HourglassError raised inside as a sentence.

    Around every page (app.py does it) and inside every dialog and fragment, which rerun alone.
    """
    try:
        yield
    except HourglassError as error:
        st.error(plain(str(error)), icon=":material/error:")


@contextmanager
def toasted() -> Iterator[None]:
    """The same in a toast, for callbacks, which run before the page does."""
    try:
        yield
    except HourglassError as error:
        st.toast(plain(str(error)), icon=":material/error:")
