"""A run's numbers to plotly figures. No st calls."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.runs.records import Curves
from core.text import natural, shortened
from pages.ui.figures import theme
from pages.ui.figures.colouring import Groups
from pages.ui.figures.text import hover_text
from pages.ui.figures.theme import Style

Array = npt.NDArray[np.float32]
EXPLODED = "exploded, or no number any more"


def loss_curves(curves: Curves, epochs: int, log: bool) -> go.Figure:
    """A run's losses as they grow: training with its looks inside the epochs, and test.

    epochs: how many there will be.  log: a logarithmic axis.
    """
    figure = go.Figure()
    done = np.array([record.epoch for record in curves.epochs], np.float32)
    train = np.array([record.train_loss for record in curves.epochs], np.float32)
    test = np.array([record.test_mse for record in curves.epochs], np.float32)
    looked = curves.looked.astype(np.float32)
    _line(figure, looked[:, 0], looked[:, 1], "training, inside the epoch", theme.FADED, "dot")
    _line(figure, done, train, "training", theme.LIGHT["original"], "solid")
    _line(figure, done, test, "test", theme.LIGHT["reconstructed"], "solid")
    _exploded(figure, curves.exploded(), theme.LIGHT["outlier"])
    now = max(done.max(initial=0), looked[:, 0].max(initial=0))
    figure.update_xaxes(title_text="epochs done", range=[0, max(2, min(epochs, 1.25 * now))])
    return _losses(figure, log)


def compared_losses(
    curves: Mapping[str, Curves], log: bool, drawn: Mapping[str, Style]
) -> go.Figure:
    """The test error of several runs, a line each.  curves, drawn (how): by name."""
    figure = go.Figure()
    for name, one in curves.items():
        done = np.array([record.epoch for record in one.epochs], np.float32)
        test = np.array([record.test_mse for record in one.epochs], np.float32)
        colour = drawn[name].colour
        _line(figure, done, test, hover_text(name), colour, drawn[name].dash)
        _exploded(figure, one.exploded(), colour, hover_text(name))
    figure.update_xaxes(title_text="epochs done", rangemode="tozero")
    figure = _losses(figure, log)
    figure.update_yaxes(title_text="test MSE (pixels 0 to 1)")
    return figure.update_layout(height=320, showlegend=True)


def code_map(codes: Array, labels: Sequence[str]) -> go.Figure:
    """Where a plane of codes has the test images, with each class named in its middle.

    codes: (n, 2).  labels: n classes, or none.  Of many classes the most frequent are named.
    """
    names = np.array(labels) if labels else np.full(len(codes), "")
    placed = np.isfinite(codes).all(axis=1)
    codes, names = codes[placed], names[placed]
    every = tuple(sorted(set(names.tolist()), key=natural))
    of = {name: i for i, name in enumerate(every)}
    groups = Groups("class", every, np.array([of[name] for name in names.tolist()], np.int64))
    figure = go.Figure()
    shorts = shortened([part.name for part in groups.parts], 12)
    for part, short in zip(groups.parts, shorts, strict=True):
        x, y = codes[part.members].T
        marker = {"size": 4, "color": part.style.colour, "opacity": 0.7, "symbol": part.style.shape}
        whole = hover_text(part.name or part.label)
        figure.add_scattergl(x=x, y=y, mode="markers", name=whole, marker=marker, hoverinfo="name")
        if part.name:
            figure.add_annotation(
                x=float(np.median(x)), y=float(np.median(y)),
                text=hover_text(short), showarrow=False, opacity=0.8,
                font={"size": 15, "weight": 700, "color": theme.PAPER}, bgcolor=part.style.colour,
            )  # fmt: skip
    figure.update_xaxes(title_text="z0, first number of the code")
    figure.update_yaxes(title_text="z1, second number of the code")
    margin = {"l": 8, "r": 8, "t": 8, "b": 8}
    return figure.update_layout(height=320, margin=margin, showlegend=False, uirevision="code_map")


def _line(figure: go.Figure, x: Array, y: Array, name: str, colour: str, dash: str) -> None:
    """One more curve of losses; single points are seen, too."""
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers" if len(x) < 30 else "lines",
        name=name,
        line={"color": colour, "dash": dash, "width": 2},
        marker={"size": 5},
        hovertemplate="epoch %{x:.2f}: %{y:.4g}",
    )


def _exploded(figure: go.Figure, at: Sequence[float], colour: str, whose: str = "") -> None:
    """Crosses near the upper edge, where a loss or an error cannot be drawn any more.

    whose: the name of the curve that they belong to, if there are several; it tells them in hovers.
    """
    if at:
        figure.add_scatter(
            x=np.array(at, np.float32),
            y=np.full(len(at), 0.94, np.float32),
            yaxis="y2",
            mode="markers",
            name=f"{whose}: {EXPLODED}" if whose else EXPLODED,
            showlegend=not whose,
            marker={"color": colour, "symbol": "x", "size": 10},
            hovertemplate="epoch %{x:.2f}",
        )


def _losses(figure: go.Figure, log: bool) -> go.Figure:
    figure.update_yaxes(title_text="loss (MSE, pixels 0 to 1)")
    if log:
        figure.update_yaxes(type="log")
    else:
        figure.update_yaxes(rangemode="tozero")
    edge = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    return figure.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        yaxis2=edge,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision="losses",
    )
