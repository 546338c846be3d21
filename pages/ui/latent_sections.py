"""What stands below the maps: one section at a time, so that a rerun computes no more than that."""

import streamlit as st

from pages.ui import latent_along, latent_between, latent_numbers, latent_selected, state
from pages.ui.latent_map import SECTION
from pages.ui.latent_views import View

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
