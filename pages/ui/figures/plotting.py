"""A chart as plotly draws it on a page; core/reports/svg.py draws the same for reports. No st."""

import re
from itertools import pairwise
from typing import Any, assert_never

import numpy as np
import plotly.graph_objects as go

from core.reports.charts import Axis, Chart, Dot, Series, Shape
from pages.ui.figures.text import hover_text, wrapped

MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
EDGE = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
SYMBOLS: dict[Shape, str] = {"circle": "circle", "x": "x", "tick": "line-ns"}
OF_BAND = 0.15  # opacity
RIGHT = 0.7  # of the width: beyond it the name of an upright line stands on its left
_NAMED = re.compile(r"\{(x|y|low|high)(:[^}]*)?\}")
_AT = {"x": "x", "y": "y", "low": "customdata[0]", "high": "customdata[1]"}


def figure(chart: Chart, height: int = 360) -> go.Figure:
    """The chart with a legend above it.  height: pixels."""
    drawn = go.Figure()
    for one in chart.series:
        if one.band is not None:
            drawn.add_trace(_area(one))
        drawn.add_trace(_trace(one))
    if chart.dots:
        drawn.add_trace(_numbered(chart.dots))
    drawn.update_xaxes(**_axis(chart.x))
    drawn.update_yaxes(**_axis(chart.y))
    if any(one.kind == "edge" for one in chart.series):
        drawn.update_layout(yaxis2=EDGE)
    if chart.at:
        _add_upright(drawn, chart)
    return drawn.update_layout(
        height=height,
        margin=MARGIN,
        legend=LEGEND,
        barmode="stack" if chart.stacked else "overlay",
        bargap=0.04,
    )


def _trace(one: Series) -> go.Bar | go.Scatter:
    match one.kind:
        case "bars":
            return _bars(one)
        case "line":
            mode = "lines+markers" if one.has_marks else "lines"
            line = {"color": one.colour, "dash": one.dash, "width": one.width}
            return go.Scatter(**_common(one), mode=mode, line=line, marker={"size": one.size or 5})
        case "dots":
            return go.Scatter(**_common(one), mode="markers", marker=_marker(one))
        case "edge":
            return go.Scatter(**_common(one), mode="markers", marker=_marker(one), yaxis="y2")
        case kind:
            assert_never(kind)


def _bars(one: Series) -> go.Bar:
    return go.Bar(
        **_common(one) | {"x": (one.x[:-1] + one.x[1:]) / 2},
        width=np.diff(one.x),
        marker={"color": one.colour, "line": {"width": 0}},
        customdata=np.array(list(pairwise(one.x))),
    )


def _marker(one: Series) -> dict[str, Any]:
    marker: dict[str, Any] = {"symbol": SYMBOLS[one.shape], "size": one.size or 9}
    if one.shape == "tick":  # it has a line and no area
        return marker | {"line": {"width": 1.5, "color": one.colour}}
    return marker | {"color": one.colour}


def _common(one: Series) -> dict[str, Any]:
    """Properties shared by all kinds of traces: values, name, place in the legend, hover text."""
    named = {"name": hover_text(one.name)} if one.name else {"showlegend": False}
    values = {"x": one.x, "y": one.y, "legendrank": 1001 if one.is_last else 1000}
    return named | values | _hover(one)


def _hover(one: Series) -> dict[str, Any]:
    if not one.hover:
        return {"hoverinfo": "skip"}
    said = _NAMED.sub(lambda found: f"%{{{_AT[found[1]]}{found[2] or ''}}}", one.hover)
    if one.texts:
        names = [hover_text(text) for text in one.texts]
        return {"hovertext": names, "hovertemplate": f"%{{hovertext}}<br>{said}<extra></extra>"}
    if one.about:
        return {"hovertemplate": f"{wrapped(one.about)}<br>{said}<extra></extra>"}
    return {"hovertemplate": said if one.name else f"{said}<extra></extra>"}


def _area(one: Series) -> go.Scatter:
    """The band around a line."""
    assert one.band is not None
    return go.Scatter(
        x=np.concatenate([one.x, one.x[::-1]]),
        y=np.concatenate([one.band.high, one.band.low[::-1]]),
        mode="lines",
        fill="toself",
        fillcolor=one.colour,
        opacity=OF_BAND,
        line={"width": 0},
        showlegend=False,
        hoverinfo="skip",
    )


def _numbered(dots: tuple[Dot, ...]) -> go.Scatter:
    """Numbered places, with their sentences under the pointer."""
    return go.Scatter(
        x=[dot.x for dot in dots],
        y=[dot.y for dot in dots],
        mode="markers+text",
        text=[hover_text(dot.number) for dot in dots],
        textposition="top right",
        marker={"symbol": "circle-open", "size": 8},
        hovertext=[wrapped(dot.text) for dot in dots],
        hoverinfo="text",
        showlegend=False,
    )


def _axis(axis: Axis) -> dict[str, Any]:
    """As plotly takes it: the ends of a logarithmic axis are powers of ten."""
    found: dict[str, Any] = {"title_text": axis.title, "type": "log" if axis.log else "linear"}
    if axis.ticks is not None:
        found |= {"tickvals": list(axis.ticks), "ticktext": list(axis.ticks.values())}
    if axis.low == 0 and axis.high is None and not axis.log:
        return found | {"rangemode": "tozero"}
    if axis.low is None and axis.high is None:
        return found
    ends = [None if end is None else _place(end, axis) for end in (axis.low, axis.high)]
    return found | {"range": ends}


def _place(value: float, axis: Axis) -> float:
    return float(np.log10(value)) if axis.log else value


def _add_upright(drawn: go.Figure, chart: Chart) -> None:
    """The upright line and its name, on the side where there is room."""
    assert chart.at is not None
    at = chart.at
    drawn.add_vline(x=at.x, line_width=at.width, line_color=at.colour)
    ends = [one.x[[0, -1]] for one in chart.series if len(one.x) and one.kind != "edge"]
    every = np.concatenate(ends) if ends else np.array([at.x])
    low, place, high = (_place(float(one), chart.x) for one in (every.min(), at.x, every.max()))
    is_right = place - low > RIGHT * (high - low)
    drawn.add_annotation(
        x=place,
        y=1,
        yref="paper",
        yanchor="top",
        showarrow=False,
        xanchor="right" if is_right else "left",
        xshift=-4 if is_right else 4,
        text=hover_text(at.name),
        font={"color": at.colour, "size": 12},
    )
