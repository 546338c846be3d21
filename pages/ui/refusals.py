"""Names in a link that are not here, noted until something else is chosen."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import streamlit as st

LONGEST = 80  # letters of a name that are shown
_NOTED = "refused"


class Refused(NamedTuple):
    """A name in the link that is not here.  what: of what.  taken: the value taken instead."""

    what: str
    name: str
    taken: Any


def note(key: str, what: str, names: Iterable[str], taken: Any) -> None:
    """Note what the link says under key and what is taken instead, in place of what was noted."""
    noted = st.session_state.setdefault(_NOTED, {})
    noted[key] = [Refused(what, name[:LONGEST], taken) for name in names]


def noted() -> list[Refused]:
    """All that is noted, as long as what was taken instead is in the session."""
    found: dict[str, list[Refused]] = st.session_state.get(_NOTED, {})
    return [
        one for key, some in found.items() for one in some if st.session_state.get(key) == one.taken
    ]


def forget() -> None:
    """Another page is shown."""
    st.session_state[_NOTED] = {}
