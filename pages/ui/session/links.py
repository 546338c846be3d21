"""Parts of a link without a widget: the selection, and warnings about names that do not exist."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import assert_never

import streamlit as st

from core.data import catalogue
from pages.ui import cache
from pages.ui.figures.text import plain
from pages.ui.session import selection, state
from pages.ui.session.state import Refused, Why

MOST = 40  # most selected images in a link
KEY = "selected"
PARTS = ("test", "train")
TOO_LARGE = "Too many for a link, which holds up to {most} images: download the selection instead."


def follow_selection(dataset: str, split: str) -> None:
    """Select the images in the link, and write the selection to the link, up to MOST images.

    Ids of images of the chosen data set are shortened by its name, which the link has already.
    """
    texts, here = state.linked(KEY), f"{dataset}/"
    if texts is not None:
        found = {text: _found(text, dataset, split) for text in texts[:MOST]}
        selection.select(name for name in found.values() if name)
        lost = [text for text, name in found.items() if not name]
        state.note_refusal(selection.KEY, "image", lost, selection.ids())
    ids = selection.ids()
    short = [name.removeprefix(here) for name in ids] if len(ids) <= MOST else []
    state.publish_list(KEY, short)


def said_of_size() -> str:
    """A sentence if the selection is too large for a link, else ""."""
    return TOO_LARGE.format(most=MOST) if len(selection.ids()) > MOST else ""


@contextmanager
def warned() -> Iterator[None]:
    """Context around a page that warns above it of names that do not exist or no longer exist."""
    place = st.container()
    try:
        yield
    finally:
        if notes := list(notes_of(state.noted_refusals())):
            place.warning("  \n".join(map(plain, notes)), icon=":material/link_off:")


def notes_of(refused: Iterable[Refused]) -> Iterator[str]:
    """A sentence for each kind of thing that does not exist, and reason."""
    names: dict[tuple[str, Why], list[Refused]] = {}
    for one in refused:
        names.setdefault((one.what, one.why), []).append(one)
    for (what, why), some in names.items():
        quoted = list(dict.fromkeys(f"“{one.name}”" for one in some))
        more = f" and {len(quoted) - 3:,} more" if len(quoted) > 3 else ""
        yield _note(what, why, ", ".join(quoted[:3]) + more, some[0].taken)


def _note(what: str, why: Why, names: str, taken: object) -> str:
    match why:
        case "link":
            return (
                f"This link names the {what} {names}, which is not here or does not fit these data."
            )
        case "renamed":
            return f"The {what} {names} was renamed to “{taken}”."
        case "gone":
            then = (
                f"“{taken}” is shown instead"
                if isinstance(taken, str) and taken
                else "it is ignored"
            )
            return f"The {what} {names} was deleted or renamed: {then}."
        case _:
            assert_never(why)


def _found(text: str, dataset: str, split: str) -> str:
    """The full id of an image in a link, or "" if there is no such image.

    Of planted images and images of other data sets only the beginning of the id is checked.
    """
    full, base = f"{dataset}/{text}", text.rpartition("+")[0] or text
    parts = (split, *(part for part in PARTS if part != split))
    for part in parts:
        images = cache.dataset(dataset, part)
        for candidate, known in ((full, f"{dataset}/{base}"), (text, base)):
            if known in images:
                return candidate
    others = (info.id for info in catalogue.catalogue() if info.available and info.id != dataset)
    return text if any(text.startswith(f"{other}/") for other in others) else ""
