"""The histogram of scores with its threshold, as page and report draw it. No st calls.

Bars stand on zero, which a logarithmic axis has not: there classes are lines, none upon another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.anomaly.scores import Score
from core.reports.charts import Axis, Chart, Series, Upright
from pages.ui.figures import plotting, theme
from pages.ui.figures.colouring import Groups, Part
from pages.ui.figures.theme import Style

Scores = npt.NDArray[np.float64]
FEWEST_BINS, N_BINS = 12, 60  # as many as twice the root of the number of images, between these
MOST_TICKS = 2_000  # selected images marked one by one
HEIGHT, LEGEND_HEIGHT = 330, 110  # pixels, and of a legend of many classes
FLOOR = 0.5  # images, where a logarithmic axis begins: one alone is seen
ROUND = (1, 2, 5)
FEW = 6  # images in the highest bar: each has a mark on the axis


@dataclass(frozen=True)
class AxisStyle:
    """log_counts, log_scores: which axes are logarithmic.  dark: the theme; None in a report."""

    log_counts: bool
    log_scores: bool
    dark: bool | None


@dataclass(frozen=True)
class Drawn:
    """What a histogram shows.

    scores: (n,).  usual: (m,), of usual images, drawn as a line as if they were n.
    picked: the scores of selected images, marked one by one.  classes: to tell apart, if any.
    """

    scores: Scores
    usual: Scores
    picked: Scores
    classes: Groups | None = None


def edges(scores: Scores, usual: Scores, log: bool) -> Scores:
    """The borders of the bars, over all scores of both, rising: the more the more images."""
    n = int(np.clip(2 * np.sqrt(len(scores)), FEWEST_BINS, N_BINS))
    together = np.concatenate([scores, usual])
    low, high = float(together.min()), float(together.max())
    if log:
        low = float(together[together > 0].min(initial=high))
        return np.geomspace(low, max(high, low * 1.001), n + 1)
    return np.linspace(low, high if high > low else low + 1, n + 1)


def can_be_log(scores: Scores, usual: Scores) -> bool:
    """Whether a logarithmic axis shows all of them."""
    return bool(min(scores.min(), usual.min()) > 0)


def described(drawn: Drawn, value: float, spec: Score, style: AxisStyle) -> Chart:
    """How many images have which score: below and above the threshold, and what is usual.

    value: of the threshold.  spec: the score, for its unit.
    """
    scores, usual, classes = drawn.scores, drawn.usual, drawn.classes
    colours = theme.DARK if style.dark else theme.LIGHT
    borders = edges(scores, usual, style.log_scores)
    borders = np.unique(np.append(borders, np.clip(value, borders[0], borders[-1])))
    series = [
        *(
            _of_classes(drawn, classes, borders, style)
            if classes
            else _of_sides(scores, value, borders, colours)
        ),
        _outline(usual, borders, len(scores), Style(_ink(style), "dot"))
        if classes
        else _outline(usual, borders, len(scores), Style(colours["reconstructed"])),
    ]
    if len(drawn.picked):
        series.append(_ticks(drawn.picked, style))
    flagged = int((scores > value).sum())
    return Chart(
        Axis(spec.unit, style.log_scores),
        _count_axis(drawn, borders, style.log_counts),
        tuple(series),
        f"How many images have which score; {flagged:,} lie above the threshold",
        at=_upright(value, borders, colours["outlier"]),
        stacked=bool(classes),
    )


def histogram(drawn: Drawn, value: float, spec: Score, style: AxisStyle) -> go.Figure:
    """The histogram on a page, whose bars can be brushed.  value, spec: see described()."""
    figure = plotting.figure(described(drawn, value, spec, style), _height(drawn))
    most = _most(drawn, edges(drawn.scores, drawn.usual, style.log_scores))
    if not style.log_counts and most <= FEW:
        figure.update_yaxes(dtick=1)  # whole numbers
    return figure.update_layout(
        dragmode="select",
        selectdirection="h",
        legend={"maxheight": 0.35},
        uirevision=f"{spec.name} {style.log_scores}",
    )


def _height(drawn: Drawn) -> int:
    many = drawn.classes is not None and len(drawn.classes.parts) > 10
    return HEIGHT + (LEGEND_HEIGHT if many else 0)


def _of_sides(
    scores: Scores, value: float, borders: Scores, colours: Mapping[theme.Role, str]
) -> list[Series]:
    """What is flagged and what is not; the threshold is a border, so that no bar hides another."""
    return [
        _bars("not flagged", scores[scores <= value], borders, colours["original"]),
        _bars("flagged", scores[scores > value], borders, colours["outlier"]),
    ]


def _of_classes(drawn: Drawn, classes: Groups, borders: Scores, style: AxisStyle) -> list[Series]:
    """Stacked bars, or lines where the counts are on a logarithmic axis."""
    draw = _steps if style.log_counts else _class_bars
    return [draw(drawn.scores[part.members], borders, part) for part in classes.parts]


def _bars(name: str, values: Scores, borders: Scores, colour: str) -> Series:
    return Series(
        name=f"{name} ({len(values):,})",
        x=borders,
        y=_counts(values, borders),
        colour=colour,
        kind="bars",
        hover="{y:,} images, score {low:.4g} to {high:.4g}",
    )


def _class_bars(values: Scores, borders: Scores, part: Part) -> Series:
    bars = _bars(part.label, values, borders, part.style.colour)
    return replace(bars, about=part.name or part.label, is_last=not part.name)


def _steps(values: Scores, borders: Scores, part: Part) -> Series:
    """Counts as the outline of a histogram, with gaps at empty bins."""
    counts = _counts(values, borders)
    return Series(
        f"{part.label} ({len(values):,})",
        np.repeat(borders, 2)[1:-1],
        np.repeat(np.where(counts, counts, np.nan), 2),
        part.style.colour,
        dash=part.style.dash,
        hover="{y:,} images, score {x:.4g}",
        about=part.name or part.label,
        is_last=not part.name,
    )


def _outline(usual: Scores, borders: Scores, n: int, style: Style) -> Series:
    """The histogram of usual images as a line, scaled to n images."""
    scaled = _counts(usual, borders) * (n / max(len(usual), 1))
    x, y = np.repeat(borders, 2)[1:-1], np.repeat(scaled, 2)
    return Series("usual images", x, y, style.colour, dash=style.dash, width=1.2)


def _ticks(picked: Scores, style: AxisStyle) -> Series:
    """A mark for each selected image along the foot of the chart."""
    x = picked[:MOST_TICKS]
    name = f"selected ({len(picked):,})"
    return Series(
        name=name,
        x=x,
        y=np.full(len(x), 0.04),
        colour=_ink(style),
        kind="edge",
        shape="tick",
        size=12,
    )


def _counts(values: Scores, borders: Scores) -> Scores:
    return np.histogram(values, borders)[0].astype(np.float64)


def _most(drawn: Drawn, borders: Scores) -> int:
    """Images in the highest bar."""
    return max(1, int(_counts(drawn.scores, borders).max()))


def _count_axis(drawn: Drawn, borders: Scores, log: bool) -> Axis:
    """The axis of the counts: whole numbers, from nothing or from less than one image on."""
    if not log:
        return Axis("images", low=0)
    most = _most(drawn, borders)
    ticks = [step * 10**power for power in range(len(str(most))) for step in ROUND]
    shown = ticks if most < 1_000 else ticks[:: len(ROUND)]
    named = {float(tick): f"{tick:,}" for tick in shown}
    return Axis("images", log=True, low=FLOOR, high=1.5 * most, ticks=named)


def _upright(value: float, borders: Scores, colour: str) -> Upright | None:
    if not borders[0] <= value <= borders[-1]:
        return None
    return Upright(value, f"threshold {value:.4g}", colour, width=2)


def _ink(style: AxisStyle) -> str:
    """What is seen on the page's ground; a report is read on light and on dark."""
    if style.dark is None:
        return theme.REFERENCE
    return theme.LIGHT_INK if style.dark else theme.INK
