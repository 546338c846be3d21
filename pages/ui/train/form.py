"""What a new training is asked to be: three presets first, everything else under "more".

All of it is in the link but the name, which no two models can have.
"""

import time

import streamlit as st

from core import machine, runs
from core.data import catalogue
from core.data.catalogue import DatasetInfo
from core.models import BY_NAME
from core.noise import Noise
from core.runs import RunConfig
from core.training import config as recipes
from core.training.config import PRESETS, Preset, TrainConfig
from pages.ui.figures.text import plain
from pages.ui.session import state, widgets
from pages.ui.train import arch_form, more_form

MOST_EPOCHS = 10_000
PRESET = "train_preset"
OF_A_PRESET = ("train_epochs", "train_sigma", "train_noise", "train_clip", "train_lr")
BY_PRESET = {preset.name: preset for preset in PRESETS}


def draw(dataset: str) -> RunConfig:
    """The form. dataset: which one is chosen at first.

    Raises a HourglassError that says what to change if the settings do not go together.
    """
    info, preset = _dataset(dataset), _preset()
    epochs, sigma = _epochs(preset.epochs), _sigma(preset.noise.sigma)
    with st.expander("More: architecture, widths, learning rate, classes, seed"):
        spec, options = arch_form.choose_architecture(preset.arch, preset.options)
        noise = more_form.noise_fields(sigma, preset.noise)
        more = more_form.draw_more(info, spec, options)
    train = TrainConfig(
        info.id,
        spec.name,
        options,
        Noise() if spec.closed_form else noise,
        epochs,
        more.batch_size,
        more.learning_rate,
        more.exclude_classes,
        more.seed,
    )
    spec.plan(info.input_shape, options)  # refuses what cannot be built
    name = more.name or runs.default_name(info.id, spec.name)
    return RunConfig(name, time.time(), train, threads=more.threads)


def suggest(dataset: str) -> None:
    """Fill the form with settings that suit a data set, before it is drawn; see recipes.suggested.

    dataset: an id; one that is not in the catalogue leaves the form as it is.
    """
    info = next((one for one in catalogue.catalogue() if one.id == dataset), None)
    if info is not None:
        train = recipes.suggested(info.id, info.input_shape, info.n_train)
        take(RunConfig("", time.time(), train, threads=machine.threads_per_run()))


def offers(dataset: str) -> bool:
    """Whether the form can be filled for that data set: folders and zips are the command line's."""
    return any(info.id == dataset for info in catalogue.catalogue())


def take(config: RunConfig) -> None:
    """Fill the form with the settings of a run, before it is drawn."""
    train = config.train
    st.session_state[PRESET] = None
    arch_form.take_architecture(BY_NAME[train.arch], train.options)
    st.session_state["train_dataset"] = train.dataset
    st.session_state["train_epochs"] = train.epochs
    st.session_state["train_sigma"] = train.noise.sigma
    st.session_state["train_noise"] = train.noise.kind
    st.session_state["train_clip"] = train.noise.clip
    st.session_state["train_batch"] = train.batch_size
    st.session_state["train_lr"] = train.learning_rate
    st.session_state["train_seed"] = train.seed
    st.session_state["train_without"] = list(train.exclude_classes)
    st.session_state["train_threads"] = config.threads
    st.session_state["train_name"] = ""


def _epochs(default: int) -> int:
    about = "How often it sees every image"
    return widgets.whole(
        st.number_input, "Epochs", 1, MOST_EPOCHS, "train_epochs", default, help=about
    )


def _sigma(default: float) -> float:
    about = "Put on the input while the target stays clean, so that it learns to remove it"
    return widgets.number(
        st.slider, "Noise in training σ", 0.0, 1.0, "train_sigma", default, step=0.05, help=about
    )


def _preset() -> Preset:
    """The preset that was started from; the first one for settings that were cloned."""
    first = PRESETS[0].name
    state.recall(PRESET, first, [*BY_PRESET, None])  # None: the settings of a run were cloned
    st.radio(
        "Start from",
        list(BY_PRESET),
        key=PRESET,
        format_func=lambda name: BY_PRESET[name].title,
        captions=[plain(preset.explanation) for preset in PRESETS],
        on_change=_begin_anew,
        help="Sets everything below to what served well; change what you like",
    )
    state.publish(PRESET, first)
    return BY_PRESET[st.session_state[PRESET] or first]


def _begin_anew() -> None:
    """Let everything that a preset sets take the values of the one that was just chosen."""
    preset = BY_PRESET[st.session_state[PRESET]]
    state.forget([*OF_A_PRESET, *arch_form.architecture_keys(BY_NAME[preset.arch])])


def _dataset(default: str) -> DatasetInfo:
    infos = {info.id: info for info in catalogue.catalogue()}
    name = widgets.choice(
        st.selectbox,
        "Train on",
        list(infos),
        key="train_dataset",
        default=default,
        what="data set",
        format_func=lambda name: _title(infos[name]),
        help="Its train part; the model is judged on the test part",
    )
    return infos[name]


def _title(info: DatasetInfo) -> str:
    return info.title if info.available else f"{info.title}: not on this machine yet"
