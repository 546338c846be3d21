"""Which of many classes have a colour of their own, where no eye could tell all of them apart."""

import streamlit as st

from pages.ui.figures import theme
from pages.ui.figures.colouring import Groups, frequent
from pages.ui.session import widgets

KEY = "highlight"


def chosen(groups: Groups) -> tuple[int, ...] | None:
    """A searchable list to choose them from; None where all are told apart and there is none."""
    default = frequent(groups.names, groups.of)
    n, n_told = len(set(groups.of.tolist())), theme.N_TOLD
    if n <= n_told:
        return None
    with st.popover(
        "Highlight",
        icon=":material/palette:",
        help=f"{n:,} are here, and about {n_told} can be told apart: choose which have a colour",
    ):
        names = widgets.several(
            st.multiselect,
            f"In colour ({groups.title})",
            list(groups.names),
            KEY,
            [groups.names[i] for i in default],
            "class",
            max_selections=n_told,
            placeholder="Search a name",
            help=f"Up to {n_told}; to begin with the {len(default)} most frequent ones",
        )
        st.caption(f"The other {n - len(names):,} are grey; the pointer tells their names.")
    at = {name: i for i, name in enumerate(groups.names)}
    return tuple(sorted(at[name] for name in names))
