"""Makes sure that every page runs through app.py."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import streamlit as st

from core.config import PROJECT

_ROUTED = ContextVar("routed", default=False)


@contextmanager
def routing() -> Iterator[None]:
    """Context around page.run() in app.py."""
    token = _ROUTED.set(True)
    try:
        yield
    finally:
        _ROUTED.reset(token)


def require_app() -> None:
    """Rerun through app.py if Streamlit has started a page directly.

    Streamlit treats a folder called pages/ as pages of its own, until st.navigation is called for
    the first time; so the first visitor of a new server may get a page without app.py.
    """
    if not _ROUTED.get():
        app = st.Page("app.py", title="Hourglass", default=True)
        # The requested page has to be among them, or the browser shows that it does not exist.
        asked = [st.Page(_nothing, url_path=name) for name in _pages_on_the_stack()]
        st.navigation([app, *asked], position="hidden")
        st.rerun()


def _pages_on_the_stack() -> set[str]:
    """The page that is being run, by its name in the link."""
    files = (Path(frame.f_code.co_filename) for frame, _ in traceback.walk_stack(None))
    return {file.stem for file in files if file.parent == PROJECT / "pages"}


def _nothing() -> None:
    """Placeholder of a page that never runs: app.py defines the pages."""
