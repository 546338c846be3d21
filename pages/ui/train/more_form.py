"""Settings of a new training that most people leave as they are: noise, steps, classes, seed."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import machine
from core.data.catalogue import DatasetInfo
from core.models import ArchSpec
from core.noise import EXPLANATIONS, KINDS, Noise
from core.training.config import TrainConfig, learning_rate
from pages.ui.figures.text import kind_name
from pages.ui.session import state, widgets

RATE = "train_lr"


@dataclass(frozen=True)
class More:
    """batch_size: images a step.  learning_rate: None = the recipe's.  name: "" = a made one."""

    batch_size: int
    learning_rate: float | None
    exclude_classes: tuple[str, ...]
    seed: int
    threads: int
    name: str


def noise_fields(sigma: float, default: Noise) -> Noise:
    """The noise of that much, of the kind that is chosen.  default: whose kind is to begin with."""
    kind = widgets.choice(
        st.selectbox,
        "Kind of noise",
        KINDS,
        key="train_noise",
        default=default.kind,
        format_func=kind_name,
        help="; ".join(f"{kind_name(kind)} {EXPLANATIONS[kind]}" for kind in KINDS),
    )
    clip = widgets.switch(
        "Clip noisy pixels to [0, 1]",
        "train_clip",
        default.clip,
        help="As a camera would; the model then expects clipped noise in use, too",
    )
    return Noise(kind, sigma, clip=clip) if sigma else Noise()


def draw_more(info: DatasetInfo, spec: ArchSpec, options: dict[str, Any]) -> More:
    """All the rest, one below the other."""
    recipe = learning_rate(TrainConfig(info.id, spec.name, options), spec)
    return More(
        _whole("Batch", "train_batch", (2, 65_536, 128), "Images a step"),
        _rate("none" if spec.closed_form else f"{recipe:g}, the recipe's"),
        tuple(
            widgets.several(
                st.multiselect,
                "Leave out classes",
                info.class_names,
                key="train_without",
                what="class",
                placeholder="None",
                help="It never sees them: to find them as outliers afterwards",
            )
        ),
        _whole("Training seed", "train_seed", (0, widgets.MAX_SEED, 0), "Of all chance"),
        _whole(
            "CPU threads",
            "train_threads",
            (1, 256, machine.threads_per_run()),
            "More than the free cores make small networks many times slower",
        ),
        _name(),
    )


def _whole(label: str, key: str, bounds: tuple[int, int, int], about: str) -> int:
    """A whole number.  bounds: the lowest, the highest, and the first."""
    low, high, first = bounds
    return widgets.whole(st.number_input, label, low, high, key, first, step=1, help=about)


def _rate(recipe: str) -> float | None:
    """The learning rate, or None for the recipe's."""
    asked = state.recall_number(RATE, -1, 0, 10)  # -1: no number, so the recipe's
    st.session_state[RATE] = None if asked < 0 else asked
    st.number_input(
        "Learning rate",
        0.0,
        10.0,
        value=None,
        key=RATE,
        format="%g",
        placeholder=recipe,
        help="Peak of the schedule, which rises and then falls; empty takes the recipe's",
    )
    state.publish(RATE, None)
    chosen: float | None = st.session_state[RATE]
    return chosen


def _name() -> str:
    name = st.text_input(
        "Name",
        key="train_name",
        placeholder="By data, architecture and time",
        max_chars=64,
        persist_state="session",
        help="Of the model: lower-case letters, digits, - and _",
    )
    return str(name).strip()
