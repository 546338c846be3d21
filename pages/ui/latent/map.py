"""The map of codes, drawn point by point: one selection on one or two of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from core.images.imagesets import ImageSet
from pages.ui import cache
from pages.ui.figures import scatter
from pages.ui.figures.colouring import Colouring, Mask, name_of
from pages.ui.figures.scatter import Look, Places, Points
from pages.ui.latent.data import Population
from pages.ui.noise import zoom
from pages.ui.session import selection

SECTION, ORIGIN = "section", "map_origin"
NEXT = "inspect_next"  # the image that the inspector is to open on
CONFIG = {
    "displaylogo": False,
    "doubleClick": "autosize",
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "pan2d", "zoom2d", "resetScale2d"],
}


@dataclass(frozen=True)
class Drawing:
    """A map to draw.

    key: the chart's.  name: of all that decides where the points lie.  images: those of the points,
    in their order.  words: the map described.
    """

    key: str
    name: tuple[Any, ...]
    images: ImageSet
    points: Points
    colouring: Colouring
    look: Look
    words: str


@dataclass(frozen=True)
class Memory:
    """How a chart was last drawn.

    drawn: name, colour and mouse mode.  place: the name alone: where the points lie.  baked: the
    selection it was drawn with.  shown: the one it shows, after what the visitor did in it.
    extent: the part that was in view then; None for all.  again: how often it was drawn like this
    in a row.
    """

    drawn: tuple[Any, ...]
    place: tuple[Any, ...]
    baked: tuple[str, ...]
    shown: tuple[str, ...]
    extent: zoom.Extent | None
    again: int

    @property
    def revision(self) -> int:
        """Another number than that of what was drawn before, and the same for the same drawing."""
        return hash((self.drawn, self.baked, self.again)) % 2**31


def points(population: Population, xy: Places, others: str) -> Points:
    """The images at their places.  others: what the other part is called."""
    return Points(xy, population.images.ids, population.other, others)


def draw(drawing: Drawing) -> None:
    """The chart. What is selected in it becomes the one selection of all pages."""
    memory = _remembered(drawing)
    look = replace(drawing.look, extent=memory.extent, revision=memory.revision)

    def make() -> Any:
        picked = _mask(drawing.points.ids, memory.baked)
        return scatter.figure(drawing.points, drawing.colouring, picked, look)

    st.plotly_chart(
        cache.kept(("figure", memory.drawn, memory.baked, look), make),
        key=drawing.key,
        on_select=lambda: _selected(drawing.key),
        selection_mode=("points", "box", "lasso"),
        config=CONFIG,
        alt=drawing.words,
    )
    zoom.listen(drawing.key)


def _remembered(drawing: Drawing) -> Memory:
    """How to draw the chart now: as before if it shows what it should, else anew."""
    key, selected = f"{drawing.key}_memory", selection.ids()
    place = drawing.name
    drawn = (place, name_of(drawing.colouring), drawing.look.drag)
    before: Memory | None = st.session_state.get(key)
    if drawing.key not in st.session_state:  # it was not on the page, and is drawn from nothing
        before = None
    own = st.session_state.get(ORIGIN) == (drawing.key, selected)
    faded = zoom.is_faded(drawing.key)
    if before and before.drawn == drawn and not faded and (own or before.shown == selected):
        memory = replace(before, shown=selected)
    else:
        same_place = before is not None and before.place == place
        if not same_place:
            zoom.forget(drawing.key)
        extent = zoom.extent(drawing.key) if same_place else None
        same = before is not None and (before.drawn, before.baked) == (drawn, selected)
        again = before.again + 1 if before and same else 0
        memory = Memory(drawn, place, selected, selected, extent, again)
    st.session_state[key] = memory
    return memory


def _selected(key: str) -> None:
    """Called when the visitor has selected in a chart, before the page runs again."""
    ids = ids_of(st.session_state[key]["selection"]["points"])
    selection.select(ids)
    st.session_state[ORIGIN] = (key, selection.ids())
    if ids:
        st.session_state[SECTION] = "selected"


def ids_of(chosen: Sequence[dict[str, Any]]) -> list[str]:
    """The ids that points of a plotly selection carry."""
    found = (point.get("customdata") for point in chosen)
    return [str(one[0] if isinstance(one, list) else one) for one in found if one]


def _mask(ids: np.ndarray[Any, Any], selected: tuple[str, ...]) -> Mask | None:
    return np.isin(ids, selected) if selected else None
