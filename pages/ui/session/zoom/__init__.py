"""Events of a plotly chart besides selecting: which part is in view, and double clicks.

Streamlit draws a chart anew when anything in it changes, and forgets what the visitor had zoomed
to; and a double click may take the selection out of the chart without a word of it. This listens to
the chart in the browser; a fragment of its own takes the answer, so that a zoom costs no rerun of
the page.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.components.component import component, heard
from pages.ui.session import selection

Extent = tuple[tuple[float, float], tuple[float, float]]


def listen(chart: str) -> None:
    """Follow the chart with this key; call it once on a page that shows the chart."""
    _follow(chart)


def extent(chart: str) -> Extent | None:
    """The visitor's last zoom, ((x0, x1), (y0, y1)); None for all of the chart.

    Kept while the chart is not drawn, as long as what it shows is computed.
    """
    view = st.session_state.get(_extent(chart))
    if not isinstance(view, dict) or set(view) != {"x", "y"}:
        return None
    (x0, x1), (y0, y1) = view["x"], view["y"]
    return (float(x0), float(x1)), (float(y0), float(y1))


def forget(chart: str) -> None:
    """Begin with all of it again."""
    st.session_state.pop(_key(chart), None)
    st.session_state.pop(_extent(chart), None)


def is_faded(chart: str) -> bool:
    """Whether the chart has lost what stood out in it, so that it is to be drawn anew; once."""
    return bool(st.session_state.pop(_faded(chart), False))


def report(chart: str, clicks: bool = False) -> dict[str, float] | None:
    """The visible range of a chart in a fragment, which a zoom runs again.

    clicks: give where the chart was clicked just now, {"x", "y"}, and the size of a finger tip
    there, {"rx", "ry"}, in the units of the axes; else, or without a click, None.
    """
    state = _component(
        key=_key(chart),
        data={"chart": chart, "clicks": clicks},
        on_extent_change=lambda: _note_extent(chart),
        on_clicked_change=heard,
        on_cleared_change=_clear,
        on_faded_change=lambda: _note_faded(chart),
    )
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # the whole page shows the selection
    clicked: dict[str, float] | None = state.clicked
    return clicked


@st.fragment
def _follow(chart: str) -> None:
    report(chart)


def _clear() -> None:
    """Called when a double click has cleared the selection, before the fragment runs again.

    The page runs in any case: where Streamlit tells it, too, both may come to one run of the
    fragment alone.
    """
    selection.select(())
    st.session_state[CHANGED] = True


def _note_extent(chart: str) -> None:
    state: Any = st.session_state[_key(chart)]
    st.session_state[_extent(chart)] = state.get("extent")


def _note_faded(chart: str) -> None:
    if selection.ids():
        st.session_state[_faded(chart)] = st.session_state[CHANGED] = True


def _key(chart: str) -> str:
    return f"{chart}_zoom"


def _extent(chart: str) -> str:
    return f"{chart}_extent"


def _faded(chart: str) -> str:
    return f"{chart}_faded"


CHANGED = "chart_changed"
_component = component("zoom", folder=Path(__file__).parent)
