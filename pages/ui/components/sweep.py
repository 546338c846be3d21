"""A slider over precomputed frames, drawn in the browser so that the pictures follow the finger.

One component for everything that moves: the noise slider, a latent traversal, an interpolation, the
epochs of a training run. Describe what moves as a `Sweep`, pack it (packing.pack; cache the
result), `show` it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.robustness.sweeps import Quantised
from pages.ui.components.component import SWEEP, Packed, component, heard
from pages.ui.components.sweep_chart import Chart
from pages.ui.figures.theme import Role

Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating]


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


Pictures = Still | Affine | Switched | Frames | Quantised | Difference


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

    details: (S,) what the detail is at each value, where it changes.  numbers: (S, n), one under
    each picture.  captions: write the cells' texts under the pictures.
    """

    label: str
    role: Role
    pictures: Pictures
    detail: str = ""
    details: tuple[str, ...] = ()
    note: str = ""
    stats: tuple[Stat, ...] = ()
    numbers: Numbers | None = None
    digits: int = 4
    captions: bool = False


@dataclass(frozen=True)
class Bars:
    """A list of numbers that changes with the value, drawn beside the pictures, a bar a number.

    values: (S, k).  moved: the position of the one that the slider moves, which stands out.
    """

    title: str
    values: Numbers
    moved: int = 0


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
    leaves out of its range is beyond it.  bars: stand beside the pictures.
    """

    label: str
    values: Numbers
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...] = ()
    prefix: str = ""
    digits: int = 2
    help: str = ""
    bars: tuple[Bars, ...] = ()
    error_scale: float | None = None
    error_label: str = ""


@dataclass(frozen=True)
class Event:
    """value: where the slider stands, one of the sweep's values: what is drawn is drawn at it.

    asked: what was asked for, by a link or on another page, which other sweeps may have among their
    values; the same as value once the slider was moved.  clicked: the id of the image just clicked,
    or None.
    """

    value: float
    asked: float
    clicked: str | None


def show(
    packed: Packed, key: str, start: float, chart: Chart | None = None, *, moves: bool = False
) -> Event:
    """The slider and its pictures, and curves above it if given: dragging there moves it too.

    start: where the slider stands when it first appears, or as near to it as it can; it says so
    then. Keep it the same from rerun to rerun
    (state.on_entry): the browser keeps the slider where it is, and a message that is the same as
    before is not sent again.
    moves: it goes to both ends and back by itself, once, until anything is touched; never where
    less motion is asked for.
    """
    state = _component(
        key=key,
        data=message(packed, start, chart, moves),
        default={"value": start},
        on_value_change=heard,
        on_clicked_change=heard,
    )
    asked = float(state.value)
    return Event(nearest(packed.header["values"], asked), asked, state.clicked)


def nearest(values: Sequence[float], asked: float) -> float:
    """The value that a slider shows which is asked for another; sweep.js chooses alike."""
    return float(min(values, key=lambda value: abs(value - asked)))


def message(packed: Packed, start: float, chart: Chart | None = None, moves: bool = False) -> bytes:
    """What show() sends."""
    return packed.message(start=start, chart=chart and chart.document(), moves=moves)


_component = component("sweep", SWEEP)
