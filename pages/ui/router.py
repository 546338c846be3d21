"""Pages run through app.py only."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

_ROUTED = ContextVar("routed", default=False)


@contextmanager
def routing() -> Iterator[None]:
    """Around page.run() in app.py."""
    token = _ROUTED.set(True)
    try:
        yield
    finally:
        _ROUTED.reset(token)


def require_app() -> None:
    """Start again through app.py if a page was started by itself.

    Because the folder is called pages/, Streamlit runs a page without app.py when it is what the
    first visitor of a new server asks for; the first st.navigation ends that for good.
    """
    if not _ROUTED.get():
        st.navigation([st.Page("app.py", title="Hourglass")], position="hidden")
        st.rerun()
