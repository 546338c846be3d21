"""A slider over precomputed frames, drawn in the browser so that the pictures follow the finger.

One component for everything that moves: the noise slider, a latent traversal, an interpolation, the
epochs of a training run. Describe what moves as a `Sweep`, pack it (packing.pack; cache the
result), `show` it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.ui.chart import Chart
from pages.ui.theme import Role

Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating]
ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Still:
    """One picture a cell, whatever the value.  x: (n, C, H, W) in [0, 1]."""

    x: Array


@dataclass(frozen=True)
class Affine:
    """base + value * slope, clipped on the screen only.  Both (n, C, H, W) within [-8, 8]."""

    base: Array
    slope: Array


@dataclass(frozen=True)
class Switched:
    """`before`, and where the value is above the threshold `after`.

    before, after: (n, C, H, W) in [0, 1].  threshold: (n, 1, H, W).
    """

    before: Array
    after: Array
    threshold: Array


@dataclass(frozen=True)
class Frames:
    """Any pictures.  x: (S, n, C, H, W), one for each value; sent in 256 steps of their range."""

    x: Array


@dataclass(frozen=True)
class Difference:
    """Row number `of` minus row number `against`, pixel by pixel, on the sweep's error scale.

    Drawn is the root mean square over the channels.
    """

    of: int
    against: int


Pictures = Still | Affine | Switched | Frames | Difference


@dataclass(frozen=True)
class Stat:
    """A number for a whole row that changes with the value.

    values: (S,); nan is shown as a dash, and what is below `least` as "under" it.
    """

    label: str
    values: Numbers
    digits: int
    unit: str = ""
    help: str = ""
    least: float | None = None


@dataclass(frozen=True)
class Row:
    """One picture a cell, with a heading, and what is written under the pictures.

    numbers: (S, n), one under each picture.  captions: write the cells' texts under the pictures.
    """

    label: str
    role: Role
    pictures: Pictures
    detail: str = ""
    note: str = ""
    stats: tuple[Stat, ...] = ()
    numbers: Numbers | None = None
    digits: int = 4
    captions: bool = False


class Cell(NamedTuple):
    """A column of pictures: the id that a click reports, and what it is called."""

    id: str
    text: str


class Mark(NamedTuple):
    """A labelled place on the slider."""

    value: float
    label: str


@dataclass(frozen=True)
class Sweep:
    """What the slider is called, where it can stand, and the rows of pictures that follow it.

    values: (S,), rising, at most 255.  prefix and digits: how a value is written.
    error_scale: what is drawn brightest in all rows of Difference; at most 1, so that what Frames
    leaves out of its range is beyond it.
    """

    label: str
    values: Numbers
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    prefix: str = ""
    digits: int = 2
    help: str = ""
    error_scale: float | None = None
    error_label: str = ""


@dataclass(frozen=True)
class Packed:
    """A sweep as it is sent: immutable, so that it can be cached and shared."""

    header: dict[str, Any]
    body: bytes

    def message(self, start: float, chart: Chart | None = None, moves: bool = False) -> bytes:
        """Length of the header, the header as JSON with where the slider starts, what is drawn
        above it and whether it moves by itself, the body.
        """
        drawn = chart and chart.document()
        asked = {"start": start, "chart": drawn, "moves": moves}
        header = json.dumps(self.header | asked).encode()
        return len(header).to_bytes(4, "little") + header + self.body


@dataclass(frozen=True)
class Event:
    """value: where the slider was let go.  clicked: the id of the image just clicked, or None."""

    value: float
    clicked: str | None


def show(
    packed: Packed, key: str, start: float, chart: Chart | None = None, *, moves: bool = False
) -> Event:
    """The slider and its pictures, and curves above it if given: dragging there moves it too.

    moves: it goes to both ends and back by itself, once, until anything is touched; never where
    less motion is asked for.

    start: where the slider stands when it first appears. Keep it the same from rerun to rerun
    (state.on_entry): the browser keeps the slider where it is, and a message that is the same as
    before is not sent again.
    """
    state = _component(
        key=key,
        data=packed.message(start, chart, moves),
        default={"value": start},
        on_value_change=_nothing,
        on_clicked_change=_nothing,
    )
    return Event(float(state.value), state.clicked)


def _nothing() -> None:
    """Streamlit reports only what has a callback; the rerun itself is enough."""


_component = st.components.v2.component(
    "hourglass_sweep",
    html=(ASSETS / "sweep.html").read_text("utf-8"),
    css="\n".join((ASSETS / f"{name}.css").read_text("utf-8") for name in ("sweep", "chart")),
    js="\n".join((ASSETS / f"{name}.js").read_text("utf-8") for name in ("sweep", "chart")),
)
