"""A run's losses as charts, its codes as a map, and its pictures as a slider. No st calls."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.reports.charts import Axis, Chart, Series
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
Scores = npt.NDArray[np.float64]
LOSSES = "Losses by epoch, in training and on the test images"
EXPLODED = "too large to draw, or not a number (NaN)"


def losses(curves: Curves, epochs: int, log: bool) -> Chart:
    """A run's training loss, also within epochs, and its test error.

    epochs: number of epochs of the whole run.  log: a logarithmic axis.
    """
    done = np.array([record.epoch for record in curves.epochs], np.float64)
    train = np.array([record.train_loss for record in curves.epochs], np.float64)
    test = np.array([record.test_mse for record in curves.epochs], np.float64)
    at, inside = curves.looked.astype(np.float64).T
    series = (
        _line("training, within the epoch", at, inside, Style(theme.FADED, "dot")),
        _line("training", done, train, Style(theme.LIGHT["original"])),
        _line("test", done, test, Style(theme.LIGHT["reconstructed"])),
        *_exploded(curves.exploded(), theme.LIGHT["outlier"], EXPLODED),
    )
    now = float(max(done.max(initial=0), at.max(initial=0)))
    axis = Axis("epochs done", low=0, high=max(2.0, min(epochs, 1.25 * now)))
    return Chart(axis, _axis("loss (MSE, pixels 0 to 1)", log), series, LOSSES)


def compared_losses(curves: Mapping[str, Curves], log: bool, drawn: Mapping[str, Style]) -> Chart:
    """The test errors of several runs, a line each.  curves, drawn: curves and styles by name."""
    series = list[Series]()
    for name, one in curves.items():
        done = np.array([record.epoch for record in one.epochs], np.float64)
        test = np.array([record.test_mse for record in one.epochs], np.float64)
        series.append(_line(name, done, test, drawn[name]))
        series += _exploded(one.exploded(), drawn[name].colour, "", f"{name}: {EXPLODED}")
    axis = _axis("test MSE (pixels 0 to 1)", log)
    return Chart(
        Axis("epochs done", low=0), axis, tuple(series), "Test error by epoch, a line a run"
    )


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


def _line(name: str, x: Scores, y: Scores, style: Style) -> Series:
    """A curve of losses; if it has few points, they are marked."""
    hover = "epoch {x:.2f}: {y:.4g}"
    return Series(name, x, y, style.colour, dash=style.dash, marked=True, hover=hover)


def _exploded(at: Sequence[float], colour: str, name: str, about: str = "") -> tuple[Series, ...]:
    """Crosses near the upper edge, where a loss is too large or NaN.

    about: name of the curve, shown in tooltips; "" if there is only one.
    """
    if not at:
        return ()
    x, y = np.array(at, np.float64), np.full(len(at), 0.94)
    hover = "epoch {x:.2f}"
    return (
        Series(
            name=name,
            x=x,
            y=y,
            colour=colour,
            kind="edge",
            shape="x",
            size=10,
            hover=hover,
            about=about,
        ),
    )


def _axis(title: str, log: bool) -> Axis:
    return Axis(title, log, low=None if log else 0.0)


# The pictures of a run: those of the last epoch, and a slider over all epochs.

SIZE, GAP = 84, 6  # pixels
MOST_VALUES = 4_000_000  # most numbers in all frames of the slider together
MSE = "Mean squared error on test images; pixels are 0 to 1"
LOSS = "Mean of the training loss over the epoch"
PLANTED = (
    "The chance that an image with a planted defect, drawn otherwise than those of training, "
    "scores above a usual one; 0.5 = guessing"
)


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
    stats: tuple[Stat, ...] = (
        Stat("test MSE", np.array([record.test_mse for record in records]), 5, help=MSE),
        Stat("training loss", np.array([record.train_loss for record in records]), 5, help=LOSS),
    )
    aurocs = np.array([np.nan if one.found is None else one.found for one in records])
    if np.isfinite(aurocs).all():
        stats = (*stats, Stat("planted defects found, AUROC", aurocs, 3, help=PLANTED))
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
