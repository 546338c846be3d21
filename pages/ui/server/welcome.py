"""The welcome of a first visit: one sentence and four links; it stays closed once closed."""

import streamlit as st

from pages.ui.session import state
from pages.ui.session.registry import YOUR_IMAGES

OPEN, MOVED = "welcome", "welcome_moved"
WHAT = (
    "**Hourglass shows what an autoencoder sees**: a network that compresses images to a few "
    "numbers and reconstructs them."
)
WAYS = (
    ("pages/learn.py", "See how it works", ":material/school:", "Seven short interactive steps"),
    (
        "pages/outliers.py",
        "Find outliers",
        ":material/flag:",
        "Images with the highest anomaly scores",
    ),
    (
        "pages/your_images.py",
        "Use my images",
        ":material/add_photo_alternate:",
        "A few pictures through the models; with a folder or zip you are asked what to do",
    ),
)
ODD = (
    "pages/your_images.py",
    "Find the odd ones in my folder",
    ":material/search:",
    "Drop a folder: its images, the strangest first; nothing else is asked",
)


def draw() -> None:
    """Draw the welcome, unless it was closed in this session or the page was opened by a link."""
    if not st.session_state.setdefault(OPEN, not st.query_params):
        return
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="welcome", gap="small"
    ):
        st.markdown(WHAT, width=450)
        # So that they wrap to the next line together.
        with st.container(
            horizontal=True, vertical_alignment="center", width="content", gap="small"
        ):
            _ways()


def _ways() -> None:
    for page, label, icon, about in WAYS:
        st.page_link(page, label=label, icon=icon, help=about)
    page, label, icon, about = ODD
    odd = YOUR_IMAGES.open("odd")
    st.page_link(page, label=label, icon=icon, help=about, query_params=odd)
    st.button(
        "Close",
        icon=":material/close:",
        type="tertiary",
        on_click=_close,
        help="Hide this for the rest of the visit",
    )


def moves() -> bool:
    """Whether the slider moves once by itself: on a first visit, when the page is entered.

    The value is the same at each rerun, so that the message to the slider does not change.
    """
    first = st.session_state[OPEN] and not st.session_state.get(MOVED, False)
    st.session_state[MOVED] = True
    return bool(state.on_entry(MOVED, float(first)))


def _close() -> None:
    st.session_state[OPEN] = False
