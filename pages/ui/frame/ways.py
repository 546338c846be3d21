"""Buttons that lead to the next step on another page."""

from typing import Any

import streamlit as st

TRAIN_ON = "train_on"  # session key: the data set for which the Train page fills its form


def to_training(dataset: str, label: str = "Train a model on these images", **asked: Any) -> None:
    """Draw a button that opens the Train page with settings that suit a data set.

    dataset: its id.  asked: further arguments of st.button; a key if there are several.
    """
    if st.button(
        label,
        icon=":material/model_training:",
        on_click=_train_on,
        args=(dataset,),
        help="Open the Train page with settings that suit these images, without starting a run",
        **asked,
    ):
        st.switch_page("pages/train.py")


def _train_on(dataset: str) -> None:
    st.session_state[TRAIN_ON] = dataset
