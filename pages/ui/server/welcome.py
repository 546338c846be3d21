"""The first visit: what this is, in one sentence, and three ways in; gone for good once closed."""

import streamlit as st

from pages.ui.session import state

OPEN, MOVED = "welcome", "welcome_moved"
WHAT = (
    "**Hourglass shows what an autoencoder sees**: a network that squeezes images into a few "
    "numbers and draws them again."
)
WAYS = (
    ("pages/learn.py", "See how it works", ":material/school:", "Seven short steps to play with"),
    ("pages/outliers.py", "Find outliers", ":material/flag:", "Which images the model finds odd"),
    (
        "pages/your_images.py",
        "Use my images",
        ":material/add_photo_alternate:",
        "Put your own through the same models",
    ),
)


def draw() -> None:
    """The strip, unless it was closed in this session or the link already says what to show."""
    if not st.session_state.setdefault(OPEN, not st.query_params):
        return
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="welcome", gap="small"
    ):
        st.markdown(WHAT, width=450)
        # They go to the next line together.
        with st.container(
            horizontal=True, vertical_alignment="center", width="content", gap="small"
        ):
            _ways()


def _ways() -> None:
    for page, label, icon, about in WAYS:
        st.page_link(page, label=label, icon=icon, help=about)
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        on_click=_close,
        help="Hide this for the rest of the visit",
    )


def moves() -> bool:
    """Whether the pictures move once by themselves: on a first visit, when its page is entered.

    The same from rerun to rerun, like all that is sent to the slider.
    """
    first = st.session_state[OPEN] and not st.session_state.get(MOVED, False)
    st.session_state[MOVED] = True
    return bool(state.on_entry(MOVED, float(first)))


def _close() -> None:
    st.session_state[OPEN] = False
