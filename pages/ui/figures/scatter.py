"""A WebGL scatter plot of coloured points, with unselected points faded. No st calls."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.ui.figures import theme
from pages.ui.figures.colouring import TABLES, Colouring, Groups, Mask, Part, Positions, Scale, ends
from pages.ui.figures.text import hover_text, wrapped

Places = npt.NDArray[np.float32]
FADED_SIZE, FADED_OPACITY = 3, 0.35  # of unselected points
GROWN = 1.5  # pixels by which selected points are larger
LEGEND = 0.3  # of the height at most


@dataclass(frozen=True)
class Points:
    """Coordinates of N images.

    xy: (N, 2).  other: (N,) True for images of the other split, drawn as rings.  others: name of an
    image of the other split.
    """

    xy: Places
    ids: npt.NDArray[np.str_]
    other: Mask
    others: str

    @cached_property
    def plain(self) -> bool:
        """Whether every id can be shown in plotly without escaping."""
        return not any(char in name for name in self.ids.tolist() for char in "<>&")


@dataclass(frozen=True)
class MapStyle:
    """Options for drawing a map.

    axes: titles.  drag: lasso, select, pan or zoom.  extent: ((x0, x1), (y0, y1)) if zoomed, else
    None.  revision: plotly's uirevision; another number resets the view.
    """

    axes: tuple[str, str]
    drag: str = "lasso"
    extent: tuple[tuple[float, float], tuple[float, float]] | None = None
    revision: int = 0
    height: int = 660


def figure(
    points: Points, colouring: Colouring, selected: Mask | None, look: MapStyle
) -> go.Figure:
    """The map.  selected: (N,) True for points that are not faded; None if nothing is selected."""
    drawn = go.Figure()
    traces = _group_traces if isinstance(colouring, Groups) else _scale_traces
    for trace, members in traces(points, colouring):  # type: ignore[arg-type]
        drawn.add_trace(go.Scattergl(**(_common(points, members, selected) | trace)))
    drawn.update_xaxes(title_text=look.axes[0], zeroline=False)
    drawn.update_yaxes(title_text=look.axes[1], zeroline=False)
    if look.extent:
        drawn.update_xaxes(range=look.extent[0])
        drawn.update_yaxes(range=look.extent[1])
    drawn.update_layout(
        height=look.height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=look.drag,
        clickmode="event" if look.drag == "zoom" else "event+select",
        hovermode="closest",
        uirevision=look.revision,
        legend=legend(colouring) | {"itemsizing": "constant"},
    )
    return drawn


def legend(colouring: Colouring) -> dict[str, Any]:
    """The layout of the legend: above the map, scrolling beyond LEGEND of the height."""
    return {
        "title": {"text": hover_text(colouring.title)},
        "orientation": "h",
        "x": 0,
        "y": 1.02,
        "yanchor": "bottom",
        "maxheight": LEGEND,
    }


def _group_traces(points: Points, groups: Groups) -> list[tuple[dict[str, Any], Positions]]:
    """Traces with rings first, so that the chosen split lies on top."""
    found = []
    for ring in (True, False):
        for part in groups.parts:
            members = np.flatnonzero(part.members & (points.other == ring))
            if len(members):
                found.append((_group_trace(points, groups, part, members), members))
    return found


def _group_trace(points: Points, groups: Groups, part: Part, members: Positions) -> dict[str, Any]:
    """The trace of the points of a group at `members`, either all rings or none."""
    ring = bool(points.other[members[0]])
    words = f"{part.label}, {points.others}" if ring else part.label
    marker = {
        "color": part.style.colour,
        "size": _size(len(points.xy)),
        "symbol": part.style.shape + ("-open" if ring else ""),
        "opacity": 0.45 if ring else 0.85,
    }
    trace: dict[str, Any] = {
        "name": f"{hover_text(words)} ({len(members):,})",
        "marker": marker,
        "showlegend": True,
        "legendrank": 1000 if part.name else 1001,  # the others are drawn first and listed last
    }
    if part.name:
        whole = f"{part.name}, {points.others}" if ring else part.name
        return trace | {"hovertemplate": _hover(wrapped(whole), points)}
    names = {i: wrapped(groups.names[i]) for i in np.unique(groups.of[members]).tolist()}
    ids, of = points.ids[members].tolist(), groups.of[members].tolist()
    text = [f"{names[i]}<br>{hover_text(one)}" for i, one in zip(of, ids, strict=True)]
    return trace | {"text": text, "hovertemplate": "%{text}<extra></extra>"}


def _scale_traces(points: Points, scale: Scale) -> list[tuple[dict[str, Any], Positions]]:
    low, high = ends(scale)
    found = []
    for ring in (True, False):
        members = np.flatnonzero(points.other == ring)
        if not len(members):
            continue
        marker = {
            "color": scale.values[members].astype(np.float32),
            "cmin": low,
            "cmax": high,
            "colorscale": stops(TABLES[scale.colours]),
            "size": _size(len(points.xy)),
            "symbol": "circle-open" if ring else "circle",
            "opacity": 0.45 if ring else 0.85,
            "showscale": not ring,
            "colorbar": {"title": {"text": scale.title, "side": "right"}, "thickness": 12},
        }
        hover = _hover(f"{hover_text(scale.title)} %{{marker.color:.4g}}", points)
        name = f"{points.others if ring else 'images'} ({len(members):,})"
        trace = {"name": name, "marker": marker, "hovertemplate": hover}
        found.append((trace | {"showlegend": bool(points.other.any())}, members))
    return found


def stops(table: npt.NDArray[np.uint8]) -> list[list[Any]]:
    """A table of 256 colours as a colour scale of plotly."""
    return [[i / 15, f"rgb({r}, {g}, {b})"] for i, (r, g, b) in enumerate(table[::17].tolist())]


def _hover(words: str, points: Points) -> str:
    """The tooltip: words and the id, which is sent escaped if it is not plain."""
    shown = "customdata" if points.plain else "text"
    return f"{words}<br>%{{{shown}}}<extra></extra>"


def _common(points: Points, members: Positions, selected: Mask | None) -> dict[str, Any]:
    bright = None if selected is None else np.flatnonzero(selected[members]).tolist()
    ids = points.ids[members].tolist()
    faded = {"color": theme.FADED, "size": FADED_SIZE, "opacity": FADED_OPACITY}
    return {
        "x": points.xy[members, 0],
        "y": points.xy[members, 1],
        "customdata": ids,
        "text": None if points.plain else [hover_text(name) for name in ids],
        "mode": "markers",
        "selectedpoints": bright,
        "selected": {"marker": {"size": _size(len(points.xy)) + GROWN, "opacity": 1}},
        "unselected": {"marker": faded},
    }


def _size(n: int) -> float:
    """Point size in pixels, smaller for more points, so that they overlap less."""
    return float(np.interp(np.log10(max(n, 1)), [2.5, 3, 4, 5], [8, 7, 4.5, 3.5]))
