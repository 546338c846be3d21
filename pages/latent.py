"""The Latent space page: the codes of many images as a map, and any code decoded to an image."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st

from pages.ui import progress
from pages.ui.frame import downloads, live, sidebar
from pages.ui.latent import along as latent_along
from pages.ui.latent import between as latent_between
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import drawing as latent_drawing
from pages.ui.latent import inspector as latent_inspector
from pages.ui.latent import numbers as latent_numbers
from pages.ui.latent import report as latent_report
from pages.ui.latent import selected as latent_selected
from pages.ui.latent import views as latent_views
from pages.ui.latent.views import View
from pages.ui.latent.walking import ShownWalk
from pages.ui.session import widgets
from pages.ui.session.registry import LATENT


class Below(NamedTuple):
    """The visitor's actions in the open section.

    clicked: id of the image that was clicked in this run of the page, or None.  walked: the walk
    that is shown, or None.
    """

    clicked: str | None = None
    walked: ShownWalk | None = None


def draw_sections(views: tuple[View, ...]) -> Below:
    """Draw the section that is open below the map."""
    section = widgets.view(LATENT)
    with progress.part():
        return DRAWN[section](views)
    return Below()


def _of_walk(walked: ShownWalk | None) -> Below:
    return Below(walked.clicked if walked else None, walked)


def _numbers(views: tuple[View, ...]) -> Below:
    latent_numbers.draw(views)
    return Below()


DRAWN: Mapping[str, Callable[[tuple[View, ...]], Below]] = LATENT.each(
    {
        "selected": lambda views: Below(latent_selected.draw(views[0])),
        "between": lambda views: _of_walk(latent_between.draw(views[0])),
        "along": lambda views: _of_walk(latent_along.draw(views[0])),
        "numbers": _numbers,
    }
)

st.title("Latent space")
st.caption(
    "Each point is the code of one image: the few numbers to which the model compresses it. "
    "Draw a lasso around points to see their images; move over the plane to see what the model "
    "decodes at any place."
)

choice = sidebar.chosen()
card = choice.model()
if not len(choice.images()):
    st.info("There is no image here: choose other data in the sidebar.")
    st.stop()
asked = latent_controls.asked(choice, card)
views = tuple(latent_views.view(asked, card) for card in asked.cards)
drawn = latent_drawing.draw_maps(views)
live.draw(
    live.Live(
        key="live_map",
        label="Compute in this browser: decode at any zoom, drag the code, draw",
        cards=[view.card for view in views],
        images=views[0].population.images,
        parts=("choose", "pad", "noise", "code", "map"),
    )
)
below = draw_sections(views)
selected = latent_views.selected_positions(views[0].population.images)
contents = latent_report.Contents(views, selected, below.walked, drawn.plane.pinned)
with st.container(horizontal=True, width="content"):
    downloads.button(lambda: latent_report.content(contents), "latent")
    downloads.take_away([view.card for view in views], choice.images())
latent_inspector.inspect(views[0], below.clicked or drawn.plane.clicked)
with progress.part():
    latent_drawing.finish(views, drawn.captions)
