"""Pages run through app.py only."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlparse

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
        asked = urlparse(st.context.url or "").path.strip("/").rpartition("/")[2]
        pages = [st.Page("app.py", title="Hourglass", default=True)]
        if asked:  # or the browser would be told that there is no such page
            pages.append(st.Page(_nothing, title="Hourglass", url_path=asked))
        st.navigation(pages, position="hidden")
        st.rerun()


def _nothing() -> None:
    """A page that is never run: app.py is about to say what is there."""
