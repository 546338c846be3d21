"""The choice of classes that have a colour of their own, if there are too many to distinguish."""

from collections.abc import Sequence

import streamlit as st

from pages.ui.figures import theme
from pages.ui.figures.colouring import Groups, frequent
from pages.ui.session import state, widgets

KEY = "highlight"


def chosen(groups: Groups) -> tuple[int, ...] | None:
    """Draw a searchable list of classes; return those chosen, None if all have a colour."""
    default = frequent(groups.names, groups.of)
    n, n_distinct = len(set(groups.of.tolist())), theme.N_DISTINCT
    if n <= n_distinct:
        return None
    with st.popover(
        "Highlight",
        icon=":material/palette:",
        help=f"There are {n:,}, but only about {n_distinct} colours: choose which have one",
    ):
        names = widgets.several(
            st.multiselect,
            f"In colour ({groups.title})",
            list(groups.names),
            KEY,
            [groups.names[i] for i in default],
            "class",
            max_selections=n_distinct,
            placeholder="Search a name",
            help=f"Up to {n_distinct}; at first the {len(default)} most frequent ones",
        )
        st.caption(f"The other {n - len(names):,} are grey; their names appear under the pointer.")
    return _positions(groups, names)


def kept(groups: Groups) -> tuple[int, ...] | None:
    """Which were chosen, where the list is not drawn now; None for the most frequent."""
    names = state.asked(KEY, None)
    some = [name for name in names if name in groups.names] if isinstance(names, list) else []
    return _positions(groups, some) if some else None


def _positions(groups: Groups, names: Sequence[str]) -> tuple[int, ...]:
    at = {name: i for i, name in enumerate(groups.names)}
    return tuple(sorted(at[name] for name in names))
