"""Names that are not here, in a link or any more, noted until something else is chosen."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import streamlit as st

LONGEST = 80  # letters of a name that are shown
Why = Literal["link", "gone", "renamed"]
_NOTED = "refused"


class Refused(NamedTuple):
    """A name that is not here.  what: of what.  taken: the value taken instead.

    why: a link names it; it was here and is gone; or it has another name now, which is taken.
    """

    what: str
    name: str
    taken: Any
    why: Why = "link"


def note_refusal(key: str, what: str, names: Iterable[str], taken: Any, why: Why = "link") -> None:
    """Note what is not here under key and what is taken instead, in place of what was noted."""
    noted = st.session_state.setdefault(_NOTED, {})
    noted[key] = [Refused(what, name[:LONGEST], taken, why) for name in names]


def noted_refusals() -> list[Refused]:
    """All that is noted, as long as what was taken instead is in the session."""
    found: dict[str, list[Refused]] = st.session_state.get(_NOTED, {})
    return [
        one for key, some in found.items() for one in some if st.session_state.get(key) == one.taken
    ]


def forget_refusals() -> None:
    """Another page is shown."""
    st.session_state[_NOTED] = {}
