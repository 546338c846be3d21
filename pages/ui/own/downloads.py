"""The public data sets: what is here, and fetching the rest with progress, cancel and retry."""

import streamlit as st

from core.data.named.publicsets import PUBLIC_SETS, PublicSet
from pages.ui.frame import public_sets, sidebar
from pages.ui.frame.sidebar import Choice


def draw(_: Choice) -> None:
    """A line for each set."""
    st.caption(
        "Nothing is fetched before you ask for it. What arrives is checked against the sum that "
        "its makers published; what is cut short or damaged is thrown away."
    )
    for known in PUBLIC_SETS:
        with st.container(border=True):
            _line(known)


def _line(known: PublicSet) -> None:
    st.markdown(f"**{known.title}**")
    n = f"{known.n_train:,} images to train, {known.n_test:,} to test."
    st.caption(f"{known.explanation} {n}")
    if known.is_here():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(":green[:material/check:] Here", width="content")
            st.button("Choose", key=f"choose_{known.id}", on_click=sidebar.choose, args=(known.id,),
                      disabled=st.session_state["dataset"] == known.id,
                      help="Choose it in the sidebar, for all pages")  # fmt: skip
    else:
        public_sets.offer(known)
