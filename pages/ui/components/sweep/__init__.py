"""A slider over precomputed frames, drawn in the browser so that pictures follow it without delay.

It is used for the noise slider, latent traversals, interpolations and the epochs of a training run.
Describe the frames as a `Sweep`, pack it (packing.pack; cache the result), and `show` it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.robustness.sweeps import Quantised
from pages.ui.components.component import Packed, component, heard
from pages.ui.components.sweep.chart import Chart
from pages.ui.figures.theme import Role

Array = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Still:
    """Pictures that do not change with the value.  x: (n, C, H, W) in [0, 1]."""

    x: Array


@dataclass(frozen=True)
class Affine:
    """Pictures base + value * slope, clipped for the screen.  Both (n, C, H, W) in [-8, 8]."""

    base: Array
    slope: Array


@dataclass(frozen=True)
class Switched:
    """Pictures with pixels of `after` where the value exceeds the threshold, else of `before`.

    before, after: (n, C, H, W) in [0, 1].  threshold: (n, 1, H, W).
    """

    before: Array
    after: Array
    threshold: Array


@dataclass(frozen=True)
class Frames:
    """Pictures for each value.  x: (S, n, C, H, W); sent in 256 steps of their range."""

    x: Array


@dataclass(frozen=True)
class Difference:
    """Error maps: row number `of` minus row number `against`, on the sweep's error scale.

    The error of a pixel is the root mean square over the channels.
    """

    of: int
    against: int


Pictures = Still | Affine | Switched | Frames | Quantised | Difference


@dataclass(frozen=True)
class Stat:
    """A number for a whole row that changes with the value.

    values: (S,); NaN is shown as a dash, and values below `least` as "under" and that number.
    """

    label: str
    values: Numbers
    digits: int
    unit: str = ""
    help: str = ""
    least: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of n pictures with a heading.

    detail: text under the heading.  details: (S,) that text at each value, if it changes.  numbers:
    (S, n), one under each picture.  captions: whether the cells' texts stand under the pictures.
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
    """A bar chart beside the pictures whose k numbers change with the value.

    values: (S, k).  moved: index of the number that the slider changes, which is highlighted.
    """

    title: str
    values: Numbers
    moved: int = 0


class Cell(NamedTuple):
    """A column of pictures: the id that a click reports, and its caption."""

    id: str
    text: str


class Mark(NamedTuple):
    """A labelled position on the slider."""

    value: float
    label: str


@dataclass(frozen=True)
class Sweep:
    """A slider, and the rows of pictures that follow it.

    values: (S,), ascending, at most 255.  prefix, digits: format of a value.  error_scale: the
    error that is drawn brightest in all rows of Difference, at most 1, so that values outside the
    range of Frames exceed it too.  bars: charts beside the pictures.
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
    """The visitor's actions in the component.

    value: of the slider, one of the sweep's values, at which the pictures are drawn.  asked: the
    requested value, from a link or another page, which may be no value of this sweep; equal to
    value after the slider was moved.  clicked: id of the image clicked in this run, or None.
    """

    value: float
    asked: float
    clicked: str | None


def show(
    packed: Packed, key: str, start: float, chart: Chart | None = None, *, moves: bool = False
) -> Event:
    """Draw the slider with its pictures, and a chart above it, which can be dragged too.

    start: initial value; the nearest possible value is shown, with a note if it differs. It must be
    the same at each rerun (state.on_appearance): the browser keeps the position of the slider, and
    an unchanged message is not sent again.  moves: the slider moves once to both ends and back by
    itself, until the visitor touches anything; never if the browser asks for reduced motion.
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
    """The value nearest to a requested one; shared/numbers.js makes the same choice."""
    return float(min(values, key=lambda value: abs(value - asked)))


def message(packed: Packed, start: float, chart: Chart | None = None, moves: bool = False) -> bytes:
    """The message that show() sends to the browser."""
    return packed.message(start=start, chart=chart and chart.document(), moves=moves)


_component = component("sweep")
