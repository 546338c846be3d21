"""Buttons that lead from where a page ends to what comes next."""

from typing import Any

import streamlit as st

TRAIN_ON = "train_on"  # in the session: the data set that the Train page fills its form for


def to_training(dataset: str, label: str = "Train a model on these images", **asked: Any) -> None:
    """A button that opens the Train page with settings that suit a data set.

    dataset: its id.  asked: of st.button, besides; a key where there are several.
    """
    if st.button(
        label,
        icon=":material/model_training:",
        on_click=_train_on,
        args=(dataset,),
        help="Opens the Train page with settings that suit these images; nothing starts by itself",
        **asked,
    ):
        st.switch_page("pages/train.py")


def _train_on(dataset: str) -> None:
    st.session_state[TRAIN_ON] = dataset
