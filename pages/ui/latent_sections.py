"""What stands below the maps: one section at a time, so that a rerun computes no more than that."""

import streamlit as st

from pages.ui import latent_selected, state
from pages.ui.latent_map import SECTION
from pages.ui.latent_views import View

SECTIONS = {
    "selected": "Selected images",
}


def draw(views: tuple[View, ...]) -> str | None:
    """The chosen section; the id of an image that was clicked in it."""
    state.recall(SECTION, "selected", list(SECTIONS))
    st.segmented_control(
        "Look at",
        list(SECTIONS),
        key=SECTION,
        format_func=SECTIONS.__getitem__,
        required=True,
        label_visibility="collapsed",
        help="What is shown below the map",
    )
    state.publish(SECTION, "selected")
    return latent_selected.draw(views[0])
