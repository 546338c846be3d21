"""Points to a WebGL scatter: coloured, with a legend that counts, the selection bright. No st."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.text import hover_text

Places = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
# Petroff 2021, ten colours told apart by colour-blind people too, on light and on dark.
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up")  # after ten, another shape
VIRIDIS = theme.interpolated(
    "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"
)  # Smith and van der Walt 2015: (256, 3)
FADED = 0.12  # opacity of what is not selected


@dataclass(frozen=True)
class Groups:
    """Colours by name.  of: (N,) indices into names.  A name's count is in the legend."""

    title: str
    names: tuple[str, ...]
    of: Positions


@dataclass(frozen=True)
class Scale:
    """Colours by number.  values: (N,).  warm: the scale of errors, else a neutral one."""

    title: str
    values: npt.NDArray[np.floating]
    warm: bool


Colouring = Groups | Scale


@dataclass(frozen=True)
class Points:
    """Where N images lie.  xy: (N, 2).  other: (N,) those of the other part, drawn as rings.
    others: what that part is called.
    """

    xy: Places
    ids: npt.NDArray[np.str_]
    other: Mask
    others: str


@dataclass(frozen=True)
class Look:
    """How a map is drawn.  axes: titles.  drag: lasso, select, pan or zoom.  extent: ((x0, x1),
    (y0, y1)) if it is zoomed.  revision: another number draws the map anew.
    """

    axes: tuple[str, str]
    drag: str = "lasso"
    extent: tuple[tuple[float, float], tuple[float, float]] | None = None
    revision: int = 0
    height: int = 660


def figure(points: Points, colouring: Colouring, selected: Mask | None, look: Look) -> go.Figure:
    """The map.  selected: (N,) what is bright, the rest faded; None if nothing is selected."""
    drawn = go.Figure()
    traces = _group_traces if isinstance(colouring, Groups) else _scale_traces
    for trace, members in traces(points, colouring):  # type: ignore[arg-type]
        drawn.add_trace(go.Scattergl(**_common(points, members, selected), **trace))
    drawn.update_xaxes(title_text=look.axes[0], zeroline=False)
    drawn.update_yaxes(title_text=look.axes[1], zeroline=False)
    if look.extent:
        drawn.update_xaxes(range=look.extent[0])
        drawn.update_yaxes(range=look.extent[1])
    drawn.update_layout(
        height=look.height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode=look.drag,
        hovermode="closest",
        uirevision=look.revision,
        legend={
            "title": {"text": colouring.title},
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "itemsizing": "constant",
        },
    )
    return drawn


def rgb(colouring: Colouring) -> npt.NDArray[np.uint8]:
    """The colour of each point for a picture: (N, 3)."""
    if isinstance(colouring, Groups):
        table = np.array([list(bytes.fromhex(colour[1:])) for colour in COLOURS], np.uint8)
        return np.asarray(table[colouring.of % len(COLOURS)])
    low, high = _ends(colouring)
    share = np.clip((np.nan_to_num(colouring.values) - low) / (high - low), 0, 1)
    table = theme.ERROR_COLOURS if colouring.warm else VIRIDIS
    return np.asarray(table[np.rint(share * 255).astype(np.uint8)])


def _ends(scale: Scale) -> tuple[float, float]:
    """The values of the first and of the last colour; few strays are beyond the last."""
    low, high = (float(np.nanquantile(scale.values, share)) for share in (0.0, 0.995))
    return low, max(high, low + 1e-9)


def _group_traces(points: Points, groups: Groups) -> list[tuple[dict[str, Any], Positions]]:
    """Rings first, so that the part that is judged lies on top."""
    size = _size(len(points.xy))
    found = []
    for ring in (True, False):
        for i, name in enumerate(groups.names):
            members = np.flatnonzero((groups.of == i) & (points.other == ring))
            if not len(members):
                continue
            shape = SYMBOLS[i // len(COLOURS) % len(SYMBOLS)] + ("-open" if ring else "")
            marker: dict[str, Any] = {"color": COLOURS[i % len(COLOURS)], "size": size}
            marker |= {"symbol": shape, "opacity": 0.45 if ring else 0.85}
            words = f"{name}, {points.others}" if ring else name
            trace: dict[str, Any] = {
                "name": f"{hover_text(words)} ({len(members):,})",
                "marker": marker,
            }
            trace |= {"hovertemplate": _hover(hover_text(words)), "showlegend": True}
            found.append((trace, members))
    return found


def _scale_traces(points: Points, scale: Scale) -> list[tuple[dict[str, Any], Positions]]:
    low, high = _ends(scale)
    found = []
    for ring in (True, False):
        members = np.flatnonzero(points.other == ring)
        if not len(members):
            continue
        marker = {
            "color": scale.values[members].astype(np.float32),
            "cmin": low,
            "cmax": high,
            "colorscale": _stops(theme.ERROR_COLOURS if scale.warm else VIRIDIS),
            "size": _size(len(points.xy)),
            "symbol": "circle-open" if ring else "circle",
            "opacity": 0.45 if ring else 0.85,
            "showscale": not ring,
            "colorbar": {"title": {"text": scale.title, "side": "right"}, "thickness": 12},
        }
        hover = _hover(f"{hover_text(scale.title)} %{{marker.color:.4f}}")
        name = f"{points.others if ring else 'images'} ({len(members):,})"
        trace = {"name": name, "marker": marker, "hovertemplate": hover}
        found.append((trace | {"showlegend": bool(points.other.any())}, members))
    return found


def _stops(table: npt.NDArray[np.uint8]) -> list[list[Any]]:
    """A table of 256 colours as plotly takes them."""
    return [[i / 15, f"rgb({r}, {g}, {b})"] for i, (r, g, b) in enumerate(table[::17].tolist())]


def _hover(words: str) -> str:
    return f"{words}<br>%{{text}}<extra></extra>"


def _common(points: Points, members: Positions, selected: Mask | None) -> dict[str, Any]:
    bright = None if selected is None else np.flatnonzero(selected[members]).tolist()
    ids = points.ids[members].tolist()
    return {
        "x": points.xy[members, 0],
        "y": points.xy[members, 1],
        "customdata": ids,
        "text": [hover_text(name) for name in ids],
        "mode": "markers",
        "selectedpoints": bright,
        "unselected": {"marker": {"color": theme.LIGHT["original"], "opacity": FADED}},
    }


def _size(n: int) -> float:
    """Smaller points for more of them, so that they do not hide each other."""
    return float(np.interp(np.log10(max(n, 1)), [2.5, 3, 4, 5], [8, 7, 4.5, 3.5]))
