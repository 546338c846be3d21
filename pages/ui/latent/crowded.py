"""The map of more images than a browser draws: a picture that is refined as one zooms into it.

A fragment of its own: to look closer costs no rerun of the page. What is circled, and what is
clicked, is found among all points on the server.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.latent import density as regions
from core.latent.density import Index
from pages.ui import cache
from pages.ui.figures import density
from pages.ui.figures.colouring import name_of
from pages.ui.figures.density import Extent
from pages.ui.latent.map import CONFIG, NEXT, SECTION, Drawing
from pages.ui.noise import zoom
from pages.ui.session import selection


@st.fragment
def draw_dense(drawing: Drawing) -> None:
    """The chart. What is circled in it becomes the one selection of all pages."""
    key = drawing.key
    if st.session_state.pop(_changed(key), False):
        st.rerun()  # the whole page shows the selection
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
        "them in view. Zoom in to tell them apart; click to open the nearest image."
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
    """The chart, and how many points are in view; made anew only if something has changed.

    The last one is kept in the session; what every visitor sees first, for all of them.
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
    """Called when the visitor has circled something, before the fragment runs again."""
    found = dense_chosen(drawing, st.session_state[drawing.key]["selection"])
    selection.select(drawing.points.ids[found].tolist())
    st.session_state[_changed(drawing.key)] = True
    if len(found):
        st.session_state[SECTION] = "selected"


def _nearest(drawing: Drawing, clicked: Any) -> int | None:
    at, radius = ((float(clicked[a]), float(clicked[b])) for a, b in (("x", "y"), ("rx", "ry")))
    return regions.nearest_within(drawing.points.xy, at, radius)


def _changed(key: str) -> str:
    return f"{key}_selection_changed"


def _drawn(key: str) -> str:
    return f"{key}_crowd_drawn"


def _kept(key: str) -> str:
    return f"{key}_crowd_figure"
