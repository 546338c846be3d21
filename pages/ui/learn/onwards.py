"""The way on from a step of the Learn page to another page, which shows the same there."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from core.checkpoints import Card
from pages.ui.frame.sidebar import OF_A_DATASET, choose_model
from pages.ui.learn.parts import DATASET, SPLIT
from pages.ui.session import selection, state


class GoOn(NamedTuple):
    """Where one goes on.

    page: its file.  choices: what it is to show, by session key; model and dataset among them.
    images: the ids to select there, none to leave the selection as it is.
    """

    label: str
    page: str
    choices: Mapping[str, Any]
    images: tuple[str, ...] = ()


def go_on(way: GoOn) -> None:
    """The way on, which takes along what is shown here."""
    if st.button(
        way.label,
        icon=":material/arrow_forward:",
        icon_position="right",
        key="go_on",
        on_click=_take_along,
        args=(way,),
        help="Opens that page with the same model, images and noise",
    ):
        st.switch_page(way.page)


def on_digits(card: Card, **more: Any) -> dict[str, Any]:
    """What another page is to show: this model on the digits, and more."""
    return {"dataset": DATASET, "split": SPLIT, "model": card.name, **more}


def _take_along(way: GoOn) -> None:
    if way.choices["dataset"] != st.session_state.get("dataset"):
        state.forget(OF_A_DATASET)
    st.session_state.update(way.choices)
    choose_model(way.choices["model"])
    if way.images:
        selection.select(way.images)
