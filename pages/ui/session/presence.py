"""Register of what each session shows, so that a dialog before deleting can count the others."""

from typing import Literal

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui import cache
from pages.ui.session import existing

What = Literal["data set", "model", "run"]
KEY = "looker"


class Looker:
    """A session.  looking: names of what it shows now, by kind.  session: its id, "" in tests."""

    def __init__(self, session: str) -> None:
        self.looking: dict[str, str] = {}
        self._session = session

    def is_here(self) -> bool:
        """Whether a browser is connected to the session."""
        return bool(runtime.get_instance().is_active_session(self._session))


def begin() -> None:
    """Clear what the session shows; call it when a page begins to be drawn."""
    _mine().looking = {}


def look(what: What, name: str) -> None:
    """Record that the session shows a data set, model or run."""
    _mine().looking[what] = name


def is_any_gone() -> bool:
    """Whether something that this session shows has been deleted since it was drawn."""
    return any(existing.is_gone(what, name) for what, name in _mine().looking.items())


def others(what: What, name: str) -> int:
    """Number of other sessions that show a data set, model or run."""
    mine = _mine()
    return sum(
        one.looking.get(what) == name and one.is_here()
        for one in cache.lookers().all()
        if one is not mine
    )


def _mine() -> Looker:
    if KEY not in st.session_state:
        context = get_script_run_ctx(suppress_warning=True)
        looker = Looker(context.session_id if context else "")
        cache.lookers().add(looker)
        st.session_state[KEY] = looker
    found: Looker = st.session_state[KEY]
    return found
