"""What a new training is asked to be: three presets first, everything else under "more".

All of it is in the link but the name, which no two models can have.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import machine, runs
from core.config import OptionError
from core.data import catalogue
from core.data.catalogue import DatasetInfo
from core.models import ARCHITECTURES, BY_NAME, ArchSpec
from core.models.options import Option
from core.noise import KINDS, Noise
from core.runs import RunConfig
from core.training import config as recipes
from core.training.config import PRESETS, Preset, TrainConfig, learning_rate
from pages.ui.figures.text import plain
from pages.ui.session import state, widgets

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
        spec, options = choose_architecture(preset.arch, preset.options)
        noise = noise_fields(sigma, preset.noise)
        more = draw_more(info, spec, options)
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
    take_architecture(BY_NAME[train.arch], train.options)
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
    state.forget([*OF_A_PRESET, *architecture_keys(BY_NAME[preset.arch])])


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


# Settings of a new training that most people leave as they are: noise, steps, classes, seed.

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
        tuple(KINDS),
        key="train_noise",
        default=default.kind,
        format_func=lambda name: KINDS[name].title,
        help="; ".join(f"{kind.title} {kind.explanation}" for kind in KINDS.values()),
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


# Which architecture a new training has: widgets made from the registry, whatever is in it.

ARCH = "train_arch"
LONGEST = 100  # letters of a list of widths


def take_architecture(spec: ArchSpec, options: Mapping[str, Any]) -> None:
    """Fill the widgets; options that are not named take their defaults."""
    st.session_state[ARCH] = spec.name
    for option in spec.options:
        value = options.get(option.name, option.default)
        st.session_state[_key(spec, option)] = _shown(option, value)


def architecture_keys(spec: ArchSpec) -> list[str]:
    """Of the widgets that are there when this architecture is chosen."""
    return [ARCH, *(_key(spec, option) for option in spec.options)]


def choose_architecture(default: str, preset: Mapping[str, Any]) -> tuple[ArchSpec, dict[str, Any]]:
    """The widgets: which architecture, and what its options are.

    default: the architecture to begin with.  preset: those of its options that begin elsewhere
    than the registry says.
    """
    name = widgets.choice(
        st.selectbox,
        "Architecture",
        [spec.name for spec in ARCHITECTURES],
        key=ARCH,
        default=default,
        format_func=lambda name: BY_NAME[name].title,
        help="What the network is made of",
    )
    spec, begun = BY_NAME[name], preset if name == default else {}
    st.caption(plain(spec.explanation))
    values = {
        option.name: _option(spec, option, begun.get(option.name, option.default))
        for option in spec.options
    }
    return spec, values


def _option(spec: ArchSpec, option: Option, default: Any) -> Any:
    """A widget for an option of the registry, whatever its kind; what it says."""
    key, label = _key(spec, option), _label(option)
    about = f"{option.explanation[0].upper()}{option.explanation[1:]}; {option.bounds()}"
    low, high = option.low, option.high
    match option.kind:
        case "bool":
            return widgets.switch(label, key, default, help=about)
        case "choice":
            return widgets.choice(st.selectbox, label, option.choices, key, default, help=about)
        case "widths":
            return _widths(_text(option, label, key, _shown(option, default), about))
        case "int":
            bounds = int(low), int(high)
            return widgets.whole(
                st.number_input, label, *bounds, key=key, default=default, step=1, help=about
            )
        case "float":
            return widgets.number(
                st.number_input, label, float(low), float(high), key, default,
                format="%g", help=about,
            )  # fmt: skip


def _text(option: Option, label: str, key: str, default: str, about: str) -> str:
    """A list of widths as it is typed, with its mistakes; a link's counts only without any."""
    if key not in st.session_state:
        said = str(state.asked(key, default))
        st.session_state[key] = said if _is_right(option, said) else default
    st.text_input(label, key=key, max_chars=LONGEST, help=about)
    state.publish(key, default)
    return str(st.session_state[key])


def _is_right(option: Option, text: str) -> bool:
    try:
        option.check(_widths(text))
    except OptionError:
        return False
    return len(text) <= LONGEST


def _shown(option: Option, value: Any) -> Any:
    """A value of an option as its widget has it."""
    return ", ".join(map(str, value)) if option.kind == "widths" else value


def _key(spec: ArchSpec, option: Option) -> str:
    return f"train_{spec.name}_{option.name}"


def _label(option: Option) -> str:
    if option.name == "latent_dim":
        return "D', numbers in the code"
    return option.name.replace("_", " ").capitalize()


def _widths(text: str) -> list[int]:
    parts: Sequence[str] = text.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise OptionError("Widths are whole numbers with commas between them: 512, 256.")
    return [int(part) for part in parts]
