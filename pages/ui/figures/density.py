"""A map of more points than a browser can draw: counted in cells and sent as a picture.

A cell has the mean colour of its points; its opacity grows with their number. With fewer points in
view the cells are larger, so that single points can be seen. No st calls.
"""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from PIL import Image

from core.latent.density import Cells, cells
from pages.ui.figures import mosaic, theme
from pages.ui.figures.colouring import TABLES, Colouring, Groups, Mask, Scale, ends, rgb
from pages.ui.figures.scatter import MapStyle, Places, Points, legend, stops
from pages.ui.figures.text import hover_text

Picture = npt.NDArray[np.uint8]
Extent = tuple[tuple[float, float], tuple[float, float]]
WIDTH, HEIGHT = 900, 600  # pixels of the picture
# From so many points in view: pixels of a cell.
CELLS = ((200_000, 1), (30_000, 2), (8_000, 3), (1_000, 4), (0, 6))
FAINTEST = {"groups": 0.5, "scale": 0.8}  # opacity of a cell with one point
HELD = 400  # invisible points of the chart, which make selecting possible
AIR = 0.04  # margin, as a share of the data's extent


def extent_of(xy: Places) -> Extent:
    """The extent of all points, with a margin."""
    low, high = xy.min(axis=0).astype(float), xy.max(axis=0).astype(float)
    air = AIR * np.where(high > low, high - low, 1.0)
    (x0, y0), (x1, y1) = (low - air).tolist(), (high + air).tolist()
    return (x0, x1), (y0, y1)


def picture(
    points: Points, colouring: Colouring, selected: Mask | None, view: Extent
) -> tuple[Picture, int]:
    """The picture as RGBA (HEIGHT, WIDTH, 4), and the number of points in view.

    selected: (N,) True for points that are not faded; None if nothing is selected.
    """
    fine = cells(points.xy, *view, HEIGHT, WIDTH)
    side = next(side for least, side in CELLS if len(fine.at) >= least)
    found = fine if side == 1 else cells(points.xy, *view, HEIGHT // side, WIDTH // side)
    if selected is None:
        return _enlarged(_coloured(found, colouring), side), len(fine.at)
    drawn = _faded(found.among(~selected))
    bright = _coloured(found.among(selected), colouring)
    bright[..., 3] = np.where(bright[..., 3] > 0, 255, 0)
    over = bright[..., 3:] > 0
    return _enlarged(np.where(over, bright, drawn), side), len(fine.at)


def figure(
    points: Points, colouring: Colouring, seen: Picture, view: Extent, look: MapStyle
) -> go.Figure:
    """The map with its picture, and a legend with the size of each group."""
    drawn = go.Figure()
    (x0, x1), (y0, y1) = view
    drawn.add_layout_image(
        source=_address(seen), xref="x", yref="y", x=x0, y=y1, sizex=x1 - x0, sizey=y1 - y0,
        sizing="stretch", layer="above",
    )  # fmt: skip
    drawn.add_trace(_held(points))
    for trace in _keys(points, colouring):
        drawn.add_trace(go.Scatter(x=[None], y=[None], mode="markers", hoverinfo="skip", **trace))
    drawn.update_xaxes(title_text=look.axes[0], range=[x0, x1], zeroline=False)
    drawn.update_yaxes(title_text=look.axes[1], range=[y0, y1], zeroline=False)
    still = {"itemclick": False, "itemdoubleclick": False}
    return drawn.update_layout(
        height=look.height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=look.drag,
        hovermode=False,
        uirevision=look.revision,
        legend=legend(colouring) | still,
    )


def _coloured(found: Cells, colouring: Colouring) -> Picture:
    """RGBA (rows, columns, 4): mean colour of each cell's points, opacity by their number."""
    if isinstance(colouring, Groups):
        faintest, of_points = FAINTEST["groups"], rgb(colouring)
        colours = np.dstack([found.means(of_points[:, channel]) for channel in range(3)])
    else:
        faintest, (low, high) = FAINTEST["scale"], ends(colouring)
        share = np.clip((np.nan_to_num(found.means(colouring.values)) - low) / (high - low), 0, 1)
        colours = TABLES[colouring.colours][np.rint(share * 255).astype(np.uint8)].astype(float)
    drawn = np.dstack([np.nan_to_num(colours), _opacity(found.counts, faintest)])
    return drawn.round().astype(np.uint8)


def _faded(found: Cells) -> Picture:
    total = found.counts
    grey = np.array(list(bytes.fromhex(theme.FADED[1:])), float)
    colours = np.broadcast_to(grey, (*total.shape, 3))
    return np.dstack([colours, 0.5 * _opacity(total, FAINTEST["groups"])]).round().astype(np.uint8)


def _opacity(total: npt.NDArray[np.int64], faintest: float) -> npt.NDArray[np.float64]:
    """Opacity 0 to 255: 0 for empty cells, else by the logarithm of the count."""
    most = max(float(np.quantile(total[total > 0], 0.99)) if total.any() else 1.0, 2.0)
    share = np.clip(np.log(np.maximum(total, 1)) / np.log(most), 0, 1)
    return np.where(total > 0, 255 * (faintest + (1 - faintest) * share), 0.0)


def _enlarged(drawn: Picture, side: int) -> Picture:
    return drawn if side == 1 else drawn.repeat(side, axis=0).repeat(side, axis=1)


def _address(seen: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(seen).save(file, "PNG", compress_level=1)
    return mosaic.data_url(file.getvalue())


def _held(points: Points) -> go.Scatter:
    """Invisible points: the outermost, which define the full view, and some others."""
    outermost = np.concatenate([points.xy.argmin(axis=0), points.xy.argmax(axis=0)])
    some = np.linspace(0, len(points.xy) - 1, HELD).astype(int)
    x, y = points.xy[np.concatenate([outermost, some])].T
    return go.Scatter(
        x=x, y=y, mode="markers", marker={"opacity": 0, "size": 1}, hoverinfo="skip",
        showlegend=False, selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )  # fmt: skip


def _keys(points: Points, colouring: Colouring) -> list[dict[str, Any]]:
    """Traces without points that make the legend or the colour bar."""
    if isinstance(colouring, Groups):
        return _group_keys(colouring)
    return [_scale_key(points, colouring)]


def _group_keys(groups: Groups) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{hover_text(part.label)} ({int(part.members.sum()):,})",
            "marker": {"color": part.style.colour, "size": 9},
            "showlegend": True,
            "legendrank": 1000 if part.name else 1001,
        }
        for part in groups.parts
    ]


def _scale_key(points: Points, scale: Scale) -> dict[str, Any]:
    low, high = ends(scale)
    marker = {
        "color": [low], "cmin": low, "cmax": high, "colorscale": stops(TABLES[scale.colours]),
        "showscale": True,
        "colorbar": {"title": {"text": scale.title, "side": "right"}, "thickness": 12},
    }  # fmt: skip
    return {"name": f"images ({len(points.xy):,})", "marker": marker, "showlegend": False}
