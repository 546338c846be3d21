"""Which architecture a new training has: widgets made from the registry, whatever is in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.config import OptionError
from core.models import ARCHITECTURES, BY_NAME, ArchSpec
from core.models.options import Option
from pages.ui.figures.text import plain
from pages.ui.session import state, widgets

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
