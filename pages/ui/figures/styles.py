"""The style of each model, the same on all pages, in dialogs and in reports.

A model keeps its first style for the whole session, whichever other models are shown.
"""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from core.robustness.sizes import FAMILIES
from pages.ui.figures import theme
from pages.ui.figures.theme import Style

KEY = "model_styles"


def of_models(names: Sequence[str]) -> dict[str, Style]:
    """Styles by name of models that are shown together."""
    numbers = with_new(st.session_state.get(KEY, {}), names)
    st.session_state[KEY] = numbers
    return {name: theme.style(numbers[name]) for name in names}


def with_new(known: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """Numbers of styles by model name, with those of new models.

    A new model takes the first free number, if possible with a colour that no model of `names` has;
    if none is free, that of a model that is not among `names`.
    """
    found = dict(known)
    for name in names:
        if name not in found:
            found[name] = _free(found, names)
    return found


def of_families(names: Iterable[str]) -> dict[str, Style]:
    """Styles by name of the families of models that are compared by size; always the same."""
    known = {name: i for i, name in enumerate(FAMILIES)}
    for name in names:
        known.setdefault(name, len(known))
    return {name: theme.style(i) for name, i in known.items()}


def _free(known: Mapping[str, int], names: Sequence[str]) -> int:
    here = {known[name] for name in names if name in known}
    colours, n = {theme.style(i).colour for i in here}, len(theme.PALETTE)
    numbers = set(range(max(theme.N_LINES, len(here) + 1)))
    unused = sorted(numbers.difference(known.values()) or numbers - here)
    return next((i for i in unused if theme.PALETTE[i % n] not in colours), unused[0])
