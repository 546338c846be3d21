"""Before something is deleted: a dialog that says what depends on it."""

import contextlib
from collections.abc import Callable, Sequence

import streamlit as st

from core.config import ReviewError
from core.reviews import Reviews
from core.runs.removal import Dependents
from core.text import counted, listed
from pages.ui import cache
from pages.ui.figures.text import plain
from pages.ui.frame import errors
from pages.ui.session import presence
from pages.ui.session.presence import What

DELETE, KEEP = "Delete for good", "Keep"


def ask(title: str, facts: Sequence[str], act: Callable[[], None] | None) -> None:
    """Ask whether to delete something; act() does it.

    title: the question.  facts: sentences, each a line.  act: None if it cannot be deleted now.
    """

    def body() -> None:
        for fact in facts:
            st.markdown(plain(fact))
        with st.container(horizontal=True):
            deleted = st.button(
                DELETE, type="primary", icon=":material/delete:", disabled=act is None,
                on_click=_carried_out, args=(act,), key="delete_for_good",
                help="It cannot be brought back",
            )  # fmt: skip
            kept = st.button(KEEP, key="delete_keep", help="Changes nothing")
        if deleted or kept:
            st.rerun()

    st.dialog(title)(body)()


def facts_of(found: Dependents, what: What, name: str) -> list[str]:
    """What depends on a data set or a model, a sentence each."""
    facts = []
    if found.models:
        facts.append(
            f"{counted(len(found.models), 'model was', 'models were')} trained on it: "
            f"{listed(found.models)}. Models stay, but cannot be judged on these images again."
        )
    if found.left:
        facts.append(
            f"{counted(len(found.left), 'run')} could still go on: {listed(found.left)}. "
            + ("Without the images none can." if what == "data set" else "Their folders stay.")
        )
    if found.decisions:
        through = "about its images" if what == "data set" else "made through it"
        are = "is" if found.decisions == 1 else "are"
        facts.append(f"{counted(found.decisions, 'review decision')} {are} {through}, and kept.")
    return facts + looked_at(what, (name,))


def looked_at(what: What, names: Sequence[str]) -> list[str]:
    """A sentence if others are looking at some of these."""
    n = sum(presence.others(what, name) for name in names)
    if not n:
        return []
    tabs = f"{counted(n, 'other tab')} {'shows' if n == 1 else 'show'}"
    return [f"{tabs} it now, and will say that it was deleted and show something else."]


def reviews() -> Reviews | None:
    """Where decisions are; None if they cannot be read, which keeps nothing from being deleted."""
    with contextlib.suppress(ReviewError):
        return cache.reviews()
    return None


def _carried_out(act: Callable[[], None]) -> None:
    with errors.toasted():
        act()
