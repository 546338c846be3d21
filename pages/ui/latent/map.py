"""The chart of a map of codes, and the selection made in it: as points, or as density."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.images.imagesets import ImageSet
from core.latent import density as regions
from core.latent.density import Index
from pages.ui import cache
from pages.ui.figures import density, scatter
from pages.ui.figures.colouring import Colouring, Mask, name_of
from pages.ui.figures.density import Extent
from pages.ui.figures.scatter import MapStyle, Places, Points
from pages.ui.latent.data import Population
from pages.ui.session import selection, zoom
from pages.ui.session.registry import LATENT

ORIGIN = "map_origin"
NEXT = "inspect_next"  # id of the image that the inspector opens on
CONFIG = {
    "displaylogo": False,
    "doubleClick": "autosize",
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "pan2d", "zoom2d", "resetScale2d"],
}


@dataclass(frozen=True)
class Drawing:
    """A map to draw.

    key: of the chart.  name: of everything that the positions depend on.  images: of the points, in
    the order of the points.  words: description for screen readers.
    """

    key: str
    name: tuple[Any, ...]
    images: ImageSet
    points: Points
    colouring: Colouring
    look: MapStyle
    words: str


@dataclass(frozen=True)
class Memory:
    """The state of a chart when it was last drawn.

    drawn: name, colour and mouse mode.  place: the name alone.  baked: the selection it was drawn
    with.  shown: the selection it shows now, after the visitor's changes.  extent: the visible
    range of both axes; None for all.  again: how often in a row it was drawn with the same values.
    """

    drawn: tuple[Any, ...]
    place: tuple[Any, ...]
    baked: tuple[str, ...]
    shown: tuple[str, ...]
    extent: zoom.Extent | None
    again: int

    @property
    def revision(self) -> int:
        """A number for plotly's uirevision: different whenever something else is drawn."""
        return hash((self.drawn, self.baked, self.again)) % 2**31


def points(population: Population, xy: Places, others: str) -> Points:
    """The images as points of a figure.  others: name of the images of the other split."""
    return Points(xy, population.images.ids, population.other, others)


def draw(drawing: Drawing) -> None:
    """Draw the chart. Selecting points in it sets the selection of all pages."""
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
    """How to draw the chart: unchanged if it already shows the selection, else a new drawing."""
    key, selected = f"{drawing.key}_memory", selection.ids()
    place = drawing.name
    drawn = (place, name_of(drawing.colouring), drawing.look.drag)
    before: Memory | None = st.session_state.get(key)
    is_new = drawing.key not in st.session_state  # not drawn in the last run: the browser has none
    own = st.session_state.get(ORIGIN) == (drawing.key, selected)
    faded = zoom.is_faded(drawing.key)
    kept = before is not None and before.drawn == drawn and not (is_new or faded)
    if before and kept and (own or before.shown == selected):
        memory = replace(before, shown=selected)
    else:
        same_place = before is not None and before.place == place
        if not same_place:
            zoom.forget(drawing.key)
        extent = zoom.extent(drawing.key) if same_place else None
        same = before is not None and (before.drawn, before.baked) == (drawn, selected)
        again = before.again + 1 if before and same else 0
        memory = Memory(
            drawn=drawn, place=place, baked=selected, shown=selected, extent=extent, again=again
        )
    st.session_state[key] = memory
    return memory


def _selected(key: str) -> None:
    """Callback after a selection in a chart, before the page runs again."""
    ids = ids_of(st.session_state[key]["selection"]["points"])
    selection.select(ids)
    st.session_state[ORIGIN] = (key, selection.ids())
    if ids:
        st.session_state.update(LATENT.open("selected"))


def ids_of(chosen: Sequence[dict[str, Any]]) -> list[str]:
    """The image ids of the points of a plotly selection."""
    found = (point.get("customdata") for point in chosen)
    return [str(one[0] if isinstance(one, list) else one) for one in found if one]


def _mask(ids: np.ndarray[Any, Any], selected: tuple[str, ...]) -> Mask | None:
    return np.isin(ids, selected) if selected else None


# The map of more images than a browser can draw: a picture that is refined after a zoom.


@st.fragment
def draw_dense(drawing: Drawing) -> None:
    """Draw the density chart. A box or lasso in it sets the selection of all pages."""
    key = drawing.key
    if st.session_state.pop(_changed(key), False):
        st.rerun()  # because the whole page shows the selection
    if st.session_state.get(_drawn(key)) != drawing.name:
        zoom.forget(key)
        st.session_state[_drawn(key)] = drawing.name
    figure, n_seen = _figure(drawing, zoom.extent(key))
    st.plotly_chart(
        figure,
        key=key,
        on_select=lambda: _dense_selected(drawing),
        selection_mode=("box", "lasso"),
        config=CONFIG,
        alt=drawing.words,
    )
    n = len(drawing.points.xy)
    st.caption(
        f"{n:,} points, drawn as density: the stronger a colour, the more images; {n_seen:,} of "
        "them in view. Zoom in to see single points; click to open the nearest image."
    )
    clicked = zoom.report(key, clicks=True)
    if clicked is not None and (i := _nearest(drawing, clicked)) is not None:
        st.session_state[NEXT] = str(drawing.points.ids[i])
        st.rerun()


def dense_chosen(drawing: Drawing, selection: Any) -> Index:
    """Positions of the images in the boxes and lassos of a plotly selection."""
    xy = drawing.points.xy
    lassos = [np.column_stack([lasso["x"], lasso["y"]]) for lasso in selection["lasso"]]
    found = [regions.in_box(xy, tuple(box["x"]), tuple(box["y"])) for box in selection["box"]]
    found += [regions.in_polygon(xy, corners) for corners in lassos]
    return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _figure(drawing: Drawing, zoomed: Extent | None) -> tuple[go.Figure, int]:
    """The chart, and the number of points in view; cached until something changes.

    The session keeps its last chart; the view of all points is shared by all visitors.
    """
    selected = selection.ids()
    key = (drawing.name, name_of(drawing.colouring), drawing.look, zoomed, selected)
    kept = st.session_state.get(_kept(drawing.key))
    if kept is None or kept[0] != key:
        if selected or zoomed:
            made = _made(drawing, zoomed, selected)
        else:
            made = cache.kept(("crowded", *key), lambda: _made(drawing, None, ()))
        kept = st.session_state[_kept(drawing.key)] = (key, *made)
    return kept[1], kept[2]


def _made(
    drawing: Drawing, zoomed: Extent | None, selected: tuple[str, ...]
) -> tuple[go.Figure, int]:
    points, mask = drawing.points, None
    view = zoomed or density.extent_of(points.xy)
    if selected:
        mask = np.zeros(len(points.xy), bool)
        mask[drawing.images.known_positions(selected)] = True
    seen, n = density.picture(points, drawing.colouring, mask, view)
    return density.figure(points, drawing.colouring, seen, view, drawing.look), n


def _dense_selected(drawing: Drawing) -> None:
    """Callback after a selection in the density chart, before the fragment runs again."""
    found = dense_chosen(drawing, st.session_state[drawing.key]["selection"])
    selection.select(drawing.points.ids[found].tolist())
    st.session_state[_changed(drawing.key)] = True
    if len(found):
        st.session_state.update(LATENT.open("selected"))


def _nearest(drawing: Drawing, clicked: Any) -> int | None:
    at, radius = ((float(clicked[a]), float(clicked[b])) for a, b in (("x", "y"), ("rx", "ry")))
    return regions.nearest_within(drawing.points.xy, at, radius)


def _changed(key: str) -> str:
    return f"{key}_selection_changed"


def _drawn(key: str) -> str:
    return f"{key}_crowd_drawn"


def _kept(key: str) -> str:
    return f"{key}_crowd_figure"
