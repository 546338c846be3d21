"""Buttons that lead to the next step on another page."""

import time
from typing import Any

import streamlit as st

from core import machine, runs
from core.runs import Run, RunConfig
from core.runs import control as run_control
from core.training.config import TrainConfig

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


def to_trained(config: TrainConfig, label: str, about: str, **asked: Any) -> None:
    """Draw a button that starts a training and opens the Train page, where it is watched.

    asked: further arguments of st.button.
    """
    if st.button(label, icon=":material/model_training:", help=about, **asked):
        st.session_state["run"] = started(config, machine.threads_per_run()).id
        st.switch_page("pages/train.py")


def started(config: TrainConfig, threads: int) -> Run:
    """A new run with these settings, started in the background.  Raises HourglassError."""
    name = runs.default_name(config.dataset, config.arch)
    return run_control.start(runs.create(RunConfig(name, time.time(), config, threads=threads)))
