"""Tables whose ticked rows are part of the link, by name instead of position."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui.session import state


def ticked(
    table: pd.DataFrame, names: Sequence[str], key: str, what: str, **asked: Any
) -> list[int]:
    """Draw a table with rows to tick; return the positions of the ticked rows, ascending.

    names: of the rows, unique: ticks stay with their rows when others are added or removed.  key:
    of the ticks, in the link.  what: what the rows are, for a warning about a name in the link that
    does not exist.  asked: further arguments of st.dataframe.
    """
    state.recall_several(key, [], names, what)
    rows = sorted(names.index(name) for name in st.session_state[key])
    _draw(table, names, key, rows, selection_mode="multi-row", **asked)
    state.publish(key, [])
    return rows


def picked(table: pd.DataFrame, names: Sequence[str], key: str, what: str, **asked: Any) -> int:
    """Draw a table in which exactly one row is chosen, at first the first; return its position.

    Arguments as for ticked().
    """
    state.recall(key, names[0], names, what)
    row = names.index(st.session_state[key])
    _draw(table, names, key, [row], selection_mode="single-row-required", **asked)
    state.publish(key, names[0])
    return row


def _draw(
    table: pd.DataFrame, names: Sequence[str], key: str, rows: list[int], **asked: Any
) -> None:
    """Draw the table with these rows ticked; its state is only set if other rows are ticked."""
    of_table = f"{key} table"
    shown = st.session_state.get(of_table, {"selection": {"rows": []}})
    if sorted(shown["selection"]["rows"]) != rows:
        st.session_state[of_table] = {"selection": {"rows": rows}}
    note = partial(_note, key, names, one=asked["selection_mode"] != "multi-row")
    st.dataframe(table, hide_index=True, key=of_table, on_select=note, **asked)


def _note(key: str, names: Sequence[str], one: bool) -> None:
    """Callback after a row was ticked, before the page runs again.  names: of the drawn rows."""
    rows = st.session_state[f"{key} table"]["selection"]["rows"]
    found = [names[i] for i in rows if i < len(names)]
    st.session_state[key] = found[0] if one and found else found
