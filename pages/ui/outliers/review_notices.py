"""What is wrong with the decisions that are kept, and what can be done about it, above a review."""

import streamlit as st

from core.config import ReviewError
from core.text import counted
from pages.ui import cache
from pages.ui.figures.text import plain
from pages.ui.frame import errors

SAID = "review_said"
BRING_BACK = "Adds what the copy has and the file has not; nothing is taken away"
GO_ON = "Tells no more of what is missing"


def draw_notices(source: str) -> None:
    """A sentence each, with buttons where decisions are missing."""
    if said := st.session_state.pop(SAID, ""):
        st.success(plain(said), icon=":material/check:")
    try:
        reviews = cache.reviews()
        notices = reviews.notices(source)
    except ReviewError:
        return  # the desk below says so, and must be drawn for what it has not sent yet
    for notice in notices:
        st.warning(plain(notice), icon=":material/warning:")
    if not reviews.lost:
        return
    with st.container(horizontal=True):
        if n := reviews.n_copied:
            st.button(
                f"Bring back from the copy, which has {n:,}", icon=":material/restore:",
                on_click=_bring_back, help=BRING_BACK,
            )  # fmt: skip
        st.button("Go on without them", on_click=_go_on, help=GO_ON)


def _bring_back() -> None:
    with errors.toasted():
        n = cache.reviews().bring_back()
        st.session_state[SAID] = f"{counted(n, 'decision')} brought back."


def _go_on() -> None:
    cache.reviews().go_on_without()
