"""The dialog before something is deleted, with what depends on it."""

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
    """Open a dialog that asks whether to delete something.

    title: the question.  facts: sentences, a line each.  act: deletes; None if that is impossible
    now.
    """

    def body() -> None:
        for fact in facts:
            st.markdown(plain(fact))
        with st.container(horizontal=True):
            deleted = st.button(
                DELETE, type="primary", icon=":material/delete:", disabled=act is None,
                on_click=_carried_out, args=(act,), key="delete_for_good",
                help="This cannot be undone",
            )  # fmt: skip
            kept = st.button(KEEP, key="delete_keep", help="Close without deleting")
        if deleted or kept:
            st.rerun()

    st.dialog(title)(body)()


def facts_of(found: Dependents, what: What, name: str) -> list[str]:
    """Sentences about what depends on a data set or a model."""
    facts = []
    if found.models:
        facts.append(
            f"{counted(len(found.models), 'model was', 'models were')} trained on it: "
            f"{listed(found.models)}. Models stay, but cannot be tested on these images again."
        )
    if found.left:
        facts.append(
            f"{counted(len(found.left), 'run')} could still be resumed: {listed(found.left)}. "
            + (
                "Without the images that is impossible."
                if what == "data set"
                else "Their folders stay."
            )
        )
    if found.decisions:
        through = "about its images" if what == "data set" else "made through it"
        are = "is" if found.decisions == 1 else "are"
        facts.append(f"{counted(found.decisions, 'review decision')} {are} {through}, and kept.")
    return facts + looked_at(what, (name,))


def looked_at(what: What, names: Sequence[str]) -> list[str]:
    """A sentence if other sessions show some of these, else nothing."""
    n = sum(presence.others(what, name) for name in names)
    if not n:
        return []
    tabs = f"{counted(n, 'other tab')} {'shows' if n == 1 else 'show'}"
    return [f"{tabs} it now, and will report that it was deleted and show something else."]


def reviews() -> Reviews | None:
    """The review decisions; None if they cannot be read, which does not prevent deleting."""
    with contextlib.suppress(ReviewError):
        return cache.reviews()
    return None


def _carried_out(act: Callable[[], None]) -> None:
    with errors.toasted():
        act()
