"""What stands below the maps: one section at a time, so that a rerun computes no more than that."""

from typing import NamedTuple

import streamlit as st

from pages.ui import progress
from pages.ui.latent import along as latent_along
from pages.ui.latent import between as latent_between
from pages.ui.latent import numbers as latent_numbers
from pages.ui.latent import selected as latent_selected
from pages.ui.latent.map import SECTION
from pages.ui.latent.views import View
from pages.ui.latent.walking import Shown
from pages.ui.session import widgets

SECTIONS = {
    "selected": ":material/lasso_select: Selected images",
    "between": ":material/linear_scale: Walk between two",
    "along": ":material/open_in_full: Travel along a direction",
    "numbers": ":material/table: Numbers",
}


class Below(NamedTuple):
    """What the section shows.  clicked: the id of an image that was clicked in it just now."""

    clicked: str | None = None
    walked: Shown | None = None


def draw_sections(views: tuple[View, ...]) -> Below:
    """The chosen section."""
    section = widgets.choice(
        st.segmented_control,
        "Below the map",
        list(SECTIONS),
        key=SECTION,
        default="selected",
        format_func=SECTIONS.__getitem__,
        required=True,
        help="What is shown here, below the map",
    )
    with progress.part():
        return _draw(section, views)
    return Below()


def _draw(section: str, views: tuple[View, ...]) -> Below:
    match section:
        case "between":
            return _of_walk(latent_between.draw(views[0]))
        case "along":
            return _of_walk(latent_along.draw(views[0]))
        case "numbers":
            latent_numbers.draw(views)
            return Below()
    return Below(latent_selected.draw(views[0]))


def _of_walk(walked: Shown | None) -> Below:
    return Below(walked.clicked if walked else None, walked)
