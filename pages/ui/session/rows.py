"""Tables whose ticked rows belong to the link: each row is known by a name, wherever it stands."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.session import state


def ticked(
    table: pd.DataFrame, names: Sequence[str], key: str, what: str, **asked: Any
) -> list[int]:
    """A table in which rows can be ticked, none at first; the positions of those that are, rising.

    names: of the rows, all different: a tick stays with its row when others come or go.  key: of
    the ticks, in the link.  what: what the rows are, for the warning when a link names one that is
    not here.  asked: of st.dataframe, besides.
    """
    state.recall_several(key, [], names, what)
    rows = sorted(names.index(name) for name in st.session_state[key])
    _draw(table, names, key, rows, selection_mode="multi-row", **asked)
    state.publish(key, [])
    return rows


def picked(table: pd.DataFrame, names: Sequence[str], key: str, what: str, **asked: Any) -> int:
    """The same for a table of which one row is always chosen, the first to begin with."""
    state.recall(key, names[0], names, what)
    row = names.index(st.session_state[key])
    _draw(table, names, key, [row], selection_mode="single-row-required", **asked)
    state.publish(key, names[0])
    return row


def _draw(
    table: pd.DataFrame, names: Sequence[str], key: str, rows: list[int], **asked: Any
) -> None:
    """The table with these rows ticked, which it is only told where it has others."""
    of_table = f"{key} table"
    shown = st.session_state.get(of_table, {"selection": {"rows": []}})
    if sorted(shown["selection"]["rows"]) != rows:
        st.session_state[of_table] = {"selection": {"rows": rows}}
    note = partial(_note, key, names, one=asked["selection_mode"] != "multi-row")
    st.dataframe(table, hide_index=True, key=of_table, on_select=note, **asked)


def _note(key: str, names: Sequence[str], one: bool) -> None:
    """Called when the visitor has ticked a row, before the page runs again.  names: as drawn."""
    rows = st.session_state[f"{key} table"]["selection"]["rows"]
    found = [names[i] for i in rows if i < len(names)]
    st.session_state[key] = found[0] if one and found else found
