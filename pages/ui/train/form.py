"""The form of a new training: the presets first, all other settings under "More".

All of it is in the link but the name, which no two models can have.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import streamlit as st

from core import machine, runs
from core.config import OptionError
from core.data import catalogue
from core.data.catalogue import DatasetInfo, is_own_set
from core.models import ARCHITECTURES, BY_NAME, ArchSpec
from core.noise import Noise
from core.runs import RunConfig
from core.settings import THREADS, Option, Setting, TrainSettings, settings_of
from core.training import config as recipes
from core.training.config import PRESETS, Preset, TrainConfig, learning_rate
from pages.ui.figures.text import plain
from pages.ui.session import state, widgets
from pages.ui.session.link_names import architecture_key

PRESET = "train_preset"
NUMBERS = ("int", "float")
OF_THE_COUNT = [
    setting.key for setting in settings_of(TrainSettings) if setting.name in recipes.OF_THE_COUNT
]  # keys of what suits one number of images and not another
BY_PRESET = {preset.name: preset for preset in PRESETS}


def draw(dataset: str) -> RunConfig:
    """The form. dataset: which one is chosen at first.

    Raises a HourglassError that says what to change if the settings do not go together.
    """
    info, preset = _dataset(dataset), _preset()
    begun = {TrainSettings: _suited(preset, info), Noise: preset.noise}
    asked = {declaring: _settings(declaring, first) for declaring, first in begun.items()}
    with st.expander("More: architecture, widths, learning rate, classes, seed"):
        spec, options = choose_architecture(preset.arch, preset.options)
        unset = {"learning_rate": _own_rate(info, spec, options)}
        for declaring, first in begun.items():
            asked[declaring] |= _settings(declaring, first, more=True, unset=unset)
        classes, threads, name = _classes(info), _threads(), _name()
    noise = Noise(**asked[Noise])
    train = TrainConfig(
        info.id,
        spec.name,
        options,
        noise if noise and not spec.closed_form else Noise(),
        exclude_classes=classes,
        **asked[TrainSettings],
    )
    spec.plan(info.input_shape, options)  # refuses what cannot be built
    name = name or runs.default_name(info.id, spec.name)
    return RunConfig(name, time.time(), train, threads=threads)


def _suited(preset: Preset, info: DatasetInfo) -> TrainSettings:
    """A preset's settings; for a person's own images with epochs that suit their number."""
    if not is_own_set(info.id):
        return preset.settings
    is_repair = preset.arch == "repair"
    return recipes.adapted(preset.settings, info.input_shape, info.n_train, is_repair)


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
    for settings in (train, train.noise):
        for setting in settings_of(settings):
            st.session_state[setting.key] = getattr(settings, setting.name)
    st.session_state["train_without"] = list(train.exclude_classes)
    st.session_state[THREADS.key] = config.threads
    st.session_state["train_name"] = ""


def _preset() -> Preset:
    """Draw the presets; return the chosen one, or the first for cloned settings."""
    first = PRESETS[0].name
    state.recall(PRESET, first, [*BY_PRESET, None])  # None: the settings of a run were cloned
    st.radio(
        "Start from",
        list(BY_PRESET),
        key=PRESET,
        format_func=lambda name: BY_PRESET[name].title,
        captions=[plain(preset.explanation) for preset in PRESETS],
        on_change=_begin_anew,
        help="Sets all values below to tested settings; each can be changed",
    )
    state.publish(PRESET, first)
    return BY_PRESET[st.session_state[PRESET] or first]


def _begin_anew() -> None:
    """Callback that resets all settings to the values of the preset just chosen."""
    preset = BY_PRESET[st.session_state[PRESET]]
    keys = [setting.key for setting in (*settings_of(TrainSettings), *settings_of(Noise))]
    state.forget([*keys, *architecture_keys(BY_NAME[preset.arch])])


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
        on_change=state.forget,
        args=(OF_THE_COUNT,),
        help="The model is trained on the train split and tested on the test split",
    )
    return infos[name]


def _title(info: DatasetInfo) -> str:
    return info.title if info.available else f"{info.title}: not on this machine yet"


# The settings that core.settings declares, and what else most people leave as it is.


def _settings(
    declaring: type, begun: Any, more: bool = False, unset: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The widgets of the settings that are shown at once, or of the others; what they say, by name.

    begun: has the values to begin with.  unset: for a setting that may be left empty, what it is
    then.
    """
    words = unset or {}
    return {
        setting.name: _setting(setting, getattr(begun, setting.name), words.get(setting.name, ""))
        for setting in settings_of(declaring)
        if setting.main is not more
    }


def _setting(setting: Setting, default: Any, unset: str) -> Any:
    about = f"{setting.about}; {setting.bounds()}" if setting.kind in NUMBERS else setting.about
    if setting.unset:
        return _perhaps(setting, unset or setting.unset, f"{about}; empty: {setting.unset}")
    return _widget(setting, setting.key, setting.label, default, about)


def _perhaps(setting: Setting, unset: str, about: str) -> float | None:
    """A number that may be left out; a link says it with -1."""
    key, below = setting.key, setting.low - 1
    asked = state.recall_number(key, below, setting.low, setting.high)
    st.session_state[key] = None if asked == below else asked
    st.number_input(
        setting.label, float(setting.low), float(setting.high),
        value=None, key=key, format="%g", placeholder=unset, help=about,
    )  # fmt: skip
    state.publish(key, None)
    chosen: float | None = st.session_state[key]
    return int(chosen) if chosen is not None and setting.kind == "int" else chosen


def _own_rate(info: DatasetInfo, spec: ArchSpec, options: dict[str, Any]) -> str:
    """The learning rate of an architecture, in words."""
    if spec.closed_form:
        return "none"
    return (
        f"{learning_rate(TrainConfig(info.id, spec.name, options), spec):g}, the architecture's own"
    )


def _classes(info: DatasetInfo) -> tuple[str, ...]:
    return tuple(
        widgets.several(
            st.multiselect,
            "Leave out classes",
            info.class_names,
            key="train_without",
            what="class",
            placeholder="None",
            help="It never sees them: to find them as outliers afterwards",
        )
    )


def _threads() -> int:
    return int(_setting(THREADS, machine.threads_per_run(), ""))


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
        st.session_state[architecture_key(spec, option)] = _shown(option, value)


def architecture_keys(spec: ArchSpec) -> list[str]:
    """Session keys of the widgets of an architecture."""
    return [ARCH, *(architecture_key(spec, option) for option in spec.options)]


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
    about = f"{option.explanation[0].upper()}{option.explanation[1:]}; {option.bounds()}"
    return _widget(option, architecture_key(spec, option), _label(option), default, about)


def _widget(option: Option, key: str, label: str, default: Any, about: str) -> Any:
    """A widget of the option's kind, whose value belongs to the link; what it says."""
    low, high = option.low, option.high
    match option.kind:
        case "bool":
            return widgets.switch(label, key, default, help=about)
        case "choice":
            return widgets.choice(
                st.selectbox, label, option.choices, key, default, format_func=_spaced, help=about
            )
        case "widths":
            return _widths(_text(option, label, key, _shown(option, default), about))
        case "int":
            return widgets.whole(
                st.number_input, label, int(low), int(high), key, default, step=1, help=about
            )
        case "float":
            step = option.step if isinstance(option, Setting) else 0
            asked: dict[str, Any] = {"step": step} if step else {"format": "%g"}
            return widgets.number(
                st.slider if step else st.number_input, label, float(low), float(high), key,
                default, help=about, **asked,
            )  # fmt: skip
        case _:
            assert_never(option.kind)


def _spaced(choice: str) -> str:
    """A choice in words: salt_and_pepper -> salt and pepper."""
    return choice.replace("_", " ")


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


def _label(option: Option) -> str:
    if option.name == "latent_dim":
        return "D', numbers in the code"
    return option.name.replace("_", " ").capitalize()


def _widths(text: str) -> list[int]:
    parts: Sequence[str] = text.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise OptionError("Widths are whole numbers with commas between them: 512, 256.")
    return [int(part) for part in parts]
