"""What a new training is asked to be: three presets first, everything else under "more"."""

import time
from typing import Any

import streamlit as st

from core import datasets, machine, runs
from core.datasets import DatasetInfo
from core.learning.recipes import PRESETS, Preset, TrainConfig, learning_rate
from core.models import BY_NAME, ArchSpec
from core.noise import EXPLANATIONS, KINDS, Noise
from core.runs import RunConfig
from pages.ui.text import kind_name, plain
from pages.ui.train import arch_form
from pages.ui.train.arch_form import KEPT

MOST = 10_000
BY_PRESET = {preset.name: preset for preset in PRESETS}


def draw(dataset: str) -> RunConfig:
    """The form. dataset: which one is chosen at first.

    Raises a HourglassError that says what to change if the settings do not go together.
    """
    if "train_preset" not in st.session_state:
        _take_preset(PRESETS[0].name)
    info = _dataset(dataset)
    st.radio(
        "Start from",
        list(BY_PRESET),
        key="train_preset",
        format_func=lambda name: BY_PRESET[name].title,
        captions=[plain(preset.explanation) for preset in PRESETS],
        on_change=lambda: _take_preset(st.session_state["train_preset"]),
        help="Sets everything below to what served well; change what you like",
        **KEPT,
    )
    epochs = st.number_input(
        "Epochs", 1, MOST, key="train_epochs", help="How often it sees every image", **KEPT
    )
    sigma = st.slider(
        "Noise in training σ",
        0.0,
        1.0,
        step=0.05,
        key="train_sigma",
        help="Put on the input while the target stays clean, so that it learns to remove it",
        **KEPT,
    )
    with st.expander("More: architecture, widths, learning rate, classes, seed"):
        spec, options = arch_form.choose()
        noise = _noise(float(sigma))
        more = _more(info, spec, options)
    name, threads = more.pop("name"), more.pop("threads")
    noise = Noise() if spec.closed_form else noise
    train = TrainConfig(info.id, spec.name, options, noise, epochs, **more)
    spec.plan(info.input_shape, options)  # refuses what cannot be built
    name = name or runs.default_name(info.id, spec.name)
    return RunConfig(name, time.time(), train, threads=threads)


def take(config: RunConfig) -> None:
    """Fill the form with the settings of a run; for callbacks."""
    train = config.train
    st.session_state["train_preset"] = None
    arch_form.take(BY_NAME[train.arch], train.options)
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


def _take_preset(name: str) -> None:
    preset: Preset = BY_PRESET[name]
    arch_form.take(BY_NAME[preset.arch], preset.options)
    st.session_state["train_preset"] = name
    st.session_state["train_epochs"] = preset.epochs
    st.session_state["train_sigma"] = preset.noise.sigma
    st.session_state["train_lr"] = None


def _dataset(default: str) -> DatasetInfo:
    infos = {info.id: info for info in datasets.catalogue()}
    if st.session_state.get("train_dataset") not in infos:  # also if a run on a folder was cloned
        st.session_state["train_dataset"] = default
    name = st.selectbox(
        "Train on",
        list(infos),
        key="train_dataset",
        format_func=lambda name: _title(infos[name]),
        help="Its train part; the model is judged on the test part",
        **KEPT,
    )
    return infos[name]


def _title(info: DatasetInfo) -> str:
    return info.title if info.available else f"{info.title}: downloaded when training starts"


def _noise(sigma: float) -> Noise:
    st.session_state.setdefault("train_noise", "gaussian")
    kind = st.selectbox(
        "Kind of noise",
        KINDS,
        key="train_noise",
        format_func=kind_name,
        help="; ".join(f"{kind_name(kind)} {EXPLANATIONS[kind]}" for kind in KINDS),
        **KEPT,
    )
    clip = st.toggle(
        "Clip noisy pixels to [0, 1]",
        key="train_clip",
        help="As a camera would; the model then expects clipped noise in use, too",
        **KEPT,
    )
    return Noise(kind, sigma, clip=clip) if sigma else Noise()


def _more(info: DatasetInfo, spec: ArchSpec, options: dict[str, Any]) -> dict[str, Any]:
    recipe = "none" if spec.closed_form else f"{_recipe(info, spec, options):g}, the recipe's"
    return {
        "batch_size": _whole("Batch", "train_batch", (2, 65_536, 128), "Images a step"),
        "learning_rate": _rate(recipe),
        "exclude_classes": _left_out(info),
        "seed": _whole("Training seed", "train_seed", (0, 2**32 - 1, 0), "Of all chance"),
        "threads": _whole(
            "CPU threads",
            "train_threads",
            (1, 256, machine.threads_per_run()),
            "More than the free cores make small networks many times slower",
        ),
        "name": _name(),
    }


def _whole(label: str, key: str, bounds: tuple[int, int, int], about: str) -> int:
    """A whole number.  bounds: the lowest, the highest, and the first."""
    low, high, first = bounds
    st.session_state.setdefault(key, first)
    return int(st.number_input(label, low, high, step=1, key=key, help=about, **KEPT))


def _rate(recipe: str) -> float | None:
    return st.number_input(
        "Learning rate",
        0.0,
        10.0,
        value=None,
        key="train_lr",
        format="%g",
        placeholder=recipe,
        help="Peak of the schedule, which rises and then falls; empty takes the recipe's",
        **KEPT,
    )


def _left_out(info: DatasetInfo) -> tuple[str, ...]:
    kept = st.session_state.get("train_without", [])
    st.session_state["train_without"] = [name for name in kept if name in info.class_names]
    chosen = st.multiselect(
        "Leave out classes",
        info.class_names,
        key="train_without",
        placeholder="None",
        help="It never sees them: to find them as outliers afterwards",
        **KEPT,
    )
    return tuple(chosen)


def _name() -> str:
    name = st.text_input(
        "Name",
        key="train_name",
        placeholder="By data, architecture and time",
        max_chars=64,
        help="Of the model: lower-case letters, digits, - and _",
        **KEPT,
    )
    return str(name).strip()


def _recipe(info: DatasetInfo, spec: ArchSpec, options: dict[str, Any]) -> float:
    return learning_rate(TrainConfig(info.id, spec.name, options), spec)
