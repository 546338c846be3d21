"""Plotly figures of a run's losses, codes and pictures. No st calls."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves, Pictures
from core.text import natural, shortened
from pages.ui.components.sweep import Cell, Frames, Row, Stat, Still, Sweep
from pages.ui.figures import mosaic, theme
from pages.ui.figures.colouring import Groups
from pages.ui.figures.text import hover_text
from pages.ui.figures.theme import Style

Array = npt.NDArray[np.float32]
EXPLODED = "too large to draw, or not a number (NaN)"


def loss_curves(curves: Curves, epochs: int, log: bool) -> go.Figure:
    """A run's training loss, also within epochs, and its test error.

    epochs: number of epochs of the whole run.  log: a logarithmic axis.
    """
    figure = go.Figure()
    done = np.array([record.epoch for record in curves.epochs], np.float32)
    train = np.array([record.train_loss for record in curves.epochs], np.float32)
    test = np.array([record.test_mse for record in curves.epochs], np.float32)
    looked = curves.looked.astype(np.float32)
    _line(figure, looked[:, 0], looked[:, 1], "training, within the epoch", theme.FADED, "dot")
    _line(figure, done, train, "training", theme.LIGHT["original"], "solid")
    _line(figure, done, test, "test", theme.LIGHT["reconstructed"], "solid")
    _exploded(figure, curves.exploded(), theme.LIGHT["outlier"])
    now = max(done.max(initial=0), looked[:, 0].max(initial=0))
    figure.update_xaxes(title_text="epochs done", range=[0, max(2, min(epochs, 1.25 * now))])
    return _losses(figure, log)


def compared_losses(
    curves: Mapping[str, Curves], log: bool, drawn: Mapping[str, Style]
) -> go.Figure:
    """The test errors of several runs, a line each.  curves, drawn: curves and styles by name."""
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
    """A map of the codes of test images, with the name of each class at its mean.

    codes: (n, 2).  labels: n classes, or none.  Only the most frequent of many classes are named.
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
    """Add a curve of losses; isolated points are drawn as dots."""
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
    """Add crosses near the upper edge, where a loss is too large or NaN.

    whose: name of the curve, shown in tooltips; "" if there is only one.
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


# The pictures of a run: those of the last epoch, and a slider over all epochs.

SIZE, GAP = 84, 6  # pixels
MOST_VALUES = 4_000_000  # most numbers in all frames of the slider together
MSE = "Mean squared error on test images; pixels are 0 to 1"
LOSS = "Mean of the training loss over the epoch"


def strip_png(pictures: Pictures) -> bytes:
    """A PNG with originals above their reconstructions, enlarged, with transparent gaps."""
    rows = [mosaic.enlarged(mosaic.colours(as_floats(row)), SIZE) for row in pictures.strip]
    n, h, w, _ = rows[0].shape
    sheet = np.zeros((2 * h + GAP, n * (w + GAP) - GAP, 4), np.uint8)
    for j, row in enumerate(rows):
        for i, picture in enumerate(row):
            place = sheet[j * (h + GAP) :, i * (w + GAP) :][:h, :w]
            place[..., :3], place[..., 3] = picture, 255
    return mosaic.png(sheet)


def _pictured(run: Run) -> list[Pictures]:
    """The pictures of all epochs that have pictures of the same size as the last."""
    found = [run_records.pictures(run, epoch) for epoch in run_records.pictured_epochs(run)]
    there = [one for one in found if one is not None]
    return [one for one in there if one.strip.shape == there[-1].strip.shape]


def epochs_described(run: Run, curves: Curves) -> Sweep | None:
    """A slider over epochs with the reconstructions of test images; None below two epochs."""
    found = _pictured(run)
    if len(found) < 2:
        return None
    kept = _thinned(found)
    epochs = np.array([one.epoch for one in kept])
    records = [curves.by_epoch()[epoch] for epoch in epochs]
    x_hat = np.stack([as_floats(one.strip[1]) for one in kept])
    stats = (
        Stat("test MSE", np.array([record.test_mse for record in records]), 5, help=MSE),
        Stat("training loss", np.array([record.train_loss for record in records]), 5, help=LOSS),
    )
    x = as_floats(kept[0].strip[0])
    return Sweep(
        "Epoch",
        epochs.astype(np.float64),
        tuple(Cell(str(i), "") for i in range(len(x))),
        (
            Row("Original", "original", Still(x)),
            Row("Reconstructed", "reconstructed", Frames(x_hat), stats=stats),
        ),
        digits=0,
        help="The network's reconstructions of the same test images after each epoch",
    )


def _thinned(pictures: list[Pictures]) -> list[Pictures]:
    """Every second, third, ... of many pictures, always with the last."""
    every = math.ceil(len(pictures) * pictures[0].strip[1].size / MOST_VALUES)
    return pictures[::-1][::every][::-1]


def as_floats(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pixels 0 to 255 as floats 0 to 1."""
    return np.divide(x, np.float32(255), dtype=np.float32)
