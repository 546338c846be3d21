"""The selection of images, shared by all pages; links.py makes it part of the link."""

from collections.abc import Iterable

import streamlit as st

KEY = "selected_ids"


def ids() -> tuple[str, ...]:
    """Ids of the selected images, in the order of selection."""
    return tuple(st.session_state.get(KEY, ()))


def select(wanted: Iterable[str]) -> None:
    """Replace the selection by the images with these ids."""
    st.session_state[KEY] = tuple(dict.fromkeys(wanted))


def toggle(image_id: str) -> None:
    """Add one image to the selection, or remove it."""
    others = [other for other in ids() if other != image_id]
    select(others if len(others) < len(ids()) else [*others, image_id])
