"""Pages run through app.py only."""

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
        app = st.Page("app.py", title="Hourglass", default=True)
        # The page asked for has to be among them, or the browser is told that there is none such.
        asked = [st.Page(_nothing, url_path=name) for name in _pages_on_the_stack()]
        st.navigation([app, *asked], position="hidden")
        st.rerun()


def _pages_on_the_stack() -> set[str]:
    """The page that is being run, as it is called in a link."""
    files = (Path(frame.f_code.co_filename) for frame, _ in traceback.walk_stack(None))
    return {file.stem for file in files if file.parent == PROJECT / "pages"}


def _nothing() -> None:
    """A page that is never run: app.py is about to say what is there."""
