"""What the session remembers: choices that are part of the link, and the one selection of images.

Widgets whose options read as they are bind themselves to the link (bind="query-params"). Those with
titles for people and names for links use recall() before the widget and publish() after it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

SELECTED = "selected_ids"
NONE = "none"  # an empty list, in a link
_PAGE, _ON_ENTRY = "page", "on_entry"


def recall(key: str, default: str, options: Sequence[str]) -> None:
    """Make st.session_state[key] one of options: as it is, or as the link says, or default."""
    value = st.session_state.get(key, st.query_params.get(key, default))
    st.session_state[key] = value if value in options else default


def recall_several(key: str, default: Sequence[str], options: Sequence[str]) -> None:
    """The same for a list of names; those that are not options are dropped."""
    in_link = [value for value in st.query_params.get_all(key) if value != NONE]
    from_link = in_link if key in st.query_params else default
    wanted = st.session_state.get(key, from_link)
    kept = [value for value in wanted if value in options]
    st.session_state[key] = kept if kept or not wanted else list(default)


def recall_number(key: str, default: float, low: float, high: float) -> float:
    """The number under key, as it is, or as the link says, or default, in [low, high]."""
    try:
        value = float(st.session_state.get(key, st.query_params.get(key, default)))
    except ValueError:
        value = default
    st.session_state[key] = value if low <= value <= high else default
    return float(st.session_state[key])


def recall_text(key: str, default: str, longest: int) -> None:
    """Make st.session_state[key] a text: as it is, or as the link says, or default."""
    value = str(st.session_state.get(key, st.query_params.get(key, default)))
    st.session_state[key] = value[:longest] or default


def publish(key: str, default: Any) -> None:
    """Make st.session_state[key] part of the link, unless it is the default."""
    value = st.session_state[key]
    if value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = NONE if value == [] else value


def forget(keys: Iterable[str]) -> None:
    """Let the widgets with these keys take their defaults again."""
    for key in keys:
        st.session_state.pop(key, None)


def enter(page: str) -> None:
    """Note which page is shown; what on_entry() kept for the one before is forgotten."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        st.session_state[_ON_ENTRY] = {}


def on_entry(key: str, value: float) -> float:
    """The value this had when the page was entered, the same from rerun to rerun.

    It is where a slider in a component first stands.
    """
    kept: dict[str, float] = st.session_state.setdefault(_ON_ENTRY, {})
    return kept.setdefault(key, value)


def selected_ids() -> tuple[str, ...]:
    """The images that are selected, on all pages alike, in the order they were selected."""
    return tuple(st.session_state.get(SELECTED, ()))


def select(ids: Iterable[str]) -> None:
    """Make these the selection."""
    st.session_state[SELECTED] = tuple(dict.fromkeys(ids))


def toggle_selected(image_id: str) -> None:
    """Put one image into the selection, or take it out."""
    others = [other for other in selected_ids() if other != image_id]
    select(others if len(others) < len(selected_ids()) else [*others, image_id])
