"""How well scores tell known outliers from the rest, as curves: data to plotly. No st calls."""

import io
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from PIL import Image, ImageDraw

from core.anomaly.rankings import Curves
from pages.ui.figures import mosaic, theme
from pages.ui.outliers.histogram import MARGIN, Scores

MOST_POINTS = 600  # of a curve that is drawn
WIDTH = 96  # pixels of a sample
PATTERNS = {  # pixels drawn and left out
    "solid": ((WIDTH, 0),),
    "dash": ((20, 12),),
    "dot": ((6, 8),),
    "dashdot": ((20, 8), (6, 8)),
}


class Style(NamedTuple):
    """Of a curve, as plotly takes it."""

    color: str
    width: float
    dash: str


def styles(names: Sequence[str], shown: str, dashed: Collection[str]) -> dict[str, Style]:
    """How each curve is drawn, by its name, so that no two of twenty look alike.

    shown: drawn thick.  dashed: the baselines.  After the last colour dots are added.
    """
    found = {}
    for i, name in enumerate(names):
        is_late = i >= len(theme.PALETTE)
        dash = ("dash", "dashdot")[is_late] if name in dashed else ("solid", "dot")[is_late]
        found[name] = Style(theme.style(i).colour, 4 if name == shown else 1.5, dash)
    return found


def roc(curves: Mapping[str, Curves], drawn: Mapping[str, Style]) -> go.Figure:
    """Outliers found against false alarms, a line a score."""
    figure = _guessing((0.0, 1.0))
    for name, one in curves.items():
        hover = "false alarms %{x:.1%}, found %{y:.1%}"
        _add_curve(figure, one.false_alarms, one.found, name, drawn[name], hover)
    figure.update_xaxes(title_text="false alarms, share of the normal images", range=[0, 1])
    figure.update_yaxes(title_text="found, share of the outliers", range=[0, 1.01])
    return figure


def precision_recall(
    curves: Mapping[str, Curves], drawn: Mapping[str, Style], share: float
) -> go.Figure:
    """Precision against the share found, a line a score.  share: of outliers = guessing."""
    figure = _guessing((share, share))
    for name, one in curves.items():
        hover = "found %{x:.1%}, precision %{y:.1%}"
        _add_curve(figure, one.found[1:], one.precision[1:], name, drawn[name], hover)
    figure.update_xaxes(title_text="found, share of the outliers", range=[0, 1])
    figure.update_yaxes(title_text="precision, share of the flagged", range=[0, 1.01])
    return figure


def sample(style: Style) -> str:
    """A short piece of a curve, as a picture that a table can hold."""
    image = Image.new("RGBA", (WIDTH, 36))
    half, left, pattern = int(2 + style.width), 0, PATTERNS[style.dash]
    while left < WIDTH:
        for on, off in pattern:
            if left < WIDTH:
                box = (left, 18 - half, min(WIDTH - 1, left + on - 1), 18 + half)
                ImageDraw.Draw(image).rectangle(box, fill=style.color)
            left += on + off
    file = io.BytesIO()
    image.save(file, "PNG")
    return mosaic.data_url(file.getvalue())


def _guessing(y: tuple[float, float]) -> go.Figure:
    """An empty chart with the line that guessing would give from left to right."""
    figure = go.Figure()
    line = {"color": theme.REFERENCE, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=y, mode="lines", name="guessing", line=line, hoverinfo="skip")
    figure.update_layout(height=380, margin=MARGIN, showlegend=False)
    return figure


def _add_curve(
    figure: go.Figure, x: Scores, y: Scores, name: str, style: Style, hover: str
) -> None:
    few = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(np.int64))
    figure.add_scatter(
        x=x[few].astype(np.float32),
        y=y[few].astype(np.float32),
        mode="lines",
        name=name,
        line=style._asdict(),
        hovertemplate=hover,
    )
