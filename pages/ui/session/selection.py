"""The one selection of images, the same on all pages; links.py makes it part of the link."""

from collections.abc import Iterable

import streamlit as st

KEY = "selected_ids"


def ids() -> tuple[str, ...]:
    """The images that are selected, in the order they were selected."""
    return tuple(st.session_state.get(KEY, ()))


def select(wanted: Iterable[str]) -> None:
    """Make the images with these ids the selection."""
    st.session_state[KEY] = tuple(dict.fromkeys(wanted))


def toggle(image_id: str) -> None:
    """Put one image into the selection, or take it out."""
    others = [other for other in ids() if other != image_id]
    select(others if len(others) < len(ids()) else [*others, image_id])
