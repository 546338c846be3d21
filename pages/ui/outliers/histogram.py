"""The histogram of scores with its threshold: data to plotly. No st calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.anomaly.scores import Score
from pages.ui import theme
from pages.ui.text import hover_text

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
N_BINS = 60
MOST_TICKS = 2_000  # selected images marked one by one
MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}


@dataclass(frozen=True)
class Look:
    """log_counts, log_scores: which axes are logarithmic.  dark: the theme."""

    log_counts: bool
    log_scores: bool
    dark: bool


@dataclass(frozen=True)
class Stack:
    """Classes to stack: labels (n,) index names."""

    labels: Labels
    names: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """What a histogram shows.

    scores: (n,).  usual: (m,), the references', drawn as a line as if they were n.
    picked: the scores of selected images, marked one by one.  stack: classes to tell apart.
    """

    scores: Scores
    usual: Scores
    picked: Scores
    stack: Stack | None = None


def edges(scores: Scores, usual: Scores, log: bool) -> Scores:
    """The borders of the bars, over all scores of both: (N_BINS + 1,), rising."""
    together = np.concatenate([scores, usual])
    low, high = float(together.min()), float(together.max())
    if log:
        low = float(together[together > 0].min(initial=high))
        return np.geomspace(low, max(high, low * 1.001), N_BINS + 1)
    return np.linspace(low, high if high > low else low + 1, N_BINS + 1)


def can_be_log(scores: Scores, usual: Scores) -> bool:
    """Whether a logarithmic axis shows all of them."""
    return bool(min(scores.min(), usual.min()) > 0)


def histogram(drawn: Drawn, value: float, spec: Score, look: Look) -> go.Figure:
    """How many images have which score: below and above the threshold, and what is usual.

    value: of the threshold.  spec: the score, for its unit.
    """
    scores, usual, stack = drawn.scores, drawn.usual, drawn.stack
    colours = theme.DARK if look.dark else theme.LIGHT
    borders = edges(scores, usual, look.log_scores)
    borders = np.unique(np.append(borders, np.clip(value, borders[0], borders[-1])))
    figure = go.Figure(_all_bars(drawn, value, borders, colours))
    figure.add_trace(_outline(usual, borders, len(scores), colours["reconstructed"]))
    if len(drawn.picked):
        figure.add_trace(_ticks(drawn.picked, look.dark))
    _threshold_line(figure, value, borders, look, colours["outlier"])
    figure.update_xaxes(title_text=spec.unit, type="log" if look.log_scores else "linear")
    figure.update_yaxes(title_text="images", type="log" if look.log_counts else "linear")
    figure.update_layout(
        height=320 if stack is None else 360,
        margin=MARGIN,
        barmode="stack",
        bargap=0.04,
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        dragmode="select",
        selectdirection="h",
        legend={
            "orientation": "h", "y": -0.25, "yanchor": "top", "x": 0, "traceorder": "normal",
            "entrywidth": 130 if stack is None else 84, "entrywidthmode": "pixels",
        },
        uirevision=f"{spec.name} {look.log_scores}",
    )  # fmt: skip
    return figure


def _all_bars(
    drawn: Drawn, value: float, borders: Scores, colours: Mapping[theme.Role, str]
) -> list[go.Bar]:
    """The classes if they are told apart, else what is flagged and what is not."""
    scores, stack = drawn.scores, drawn.stack
    if stack is None:
        kept, flagged = scores[scores <= value], scores[scores > value]
        return [
            _bars(kept, borders, "not flagged", colours["original"]),
            _bars(flagged, borders, "flagged", colours["outlier"]),
        ]
    return [
        _bars(scores[stack.labels == i], borders, hover_text(name), theme.style(i).colour)
        for i, name in enumerate(stack.names)
    ]


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


def _outline(usual: Scores, borders: Scores, n: int, colour: str) -> go.Scatter:
    """The references' histogram as a line, scaled to n images."""
    counts, _ = np.histogram(usual, borders)
    scaled = counts * (n / max(len(usual), 1))
    scaled = np.where(scaled > 0, scaled, np.nan if n == 0 else 0)
    return go.Scatter(
        x=np.repeat(borders, 2)[1:-1],
        y=np.repeat(scaled, 2),
        mode="lines",
        line={"color": colour, "width": 1.2},
        name="reference images",
        hoverinfo="skip",
    )


def _ticks(picked: Scores, dark: bool) -> go.Scatter:
    """A mark for each selected image along the foot of the chart."""
    return go.Scatter(
        x=picked[:MOST_TICKS].astype(np.float32),
        y=np.full(min(len(picked), MOST_TICKS), 0.04, np.float32),
        yaxis="y2",
        mode="markers",
        marker={
            "symbol": "line-ns", "size": 12,
            "line": {"width": 1.5, "color": theme.LIGHT_INK if dark else theme.INK},
        },
        name=f"selected ({len(picked):,})",
        hoverinfo="skip",
    )  # fmt: skip


def _threshold_line(
    figure: go.Figure, value: float, borders: Scores, look: Look, colour: str
) -> None:
    if not borders[0] <= value <= borders[-1]:
        return
    figure.add_vline(x=value, line_width=2, line_color=colour)
    at: dict[str, Any] = {"x": np.log10(value) if look.log_scores else value, "y": 1}
    figure.add_annotation(
        **at, yref="paper", yanchor="top", xanchor="left", xshift=4, showarrow=False,
        text=f"threshold {value:.4g}", font={"color": colour, "size": 12},
    )  # fmt: skip
