"""The histogram of scores with its threshold: data to plotly. No st calls.

Bars stand on zero, which a logarithmic axis has not: there classes are lines, none upon another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.anomaly.scores import Score
from pages.ui.figures import theme
from pages.ui.figures.colouring import Groups, Part
from pages.ui.figures.text import hover_text, wrapped

Scores = npt.NDArray[np.float64]
FEWEST_BINS, N_BINS = 12, 60  # as many as twice the root of the number of images, between these
MOST_TICKS = 2_000  # selected images marked one by one
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
HEIGHT, LEGEND_HEIGHT = 330, 110  # pixels, and of a legend of many classes
FLOOR = 0.5  # images, where a logarithmic axis begins: one alone is seen
ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Look:
    """log_counts, log_scores: which axes are logarithmic.  dark: the theme."""

    log_counts: bool
    log_scores: bool
    dark: bool


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


def histogram(drawn: Drawn, value: float, spec: Score, look: Look) -> go.Figure:
    """How many images have which score: below and above the threshold, and what is usual.

    value: of the threshold.  spec: the score, for its unit.
    """
    scores, usual, classes = drawn.scores, drawn.usual, drawn.classes
    colours = theme.DARK if look.dark else theme.LIGHT
    borders = edges(scores, usual, look.log_scores)
    borders = np.unique(np.append(borders, np.clip(value, borders[0], borders[-1])))
    figure = go.Figure(
        _of_classes(drawn, classes, borders, look)
        if classes
        else _of_sides(scores, value, borders, colours)
    )
    line = (_ink(look), "dot") if classes else (colours["reconstructed"], "solid")
    figure.add_trace(_outline(usual, borders, len(scores), *line))
    if len(drawn.picked):
        figure.add_trace(_ticks(drawn.picked, look))
    _threshold_line(figure, value, borders, look, colours["outlier"])
    figure.update_xaxes(title_text=spec.unit, type="log" if look.log_scores else "linear")
    figure.update_yaxes(title_text="images", **_count_axis(drawn, borders, look.log_counts))
    figure.update_layout(
        height=HEIGHT + (LEGEND_HEIGHT if classes and len(classes.parts) > 10 else 0),
        margin=MARGIN,
        barmode="stack" if classes else "overlay",
        bargap=0.04,
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        dragmode="select",
        selectdirection="h",
        legend={
            "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal",
            "maxheight": 0.35,
        },
        uirevision=f"{spec.name} {look.log_scores}",
    )  # fmt: skip
    return figure


def _of_sides(
    scores: Scores, value: float, borders: Scores, colours: Mapping[theme.Role, str]
) -> list[go.Bar]:
    """What is flagged and what is not; the threshold is a border, so that no bar hides another."""
    return [
        _bars(scores[scores <= value], borders, "not flagged", colours["original"]),
        _bars(scores[scores > value], borders, "flagged", colours["outlier"]),
    ]


def _of_classes(
    drawn: Drawn, classes: Groups, borders: Scores, look: Look
) -> list[go.Bar | go.Scatter]:
    """Stacked bars, or lines where the counts are on a logarithmic axis."""
    draw = _steps if look.log_counts else _class_bars
    return [draw(drawn.scores[part.members], borders, part) for part in classes.parts]


def _bars(values: Scores, borders: Scores, name: str, colour: str) -> go.Bar:
    counts, _ = np.histogram(values, borders)
    return go.Bar(
        x=(borders[:-1] + borders[1:]) / 2,
        y=counts,
        width=np.diff(borders),
        name=f"{name} ({len(values):,})",
        marker={"color": colour, "line": {"width": 0}},
        customdata=np.column_stack([borders[:-1], borders[1:]]),
        hovertemplate="%{y:,} images, score %{customdata[0]:.4g} to %{customdata[1]:.4g}"
        f"<extra>{name}</extra>",
    )


def _class_bars(values: Scores, borders: Scores, part: Part) -> go.Bar:
    bars = _bars(values, borders, hover_text(part.label), part.style.colour)
    whole = wrapped(part.name or part.label)
    return bars.update(
        hovertemplate=f"{whole}<br>%{{y:,}} images, score %{{customdata[0]:.4g}} to "
        "%{customdata[1]:.4g}<extra></extra>",
        legendrank=1000 if part.name else 1001,
    )


def _steps(values: Scores, borders: Scores, part: Part) -> go.Scatter:
    """Counts as the outline of a histogram, with gaps at empty bins."""
    counts, _ = np.histogram(values, borders)
    whole = wrapped(part.name or part.label)
    return go.Scatter(
        x=np.repeat(borders, 2)[1:-1],
        y=np.repeat(np.where(counts, counts, np.nan), 2),
        mode="lines",
        line={"color": part.style.colour, "dash": part.style.dash, "width": 2},
        name=f"{hover_text(part.label)} ({len(values):,})",
        hovertemplate=f"{whole}<br>%{{y:,}} images, score %{{x:.4g}}<extra></extra>",
        legendrank=1000 if part.name else 1001,
    )


def _outline(usual: Scores, borders: Scores, n: int, ink: str, dash: str) -> go.Scatter:
    """The histogram of usual images as a line, scaled to n images."""
    counts, _ = np.histogram(usual, borders)
    scaled = counts * (n / max(len(usual), 1))
    scaled = np.where(scaled > 0, scaled, np.nan if n == 0 else 0)
    return go.Scatter(
        x=np.repeat(borders, 2)[1:-1],
        y=np.repeat(scaled, 2),
        mode="lines",
        line={"color": ink, "width": 1.2, "dash": dash},
        name="usual images",
        hoverinfo="skip",
    )


def _ticks(picked: Scores, look: Look) -> go.Scatter:
    """A mark for each selected image along the foot of the chart."""
    return go.Scatter(
        x=picked[:MOST_TICKS].astype(np.float32),
        y=np.full(min(len(picked), MOST_TICKS), 0.04, np.float32),
        yaxis="y2",
        mode="markers",
        marker={
            "symbol": "line-ns", "size": 12,
            "line": {"width": 1.5, "color": _ink(look)},
        },
        name=f"selected ({len(picked):,})",
        hoverinfo="skip",
    )  # fmt: skip


def _count_axis(drawn: Drawn, borders: Scores, log: bool) -> dict[str, Any]:
    """The axis of the counts: whole numbers, from nothing or from less than one image on."""
    most = max(1, int(np.histogram(drawn.scores, borders)[0].max()))
    if not log:
        return {"type": "linear", "rangemode": "tozero"} | ({"dtick": 1} if most <= 6 else {})
    ticks = [step * 10**power for power in range(len(str(most))) for step in ROUND]
    shown = ticks if most < 1_000 else ticks[:: len(ROUND)]
    return {
        "type": "log", "range": [np.log10(FLOOR), np.log10(1.5 * most)],
        "tickvals": shown, "ticktext": [f"{tick:,}" for tick in shown],
    }  # fmt: skip


def _threshold_line(
    figure: go.Figure, value: float, borders: Scores, look: Look, colour: str
) -> None:
    if not borders[0] <= value <= borders[-1]:
        return
    figure.add_vline(x=value, line_width=2, line_color=colour)
    low, at, high = np.log10([borders[0], value, borders[-1]]) if look.log_scores else (
        borders[0], value, borders[-1]
    )  # fmt: skip
    is_right = at - low > 0.7 * (high - low)
    figure.add_annotation(
        x=at, y=1, yref="paper", yanchor="top", showarrow=False,
        xanchor="right" if is_right else "left", xshift=-4 if is_right else 4,
        text=f"threshold {value:.4g}", font={"color": colour, "size": 12},
    )  # fmt: skip


def _ink(look: Look) -> str:
    return theme.LIGHT_INK if look.dark else theme.INK
