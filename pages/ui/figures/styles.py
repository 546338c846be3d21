"""Which style each model has: the same on all pages, in dialogs and in reports.

A model keeps what it was first given as long as the visitor stays, whatever else comes and goes.
"""

from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from core.robustness.sizes import FAMILIES
from pages.ui.figures import theme
from pages.ui.figures.theme import Style

KEY = "model_styles"


def of_models(names: Sequence[str]) -> dict[str, Style]:
    """The style of each of these models, which are shown together, by name."""
    numbers = with_new(st.session_state.get(KEY, {}), names)
    st.session_state[KEY] = numbers
    return {name: theme.style(numbers[name]) for name in names}


def with_new(known: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """The numbers of styles that models have, those of new ones among them.

    A new one takes the first number that nobody has, of a colour that none of `names` has, if there
    is one; where all are taken, one of a model that is not among `names`.
    """
    found = dict(known)
    for name in names:
        if name not in found:
            found[name] = _free(found, names)
    return found


def of_families(names: Iterable[str]) -> dict[str, Style]:
    """The style of each family of models that are compared by size; always the same."""
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
