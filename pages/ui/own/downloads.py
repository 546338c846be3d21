"""The section on public data sets: which are on this machine, and downloads of the others."""

import streamlit as st

from core.data.named.publicsets import PUBLIC_SETS, PublicSet
from pages.ui.frame import public_sets, sidebar
from pages.ui.frame.sidebar import Choice


def draw(_: Choice) -> None:
    """Draw the section, a line for each set."""
    st.caption(
        "Nothing is downloaded before you press a button. Each file is compared with the checksum "
        "that its publishers give; incomplete or damaged files are deleted."
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
            st.markdown(":green[:material/check:] On this machine", width="content")
            st.button("Choose", key=f"choose_{known.id}", on_click=sidebar.choose, args=(known.id,),
                      disabled=st.session_state["dataset"] == known.id,
                      help="Select this data set in the sidebar, for all pages")  # fmt: skip
    else:
        public_sets.offer(known)
