"""Charts as SVG text, for files that must open anywhere."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from core.reports.charts import Axis, Chart, Dash, Dot, Numbers, Series, piled
from core.text import shortened
from core.text import width as letters_of

# Axes of a chart: from values to places, plain or logarithmic, with round values marked.

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


WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 76, 22, 12, 48  # margins around the plot; all in the viewBox's units
LEGEND_LINE, LETTER, MOST_LETTERS = 20, 7.2, 40
STROKES: Mapping[Dash, str] = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "8 3 2 3"}
DOT = 4.0  # across, unless a series says another
ARM = 2.2 / DOT  # of an x, from its middle, as a share of its size
THIN = 'stroke-width="1.6"'  # of marks that are made of lines
OF_DOTS, OF_BAND = 0.7, 0.15  # opacities


def svg(chart: Chart) -> str:
    """The chart as one <svg> element; its text has the colour of the text around it."""
    x, y = _scales(chart)
    legend, rows = _legend(chart.series)
    height = HEIGHT + rows * LEGEND_LINE
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(chart.label)}"',
        ' xmlns="http://www.w3.org/2000/svg" font-size="13" fill="currentColor">',
        *_axes(chart, x, y),
        f'<svg x="{LEFT}" y="{TOP}" width="{WIDTH - RIGHT - LEFT}"',  # what is beyond is not seen
        f' height="{HEIGHT - BOTTOM - TOP}" viewBox="{LEFT} {TOP} {WIDTH - RIGHT - LEFT}',
        f' {HEIGHT - BOTTOM - TOP}">',
        *(_area(one, x, y) for one in chart.series),
        *(_drawn(one, x, y) for one in piled(chart)),
        "</svg>",
        *_upright(chart, x),
        *(_numbered(dot, x, y) for dot in chart.dots),
        *legend,
        "</svg>",
    ]
    return "".join(parts)


def _scales(chart: Chart) -> tuple[Scale, Scale]:
    every = [one for one in piled(chart) if one.makes_room]
    bars = any(one.kind == "bars" for one in every)
    of_x = _ends(chart.x, [one.x for one in every], 0 if bars else 0.02)
    levels = [one for one in every if one.kind != "edge"]
    columns = [*(one.y for one in levels), *(c for one in levels for c in one.band or ())]
    low, high = _ends(chart.y, columns, 0.05)
    if bars and not chart.y.log and chart.y.low is None:
        low = 0.0
    x = Scale(low=of_x[0], high=of_x[1], start=LEFT, end=WIDTH - RIGHT, log=chart.x.log)
    return x, Scale(low=low, high=high, start=HEIGHT - BOTTOM, end=TOP, log=chart.y.log)


def _ends(axis: Axis, columns: Sequence[Numbers], margin: float) -> tuple[float, float]:
    """Where an axis begins and ends: as it says, or where the values do."""
    low, high = ends(columns, axis.log, margin)
    asked = [None if one is None else float(_linear(np.array(one), axis.log))
             for one in (axis.low, axis.high)]  # fmt: skip
    low, high = (own if one is None else one for own, one in zip((low, high), asked, strict=True))
    return low, max(high, low + TINY)


def _axes(chart: Chart, x: Scale, y: Scale) -> list[str]:
    foot, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = []
    for value, text in _marked(chart.y, y):
        at = float(y(np.array(value)))
        parts.append(
            f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="currentColor" opacity=".15"/>'
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        )
    for value, text in _marked(chart.x, x):
        at = float(x(np.array(value)))
        parts.append(f'<text x="{at:.1f}" y="{foot + 18}" text-anchor="middle">{text}</text>')
    return [
        *parts,
        f'<path d="M{LEFT} {foot}H{WIDTH - RIGHT}" stroke="currentColor" opacity=".6"/>',
        f'<text x="{middle}" y="{foot + 38}" text-anchor="middle">{html.escape(chart.x.title)}',
        "</text>",
        f'<text transform="translate(14 {(TOP + foot) / 2}) rotate(-90)" text-anchor="middle">',
        f"{html.escape(chart.y.title)}</text>",
    ]


def _marked(axis: Axis, scale: Scale) -> list[tuple[float, str]]:
    """The values that an axis marks, with their texts; those beyond its ends are left out."""
    if axis.ticks is None:
        return [(value, f"{value:g}") for value in scale.ticks()]
    low, high = sorted((scale.start, scale.end))
    at = scale(np.array(list(axis.ticks), np.float64))
    return [
        (value, html.escape(text))
        for (value, text), place in zip(axis.ticks.items(), at, strict=True)
        if low <= place <= high
    ]


def _drawn(one: Series, x: Scale, y: Scale) -> str:
    match one.kind:
        case "bars":
            return _bars(one, x, y)
        case "dots":
            return _dots(one, x(one.x), y(one.y))
        case "edge":
            return _dots(one, x(one.x), HEIGHT - BOTTOM + one.y * (TOP + BOTTOM - HEIGHT))
        case "line":
            marks = _dots(one, x(one.x), y(one.y), 1.0) if one.has_marks else ""
            return _line(one, x(one.x), y(one.y)) + marks
        case kind:
            assert_never(kind)


def _line(one: Series, px: Numbers, py: Numbers) -> str:
    shown = np.isfinite(px) & np.isfinite(py)
    before = np.concatenate([[False], shown])[:-1]
    path = "".join(
        f"{'L' if joined else 'M'}{a:.1f} {b:.1f}"
        for a, b, here, joined in zip(px, py, shown, before, strict=True)
        if here
    )
    stroke = f'stroke="{one.colour}" stroke-width="{one.width:g}"'
    return f'<path d="{path}" {stroke} fill="none"{_dashes(one)}/>'


def _area(one: Series, x: Scale, y: Scale) -> str:
    """The band around a line, a piece for each run of values that are there."""
    if one.band is None:
        return ""
    px, low, high = x(one.x), y(one.band.low), y(one.band.high)
    there = np.flatnonzero(np.isfinite(px) & np.isfinite(low) & np.isfinite(high))
    pieces = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else []
    path = ""
    for run in pieces:
        ways = [
            *zip(px[run], high[run], strict=True),
            *zip(px[run][::-1], low[run][::-1], strict=True),
        ]
        path += "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in ways) + "Z"
    return f'<path d="{path}" fill="{one.colour}" fill-opacity="{OF_BAND}"/>'


def _dots(one: Series, px: Numbers, py: Numbers, opacity: float = OF_DOTS) -> str:
    """One path of all points, which is a tenth as long as as many circles."""
    shown, size = np.isfinite(px) & np.isfinite(py), one.size or DOT
    match one.shape:
        case "x":
            arm, both = f"{ARM * size:.3g}", f"{2 * ARM * size:.3g}"
            mark, style = f"m-{arm}-{arm}l{both} {both}m0-{both}l-{both} {both}", THIN
        case "tick":
            mark, style = f"m0-{size / 2:.3g}v{size:.3g}", THIN
        case "circle":
            mark, style = "h0", f'stroke-width="{size:g}" stroke-linecap="round"'
        case shape:
            assert_never(shape)
    path = "".join(f"M{a:.1f} {b:.1f}{mark}" for a, b in zip(px[shown], py[shown], strict=True))
    return (
        f'<path d="{path}" stroke="{one.colour}" {style} stroke-opacity="{opacity}" fill="none"/>'
    )


def _dashes(one: Series) -> str:
    return f' stroke-dasharray="{STROKES[one.dash]}"' if STROKES[one.dash] else ""


def _bars(one: Series, x: Scale, y: Scale) -> str:
    foot, borders, tops = HEIGHT - BOTTOM, x(one.x), y(one.y)
    path = "".join(
        f"M{a + 0.5:.1f} {foot}V{min(top, foot):.1f}H{max(a, b - 0.5):.1f}V{foot}Z"
        for a, b, top, value in zip(borders, borders[1:], tops, one.y, strict=False)
        if value > 0
    )
    return f'<path d="{path}" fill="{one.colour}"/>'


def _upright(chart: Chart, x: Scale) -> list[str]:
    if chart.at is None:
        return []
    at, name = float(x(np.array(chart.at.x))), html.escape(chart.at.name)
    if not LEFT <= at <= WIDTH - RIGHT:
        return []
    right = at > WIDTH * 0.7
    return [
        f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{chart.at.colour}"',
        f' stroke-width="{chart.at.width:g}"',
        "/>",
        f'<text x="{at + (-6 if right else 6):.1f}" y="{TOP + 12}"',
        f' text-anchor="{"end" if right else "start"}">{name}</text>',
    ]


def _numbered(dot: Dot, x: Scale, y: Scale) -> str:
    """A small circle with its number beside it, and its sentence under the pointer."""
    at, up = float(x(np.array(dot.x))), float(y(np.array(dot.y)))
    if not (math.isfinite(at) and math.isfinite(up)):
        return ""
    number = f'<text x="{at + 6:.1f}" y="{up - 6:.1f}">{html.escape(dot.number)}</text>'
    return (
        f'<g><circle cx="{at:.1f}" cy="{up:.1f}" r="4" fill="none" stroke="currentColor"/>'
        f"{number if dot.number else ''}<title>{html.escape(dot.text)}</title></g>"
    )


def _legend(series: Sequence[Series]) -> tuple[list[str], int]:
    """The legend below the chart, and its number of lines; long names are shortened."""
    parts: list[str] = []
    left, row = float(LEFT), 0
    named = sorted((one for one in series if one.name), key=lambda one: one.is_last)
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
    if one.kind in ("dots", "edge"):
        return _dots(one, np.array([left + 10]), np.array([at]), 1.0)
    thick = 8 if one.kind == "bars" else one.width
    return (
        f'<path d="M{left:.1f} {at}h20" stroke="{one.colour}" stroke-width="{thick:g}"'
        f"{_dashes(one)}/>"
    )
