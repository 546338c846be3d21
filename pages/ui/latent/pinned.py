"""The place that is pinned on the plane: part of the link."""

from collections.abc import Sequence
from math import isfinite

import streamlit as st

from pages.ui.components import plane
from pages.ui.components.component import Packed
from pages.ui.components.plane import Event, Place
from pages.ui.session import state

KEY, ON = "plane_at", "plane_pinned_on"
COMPONENT = "plane"


def show_pin(packed: Packed, points: Packed, selected: Sequence[int]) -> Event:
    """The plane with its place; a place that was pinned on another plane says nothing here.

    points, selected: as plane.show() takes them.
    """
    of, said = packed.header["id"], state.linked(KEY)
    is_other = st.session_state.get(ON) != of
    is_new = COMPONENT not in st.session_state
    if said is not None:
        st.session_state[KEY] = said[-1]
    elif is_other:
        st.session_state[KEY] = ""
    st.session_state[ON] = of
    start = state.on_appearance(COMPONENT, read_pin(st.session_state[KEY], packed))
    event = plane.show(packed, COMPONENT, points, selected, start)
    if is_other and not is_new:  # what it says is about the plane before
        event = event._replace(pinned=None)
    st.session_state[KEY] = written_pin(event.pinned)
    state.publish(KEY, "")
    return event


def read_pin(text: str, packed: Packed) -> Place | None:
    """The node of the plane that is nearest to "x,y"; None if it is no such text."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        return None
    if not (isfinite(x) and isfinite(y)):
        return None
    return Place(_nearest(packed.header["xs"], x), _nearest(packed.header["ys"], y))


def written_pin(place: Place | None) -> str:
    """A place as a link has it."""
    return f"{place.x},{place.y}" if place else ""


def _nearest(values: Sequence[float], wanted: float) -> float:
    return min(values, key=lambda value: abs(value - wanted))
