"""The Outliers page's figures: data to plotly. No st calls."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.outliers import Score
from core.rankings import Curves
from pages.ui import theme
from pages.ui.colouring import COLOURS
from pages.ui.text import hover_text

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
N_BINS = 60
MOST_POINTS = 600  # of a curve that is drawn
MARGIN = {"l": 8, "r": 8, "t": 28, "b": 8}


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


def histogram(
    scores: Scores, usual: Scores, value: float, spec: Score, look: Look, stack: Stack | None = None
) -> go.Figure:
    """How many images have which score: below and above the threshold, and what is usual.

    scores: (n,).  usual: (m,), the references', drawn as a line as if they were n.
    """
    colours = theme.DARK if look.dark else theme.LIGHT
    borders = edges(scores, usual, look.log_scores)
    borders = np.unique(np.append(borders, np.clip(value, borders[0], borders[-1])))
    figure = go.Figure()
    if stack is None:
        kept, flagged = scores[scores <= value], scores[scores > value]
        figure.add_trace(_bars(kept, borders, "not flagged", colours["original"]))
        figure.add_trace(_bars(flagged, borders, "flagged", colours["outlier"]))
    else:
        for i, name in enumerate(stack.names):
            mine = scores[stack.labels == i]
            figure.add_trace(_bars(mine, borders, hover_text(name), COLOURS[i % len(COLOURS)]))
    figure.add_trace(_outline(usual, borders, len(scores), colours["reconstructed"]))
    _threshold_line(figure, value, borders, look, colours["outlier"])
    figure.update_xaxes(title_text=spec.unit, type="log" if look.log_scores else "linear")
    figure.update_yaxes(title_text="images", type="log" if look.log_counts else "linear")
    figure.update_layout(
        height=300,
        margin=MARGIN,
        barmode="stack",
        bargap=0.04,
        dragmode="select",
        selectdirection="h",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title_text": ""},
        uirevision=f"{spec.name} {look.log_scores}",
    )
    return figure


def roc(curves: Mapping[str, Curves], shown: str, dashed: Collection[str]) -> go.Figure:
    """Outliers found against false alarms, a line a score; `shown` is drawn strong."""
    figure = _guessing((0.0, 1.0))
    for name, one in curves.items():
        hover = "false alarms %{x:.1%}, found %{y:.1%}"
        line = _line(len(figure.data) - 1, name == shown, name in dashed)
        _add_curve(figure, one.false_alarms, one.found, name, line, hover)
    figure.update_xaxes(title_text="false alarms, share of the normal images", range=[0, 1])
    figure.update_yaxes(title_text="found, share of the outliers", range=[0, 1.01])
    return figure


def precision_recall(
    curves: Mapping[str, Curves], shown: str, dashed: Collection[str], share: float
) -> go.Figure:
    """Precision against the share found, a line a score.  share: of outliers = guessing."""
    figure = _guessing((share, share))
    for name, one in curves.items():
        hover = "found %{x:.1%}, precision %{y:.1%}"
        line = _line(len(figure.data) - 1, name == shown, name in dashed)
        _add_curve(figure, one.found[1:], one.precision[1:], name, line, hover)
    figure.update_xaxes(title_text="found, share of the outliers", range=[0, 1])
    figure.update_yaxes(title_text="precision, share of the flagged", range=[0, 1.01])
    return figure


def class_spread(scores: Scores, stack: Stack, unit: str, value: float) -> go.Figure:
    """A box a class: median, quartiles, and whiskers to 5 and 95 %; the threshold as a line."""
    figure = go.Figure()
    names, quantiles, means = [], [], []
    for i, name in enumerate(stack.names):
        mine = scores[stack.labels == i]
        if len(mine):
            names.append(hover_text(name))
            quantiles.append(np.quantile(mine, (0.05, 0.25, 0.5, 0.75, 0.95)))
            means.append(mine.mean())
    low, q1, median, q3, high = np.array(quantiles).T
    figure.add_box(
        x=names, lowerfence=low, q1=q1, median=median, q3=q3, upperfence=high, mean=means,
        marker_color=theme.LIGHT["reconstructed"], line_width=1.5, name="images", showlegend=False,
    )  # fmt: skip
    figure.add_hline(y=value, line_width=1.5, line_color=theme.LIGHT["outlier"])
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text=unit)
    figure.update_layout(height=300, margin=MARGIN)
    return figure


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
        name="usual, scaled to as many",
        hoverinfo="skip",
    )


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


def _guessing(y: tuple[float, float]) -> go.Figure:
    """An empty chart with the line that guessing would give from left to right."""
    figure = go.Figure()
    line = {"color": "#8d96a1", "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=y, mode="lines", name="guessing", line=line, hoverinfo="skip")
    legend = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 11}}
    figure.update_layout(height=520, margin=MARGIN, legend=legend)
    return figure


def _line(i: int, strong: bool, dashed: bool) -> dict[str, Any]:
    """Baselines are dashed; what comes after all colours is dotted."""
    dash = "dash" if dashed else "dot" if i >= len(COLOURS) else "solid"
    return {"color": COLOURS[i % len(COLOURS)], "width": 4 if strong else 1.5, "dash": dash}


def _add_curve(
    figure: go.Figure, x: Scores, y: Scores, name: str, line: dict[str, Any], hover: str
) -> None:
    few = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(np.int64))
    figure.add_scatter(
        x=x[few].astype(np.float32),
        y=y[few].astype(np.float32),
        mode="lines",
        name=name,
        line=line,
        hovertemplate=hover,
    )
