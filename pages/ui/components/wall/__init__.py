"""Many images as they are offered, marked by keys, and each under a lens at its own size.

A verdict is shown at once, and sent until it is told that it is kept; see shared/verdicts.js.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from pages.ui.components.component import component, heard
from pages.ui.components.verdicts import Refused, Said, Stamp, read_pending


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One image of a wall.

    src: address of the picture as it was prepared.  full: address of its original, see
    pages.ui.originals; "" if there is none.  where: address of a picture that is laid over it where
    it is strange; "" if there is none.  lines: of its caption.  facts: further ones, under the
    lens.  verdict: of the reviewer; "" if none.  alike: ids of the images that are like it.
    """

    id: str
    src: str
    full: str
    where: str
    lines: tuple[str, ...]
    facts: tuple[str, ...]
    verdict: str
    alike: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wall:
    """All that the component shows.

    page: a name of these images.  side: pixels of a picture.  verdicts: of all images of the
    set that have one, by id.  kept, problem, refused: see pages.ui.components.review.Desk.
    """

    page: str
    pictures: tuple[Picture, ...]
    side: int
    stamp: Stamp
    verdicts: dict[str, str]
    selected: tuple[str, ...]
    kept: tuple[str, ...]
    problem: str
    refused: tuple[Refused, ...]


def show(wall: Wall, key: str, on_report: Callable[[], None]) -> str | None:
    """Draw the wall; return the id of the image selected in this run of the page, or None.

    on_report: called when the browser wants verdicts kept, see reported().
    """
    data = asdict(wall) | {
        "stamp": wall.stamp._asdict(),
        "refused": [one._asdict() for one in wall.refused],
        "pictures": [asdict(one) for one in wall.pictures],
    }
    state = _component(key=key, data=data, on_report_change=on_report, on_chosen_change=heard)
    chosen: str | None = state.chosen
    return chosen


def reported(key: str) -> tuple[Said, ...]:
    """What the browser wants kept."""
    state: Any = st.session_state.get(key)
    report = state.get("report") if state else None
    return read_pending(report.get("pending")) if isinstance(report, dict) else ()


_component = component("wall")
