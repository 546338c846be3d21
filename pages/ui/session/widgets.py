"""Widgets whose value is part of the link: recalled before, published after (state.py).

Further keyword arguments go to Streamlit unchanged: help, width, format_func and so on.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages.ui.components import sweep
from pages.ui.components.component import Packed
from pages.ui.session import state
from pages.ui.session.registry import Views

T = TypeVar("T")
Widget = Callable[..., Any]
MAX_SEED = 2**32 - 1
IN_A_ROW = (st.segmented_control, st.pills)
RATE, DEFAULT_RATE = "rate", 1.0  # per cent


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

    default: one of options, or None if no choice is allowed; the default is left out of the link.
    what: what the options are, for a warning about a name in the link that is no option.
    besides: names in the link that are no option and cause no warning.
    """
    state.recall(key, default, options, what, besides)
    if widget in IN_A_ROW:
        asked = {"wrap": True} | asked  # on a phone the last ones would be cut off
    widget(label, options, key=key, **asked)
    state.publish(key, default)
    chosen: T = st.session_state[key]
    return chosen


def view(views: Views, **asked: Any) -> str:
    """Which view of a page is shown, in a row of buttons.  asked: of them, besides."""
    titles = views.titles()
    return choice(
        st.segmented_control,
        views.label,
        views.names,
        key=views.key,
        default=views.names[0],
        required=True,
        format_func=titles.__getitem__,
        help=views.help(),
        **asked,
    )


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

    besides: names in the link that are no option and cause no warning.
    """
    state.recall_several(key, default, options, what, besides)
    if widget in IN_A_ROW:
        asked = {"wrap": True} | asked
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


def rate() -> float:
    """The share of usual images that may be flagged, 0 to 1: one control for all pages."""
    percent = number(
        st.number_input,
        "Usual images flagged, %",
        0.01,
        50.0,
        key=RATE,
        default=DEFAULT_RATE,
        step=0.1,
        format="%.2f",
        width=190,
        help="At most so many per cent of usual images score above the threshold. This is measured "
        "on usual images that the model was not trained on and that are not judged; the same on "
        "Outliers and Your images",
    )
    return percent / 100


def asked_rate() -> float:
    """The rate of false alarms, 0 to 1, before its control is drawn."""
    return state.recall_number(RATE, DEFAULT_RATE, 0.01, 50.0) / 100


def whole(
    widget: Widget, label: str, low: int, high: int, key: str, default: int, **asked: Any
) -> int:
    """A whole number in [low, high], in an st.slider or st.number_input."""
    state.recall_whole(key, default, low, high)
    widget(label, low, high, key=key, **asked)
    state.publish(key, default)
    return int(st.session_state[key])


def seed(label: str, key: str, **asked: Any) -> int:
    """A seed of random numbers, 0 to MAX_SEED, at first 0, in an st.number_input."""
    return whole(st.number_input, label, 0, MAX_SEED, key, 0, **asked)


def frames(packed: Packed, key: str, link: str, default: float, **asked: Any) -> sweep.Event:
    """A slider over pictures (sweep.py), which begins where the link says.

    key: the component's.  link: the name of its value in the link.  What was asked for is kept as
    it is: another slider of that name may have other values to choose from.
    """
    values = packed.header["values"]
    start = state.recall_number(link, default, values[0], values[-1])
    event = sweep.show(packed, key, state.on_appearance(key, start), **asked)
    st.session_state[link] = event.asked
    state.publish(link, default)
    return event


def drawn_if(shown: bool, widget: Widget) -> Widget:
    """The widget if shown, else a function that draws nothing, so that only its value is kept."""
    return widget if shown else _undrawn


def _undrawn(*_: Any, **__: Any) -> None:
    pass
