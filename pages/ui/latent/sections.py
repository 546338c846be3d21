"""What stands below the maps: one section at a time, so that a rerun computes no more than that."""

import streamlit as st

from pages.ui import state
from pages.ui.latent import along as latent_along
from pages.ui.latent import between as latent_between
from pages.ui.latent import numbers as latent_numbers
from pages.ui.latent import selected as latent_selected
from pages.ui.latent.map import SECTION
from pages.ui.latent.views import View

SECTIONS = {
    "selected": ":material/lasso_select: Selected images",
    "between": ":material/linear_scale: Walk between two",
    "along": ":material/open_in_full: Travel along a direction",
    "numbers": ":material/table: Numbers",
}


def draw(views: tuple[View, ...]) -> str | None:
    """The chosen section; the id of an image that was clicked in it."""
    state.recall(SECTION, "selected", list(SECTIONS))
    st.segmented_control(
        "Below the map",
        list(SECTIONS),
        key=SECTION,
        format_func=SECTIONS.__getitem__,
        required=True,
        help="What is shown here, below the map",
    )
    state.publish(SECTION, "selected")
    match st.session_state[SECTION]:
        case "between":
            return latent_between.draw(views[0])
        case "along":
            return latent_along.draw(views[0])
        case "numbers":
            latent_numbers.draw(views)
            return None
    return latent_selected.draw(views[0])
