"""Charts as data: series of values on one pair of axes, described once.

svg.py draws a description for reports, pages/ui/figures/plotting.py for pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating[Any]]
Dash = Literal["solid", "dash", "dot", "dashdot"]
Shape = Literal["circle", "x", "tick"]
Kind = Literal["line", "dots", "bars", "edge"]
DASHES: tuple[Dash, ...] = ("solid", "dash", "dot", "dashdot")

# Ten colours found by a search: each has a contrast of 3 : 1 against both grounds; any two differ
# by 0.11 in OKLab, and by 0.07 in simulated protanopia and deuteranopia (Machado et al. 2009). None
# is grey or red, which have a role.
PALETTE = (
    "#196a9d", "#b9651e", "#1da76d", "#a03f76", "#7585ff",
    "#b09216", "#d765b1", "#785d3d", "#239cd0", "#6d59d0",
)  # fmt: skip
FEW = 30  # points of a line that are marked one by one


class Band(NamedTuple):
    """An area around a line.  low, high: (n,)."""

    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Series:
    """One line, set of dots, set of bars, or set of marks along an edge.

    name: in the legend; "" keeps it out.
    x, y: (n,); points that are not finite are left out. Bars have n + 1 borders in x, rising, and
    stand on 0, or on each other if the chart is stacked. Marks along an edge have in y shares of
    the height, 0 at the foot and 1 at the top, whatever the axis shows.
    colour: #rrggbb.  dash, width (pixels), band: of a line.  marked: its points are seen, too.
    shape: of dots and of marks.  size: pixels across; None for the usual one.
    hover: said of a point on a page, a text with {x}, {y} and formats as in "{y:.4g}", of bars with
    {low} and {high}, too; "" for nothing.  texts: (n,) what each point is called, before that.
    about: what the whole series is called there, where name is short for it.
    is_last: its name stands at the end of the legend, though it is drawn before others.
    makes_room: the axes are long enough for it; of what others are compared with they need not be.
    """

    name: str
    x: Numbers
    y: Numbers
    colour: str
    kind: Kind = "line"
    dash: Dash = "solid"
    shape: Shape = "circle"
    width: float = 2
    size: float | None = None
    marked: bool = False
    band: Band | None = None
    hover: str = ""
    texts: tuple[str, ...] = ()
    about: str = ""
    is_last: bool = False
    makes_room: bool = True

    @property
    def has_marks(self) -> bool:
        """Whether the points of a line are seen one by one."""
        return self.marked and len(self.x) < FEW


class Upright(NamedTuple):
    """An upright line at x.  colour: #rrggbb.  width: pixels."""

    x: float
    name: str
    colour: str
    width: float = 1


class Dot(NamedTuple):
    """A numbered place on a chart; text: what is said when the pointer rests on it."""

    x: float
    y: float
    number: str
    text: str


@dataclass(frozen=True)
class Axis:
    """log: logarithmic; values of 0 and below are then left out.

    low, high: where it begins and ends; None for where the values do.  ticks: what is marked, with
    their texts; none for round values.
    """

    title: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: Mapping[float, str] | None = None


@dataclass(frozen=True)
class Chart:
    """Series on one pair of axes.

    label: the chart in one sentence, for those who cannot see it.
    stacked: bars stand on those of the series before.  dots: numbered places.
    """

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    label: str
    at: Upright | None = None
    dots: tuple[Dot, ...] = ()
    stacked: bool = False


def piled(chart: Chart) -> tuple[Series, ...]:
    """The series with y as it is drawn: of stacked bars the tops, the highest first."""
    if not chart.stacked:
        return chart.series
    sums: list[Series] = []
    below: Numbers = np.zeros(1)
    for one in chart.series:
        if one.kind == "bars":
            below = below + one.y
            sums.append(replace(one, y=below))
    rest = tuple(one for one in chart.series if one.kind != "bars")
    return (*reversed(sums), *rest)
