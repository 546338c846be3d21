"""Which architecture a new training has: widgets made from the registry, whatever is in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.config import OptionError
from core.models import ARCHITECTURES, BY_NAME, ArchSpec
from core.models.options import Option
from pages.ui.text import plain

KEPT: Mapping[str, Any] = {"persist_state": "session"}  # what was entered survives a change of page


def take(spec: ArchSpec, options: Mapping[str, Any]) -> None:
    """Fill the widgets; options that are not named take their defaults."""
    st.session_state["train_arch"] = spec.name
    for option in spec.options:
        st.session_state[_key(spec, option)] = _shown(option, options.get(option.name))


def _shown(option: Option, value: Any) -> Any:
    """A value, or the default, as its widget has it."""
    value = option.default if value is None else value
    return ", ".join(map(str, value)) if option.kind == "widths" else value


def _key(spec: ArchSpec, option: Option) -> str:
    return f"train_{spec.name}_{option.name}"


def choose() -> tuple[ArchSpec, dict[str, Any]]:
    """The widgets: which architecture, and what its options are."""
    name = st.selectbox(
        "Architecture",
        [spec.name for spec in ARCHITECTURES],
        key="train_arch",
        format_func=lambda name: BY_NAME[name].title,
        help="What the network is made of",
        **KEPT,
    )
    spec = BY_NAME[name]
    st.caption(plain(spec.explanation))
    return spec, {option.name: _option(spec, option) for option in spec.options}


def _option(spec: ArchSpec, option: Option) -> Any:
    """A widget for an option of the registry, whatever its kind."""
    key, label = _key(spec, option), _label(option)
    about = f"{option.explanation[0].upper()}{option.explanation[1:]}; {option.bounds()}"
    st.session_state.setdefault(key, _shown(option, None))
    match option.kind:
        case "bool":
            return st.toggle(label, key=key, help=about, **KEPT)
        case "choice":
            return st.selectbox(label, option.choices, key=key, help=about, **KEPT)
        case "widths":
            return _widths(st.text_input(label, key=key, help=about, **KEPT))
        case "int":
            low, high = int(option.low), int(option.high)
            return st.number_input(label, low, high, step=1, key=key, help=about, **KEPT)
        case "float":
            return st.number_input(
                label, option.low, option.high, format="%g", key=key, help=about, **KEPT
            )


def _label(option: Option) -> str:
    if option.name == "latent_dim":
        return "D', numbers in the code"
    return option.name.replace("_", " ").capitalize()


def _widths(text: str) -> list[int]:
    parts: Sequence[str] = text.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise OptionError("Widths are whole numbers with commas between them: 512, 256.")
    return [int(part) for part in parts]
