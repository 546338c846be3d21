"""Charts as SVG text: lines, dots and bars, for files that must open anywhere."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.text import shortened
from core.text import width as letters_of

# Axes of a chart: from values to places, plain or logarithmic, with round values marked.

Numbers = npt.NDArray[np.floating[Any]]
TINY = 1e-30  # what is not above this has no logarithm, and a span below it is none


@dataclass(frozen=True)
class Scale:
    """From values to places, linearly; of their logarithms to base 10 if log.

    low, high: what start and end stand for; logarithms if log.  start, end: places, of any unit.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: Numbers) -> Numbers:
        """The places of values, of any shape; nan where a value has no logarithm."""
        share = (_linear(values, self.log) - self.low) / (self.high - self.low)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self) -> tuple[float, ...]:
        """Round values from low to high: powers of ten if log and there are two of them."""
        if not self.log:
            return round_values(self.low, self.high)
        decades = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
        if len(decades) > 1:
            return tuple(10.0**i for i in decades)
        return round_values(10**self.low, 10**self.high)


def round_values(low: float, high: float, about: int = 6) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, roughly `about` of them."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))


def ends(columns: Sequence[Numbers], log: bool, margin: float) -> tuple[float, float]:
    """The low and high of a Scale for all values of columns.

    margin: the share of their span that is left free at either end.  Values that are not finite do
    not count; without any the ends are about 0 and 1.
    """
    every = np.concatenate([_linear(one, log).ravel() for one in columns] or [np.zeros(1)])
    finite = every[np.isfinite(every)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    span = high - low
    if span <= max(TINY, 1e-9 * abs(high)):  # one value only
        margin, span = 0.5, abs(high) if abs(high) > TINY else 1.0
    return low - margin * span, high + margin * span


def _linear(values: Numbers, log: bool) -> Numbers:
    if not log:
        return np.asarray(values, np.float64)
    positive = np.where(np.asarray(values) > TINY, values, np.nan)
    return np.asarray(np.log10(positive), np.float64)


Dash = Literal["solid", "dash", "dot", "dashdot"]
Shape = Literal["circle", "x"]
WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 12, 48  # margins around the plot; all in the viewBox's units
LEGEND_LINE, LETTER, MOST_LETTERS = 20, 7.2, 40
STROKES: Mapping[Dash, str] = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "8 3 2 3"}
DASHES: tuple[Dash, ...] = tuple(STROKES)
ARM = 2.2  # of an x, from its middle


@dataclass(frozen=True)
class Series:
    """One line, set of dots or set of bars.

    name: in the legend; "" keeps it out.  x, y: (n,); points that are not finite are left out.
    colour: #rrggbb.  kind: bars stand on 0, centred on x and as wide as the smallest gap in x.
    dash: of a line.  shape: of dots.
    """

    name: str
    x: Numbers
    y: Numbers
    colour: str
    kind: Literal["line", "dots", "bars"] = "line"
    dash: Dash = "solid"
    shape: Shape = "circle"


@dataclass(frozen=True)
class Chart:
    """Series on one pair of axes.

    label: the chart in one sentence, for those who cannot see it.
    log_x, log_y: a logarithmic axis; values of 0 and below are then left out.
    at: the x of an upright line, and its name.
    """

    x_title: str
    y_title: str
    series: tuple[Series, ...]
    label: str
    log_y: bool = False
    log_x: bool = False
    at: tuple[float, str] | None = None


def svg(chart: Chart) -> str:
    """The chart as one <svg> element; its text has the colour of the text around it."""
    x, y = _scales(chart)
    legend, rows = _legend(chart.series)
    height = HEIGHT + rows * LEGEND_LINE
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(chart.label)}"',
        ' xmlns="http://www.w3.org/2000/svg" font-size="13" fill="currentColor">',
        *_axes(chart, x, y),
        *(_drawn(one, x, y) for one in chart.series),
        *_upright(chart, x),
        *legend,
        "</svg>",
    ]
    return "".join(parts)


def _scales(chart: Chart) -> tuple[Scale, Scale]:
    bars = any(one.kind == "bars" for one in chart.series)
    half = max((_bar_width(one.x) / 2 for one in chart.series if one.kind == "bars"), default=0.0)
    x_low, x_high = ends([one.x for one in chart.series], chart.log_x, 0 if bars else 0.02)
    y_low, y_high = ends([one.y for one in chart.series], chart.log_y, 0.05)
    if bars and not chart.log_y:
        y_low = 0.0
    x = Scale(low=x_low - half, high=x_high + half, start=LEFT, end=WIDTH - RIGHT, log=chart.log_x)
    return x, Scale(low=y_low, high=y_high, start=HEIGHT - BOTTOM, end=TOP, log=chart.log_y)


def _axes(chart: Chart, x: Scale, y: Scale) -> list[str]:
    foot, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = []
    for value in y.ticks():
        at = float(y(np.array(value)))
        parts.append(
            f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="currentColor" opacity=".15"/>'
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    for value in x.ticks():
        at = float(x(np.array(value)))
        parts.append(f'<text x="{at:.1f}" y="{foot + 18}" text-anchor="middle">{value:g}</text>')
    return [
        *parts,
        f'<path d="M{LEFT} {foot}H{WIDTH - RIGHT}" stroke="currentColor" opacity=".6"/>',
        f'<text x="{middle}" y="{foot + 38}" text-anchor="middle">{html.escape(chart.x_title)}',
        "</text>",
        f'<text transform="translate(14 {(TOP + foot) / 2}) rotate(-90)" text-anchor="middle">',
        f"{html.escape(chart.y_title)}</text>",
    ]


def _drawn(one: Series, x: Scale, y: Scale) -> str:
    if one.kind == "bars":
        return _bars(one, x, y)
    px, py = x(one.x), y(one.y)
    shown = np.isfinite(px) & np.isfinite(py)
    if one.kind == "dots":
        return _dots(one, px[shown], py[shown])
    before = np.concatenate([[False], shown])[:-1]
    path = "".join(
        f"{'L' if joined else 'M'}{a:.1f} {b:.1f}"
        for a, b, here, joined in zip(px, py, shown, before, strict=True)
        if here
    )
    return f'<path d="{path}" stroke="{one.colour}" stroke-width="2" fill="none"{_dashes(one)}/>'


def _dots(one: Series, px: Numbers, py: Numbers, opacity: float = 0.7) -> str:
    """One path of all points, which is a tenth as long as as many circles."""
    if one.shape == "x":
        arms = f"m-{ARM}-{ARM}l{2 * ARM} {2 * ARM}m0-{2 * ARM}l-{2 * ARM} {2 * ARM}"
        style = 'stroke-width="1.6"'
    else:
        arms, style = "h0", 'stroke-width="4" stroke-linecap="round"'
    path = "".join(f"M{a:.1f} {b:.1f}{arms}" for a, b in zip(px, py, strict=True))
    return (
        f'<path d="{path}" stroke="{one.colour}" {style} stroke-opacity="{opacity}" fill="none"/>'
    )


def _dashes(one: Series) -> str:
    return f' stroke-dasharray="{STROKES[one.dash]}"' if STROKES[one.dash] else ""


def _bars(one: Series, x: Scale, y: Scale) -> str:
    half, foot = _bar_width(one.x) / 2, HEIGHT - BOTTOM
    lefts, rights = x(one.x - half), x(one.x + half)
    path = "".join(
        f"M{a + 0.5:.1f} {foot}V{top:.1f}H{b - 0.5:.1f}V{foot}Z"
        for a, b, top, value in zip(lefts, rights, y(one.y), one.y, strict=True)
        if value > 0
    )
    return f'<path d="{path}" fill="{one.colour}"/>'


def _bar_width(x: Numbers) -> float:
    return float(np.min(np.diff(x))) if len(x) > 1 else 1.0


def _upright(chart: Chart, x: Scale) -> list[str]:
    if chart.at is None or not x.low <= chart.at[0] <= x.high:
        return []
    at, name = float(x(np.array(chart.at[0]))), html.escape(chart.at[1])
    right = at > WIDTH * 0.7
    return [
        f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="currentColor" stroke-width="1.5"',
        ' stroke-dasharray="2 3"/>',
        f'<text x="{at + (-6 if right else 6):.1f}" y="{TOP + 12}"',
        f' text-anchor="{"end" if right else "start"}">{name}</text>',
    ]


def _legend(series: Sequence[Series]) -> tuple[list[str], int]:
    """The legend below the chart, and its number of lines; long names are shortened."""
    parts: list[str] = []
    left, row = float(LEFT), 0
    named = [one for one in series if one.name]
    for one, short in zip(named, shortened([one.name for one in named], MOST_LETTERS), strict=True):
        width = 30 + LETTER * letters_of(short) + 14
        if left > LEFT and left + width > WIDTH:
            left, row = float(LEFT), row + 1
        at = HEIGHT + row * LEGEND_LINE + 4
        whole = "" if short == one.name else f"<title>{html.escape(one.name)}</title>"
        parts.append(
            f"{_key(one, left, at)}"
            f'<text x="{left + 27:.1f}" y="{at + 4}">{html.escape(short)}{whole}</text>'
        )
        left += width
    return parts, row + 1


def _key(one: Series, left: float, at: float) -> str:
    """The sample of a series beside its name in the legend."""
    if one.kind == "dots":
        return _dots(one, np.array([left + 10]), np.array([at]), 1.0)
    thick = 2 if one.kind == "line" else 8
    return (
        f'<path d="M{left:.1f} {at}h20" stroke="{one.colour}" stroke-width="{thick}"'
        f"{_dashes(one)}/>"
    )
