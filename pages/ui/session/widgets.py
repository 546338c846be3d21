"""Widgets whose value belongs to the link: each recalls it, is drawn, and publishes it (state.py).

What is asked of a widget besides goes to Streamlit as it is: help, width, format_func and so on.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages.ui.session import state

T = TypeVar("T")
Widget = Callable[..., Any]
MAX_SEED = 2**32 - 1


def choice(
    widget: Widget,
    label: str,
    options: Sequence[T],
    key: str,
    default: T,
    what: str = "",
    besides: Collection[str] = (),
    **asked: Any,
) -> T:
    """One of options, in an st.selectbox, st.segmented_control, st.radio, st.pills, ...

    default: one of options, or None where the widget can be left without a choice; it is what is
    left out of the link.  what: what the options are, for the warning when a link names another.
    besides: what a link may name as well, without a warning, though it is no option.
    """
    state.recall(key, default, options, what, besides)
    widget(label, options, key=key, **asked)
    state.publish(key, default)
    chosen: T = st.session_state[key]
    return chosen


def several(
    widget: Widget,
    label: str,
    options: Sequence[T],
    key: str,
    default: Sequence[T] = (),
    what: str = "",
    besides: Collection[str] = (),
    **asked: Any,
) -> list[T]:
    """Any of options, in an st.multiselect, or in st.pills with selection_mode="multi".

    besides: what a link may name as well, without a warning, though it is no option.
    """
    state.recall_several(key, default, options, what, besides)
    widget(label, options, key=key, **asked)
    state.publish(key, list(default))
    return list(st.session_state[key])


def switch(label: str, key: str, default: bool = False, **asked: Any) -> bool:
    """On or off, in an st.toggle."""
    state.recall_flag(key, default)
    st.toggle(label, key=key, **asked)
    state.publish(key, default)
    return bool(st.session_state[key])


def number(
    widget: Widget, label: str, low: float, high: float, key: str, default: float, **asked: Any
) -> float:
    """A number in [low, high], in an st.slider or st.number_input."""
    state.recall_number(key, default, low, high)
    widget(label, low, high, key=key, **asked)
    state.publish(key, default)
    return float(st.session_state[key])


def whole(
    widget: Widget, label: str, low: int, high: int, key: str, default: int, **asked: Any
) -> int:
    """The same for a whole number."""
    state.recall_whole(key, default, low, high)
    widget(label, low, high, key=key, **asked)
    state.publish(key, default)
    return int(st.session_state[key])


def seed(label: str, key: str, **asked: Any) -> int:
    """What all chance in something comes from: 0 to MAX_SEED, 0 to begin with."""
    return whole(st.number_input, label, 0, MAX_SEED, key, 0, **asked)


def drawn_if(shown: bool, widget: Widget) -> Widget:
    """The widget, or none in its place: then its value is kept without being shown."""
    return widget if shown else _undrawn


def _undrawn(*_: Any, **__: Any) -> None:
    pass
