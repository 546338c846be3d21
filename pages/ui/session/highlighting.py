"""The choice of classes that have a colour of their own, if there are too many to distinguish."""

import streamlit as st

from pages.ui.figures import theme
from pages.ui.figures.colouring import Groups, frequent
from pages.ui.session import widgets

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
    at = {name: i for i, name in enumerate(groups.names)}
    return tuple(sorted(at[name] for name in names))
