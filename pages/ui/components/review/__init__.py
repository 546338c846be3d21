"""One image after the other, judged by keys or buttons: the component, and what passes through it.

The browser moves on at once and sends each verdict until it is told that it is kept, so that
neither a slow server nor one that is restarted in the middle loses any.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.ui.components.component import component
from pages.ui.components.verdicts import Refused, Said, Stamp, read_pending
from pages.ui.figures import mosaic, theme
from pages.ui.figures.mosaic import Pixels


@dataclass(frozen=True)
class Report:
    """The browser's last message.

    place: where in the queue it stands.  pending: what it does not know to be kept.
    known: the images whose pictures it has.
    """

    place: int
    pending: tuple[Said, ...]
    known: frozenset[str]


def read_report(report: Any) -> Report | None:
    """The report in a message from the browser, which might be anything."""
    place = report.get("place") if isinstance(report, dict) else None
    if not isinstance(place, int | float) or not math.isfinite(place):
        return None
    known = report.get("known")
    return Report(
        int(place),
        read_pending(report.get("pending")),
        frozenset(map(str, known)) if isinstance(known, list) else frozenset(),
    )


AHEAD, BEHIND = 5, 1  # images that are sent before they are asked for


@dataclass(frozen=True)
class Small:
    """A little picture, as a data address, and the words under it."""

    src: str
    text: str


@dataclass(frozen=True)
class Strip:
    """A row of little pictures."""

    title: str
    pictures: tuple[Small, ...]


@dataclass(frozen=True)
class Other:
    """Another reviewer's verdict on the image."""

    reviewer: str
    verdict: str
    note: str


@dataclass(frozen=True)
class Known:
    """The facts about an image in the queue besides its pictures."""

    id: str
    place: int
    verdict: str
    note: str
    others: tuple[Other, ...]


@dataclass(frozen=True)
class Pictures:
    """The pictures shown for an image, as data URLs.

    original: as the network saw it.  outline: of its marked defect, transparent elsewhere; "" if
    there is none.  full: address of the picture that it was made of, at its own size; "" if there
    is none, and why_none is a sentence that says why, or "" where there never was another one.
    """

    title: str
    facts: tuple[str, ...]
    original: str
    rebuilt: str
    error: str
    near: tuple[Strip, ...]
    outline: str = ""
    full: str = ""
    why_none: str = ""


class Step(NamedTuple):
    """A verdict that can be undone: on which image, where in the queue, and what it was before."""

    image: str
    place: int
    verdict: str
    note: str


@dataclass(frozen=True)
class Desk:
    """All that the component shows.

    queue: a name that changes when the queue does.  place: where to begin.  decided: how many of
    total are.  kept: the operations that are stored.  problem: why others are not yet, or "".
    refused: those that never will be.
    stamp: of the verdicts from now on.
    items: some images around the place, with pictures unless the browser has them.
    scale: what error is drawn brightest.
    """

    queue: str
    stamp: Stamp
    total: int
    place: int
    start: str
    decided: int
    items: tuple[tuple[Known, Pictures | None], ...]
    trail: tuple[Step, ...]
    kept: tuple[str, ...]
    problem: str
    refused: tuple[Refused, ...]
    scale: float


def show(desk: Desk, key: str, on_report: Callable[[], None]) -> None:
    """The desk; on_report is called when the browser has something to say, see reported()."""
    items = [asdict(known) | (asdict(seen) if seen else {}) for known, seen in desk.items]
    data = {
        "queue": desk.queue,
        "stamp": desk.stamp._asdict(),
        "total": desk.total,
        "place": desk.place,
        "start": desk.start,
        "decided": desk.decided,
        "items": items,
        "trail": [step._asdict() for step in desk.trail],
        "kept": list(desk.kept),
        "problem": desk.problem,
        "refused": [one._asdict() for one in desk.refused],
        "scale": {
            "most": desk.scale,
            "bar": BAR,
            "label": "Error of a pixel, one scale for all images of the set:",
        },
    }
    _component(key=key, data=data, on_report_change=on_report)


def reported(key: str) -> Report | None:
    """The browser's last message; None if there is none yet, or none that is valid."""
    state: Any = st.session_state.get(key)
    return read_report(state.get("report") if state else None)


def address(picture: Pixels) -> str:
    """(H, W, 3), or with opacity (H, W, 4), as a picture that a page can hold itself."""
    return mosaic.data_url(mosaic.png(picture))


def window(place: int, total: int) -> Sequence[int]:
    """Which places of the queue to send when the browser stands at one of them."""
    return range(max(0, place - BEHIND), min(total, place + AHEAD + 1))


BAR = address(np.repeat(theme.ERROR_COLOURS[None], 2, axis=0))
_component = component("review")
