"""The pictures of a run: the latest strip, and all epochs under one slider."""

import math

import numpy as np
import numpy.typing as npt

from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves, Pictures
from pages.ui.components.sweep import Cell, Frames, Row, Stat, Still, Sweep
from pages.ui.figures import mosaic

SIZE, GAP = 84, 6  # pixels
MOST_VALUES = 4_000_000  # of all frames of the slider together: more would be slow to send
MSE = "Mean squared error on test images; pixels are 0 to 1"
LOSS = "Mean of what was minimised, over the epoch"


def strip_png(pictures: Pictures) -> bytes:
    """Originals over their reconstructions, enlarged, with clear gaps between them."""
    rows = [mosaic.enlarged(mosaic.colours(as_floats(row)), SIZE) for row in pictures.strip]
    n, h, w, _ = rows[0].shape
    sheet = np.zeros((2 * h + GAP, n * (w + GAP) - GAP, 4), np.uint8)
    for j, row in enumerate(rows):
        for i, picture in enumerate(row):
            place = sheet[j * (h + GAP) :, i * (w + GAP) :][:h, :w]
            place[..., :3], place[..., 3] = picture, 255
    return mosaic.png(sheet)


def _pictured(run: Run) -> list[Pictures]:
    """The pictures of all epochs that have some, of one size: that of the last ones."""
    found = [run_records.pictures(run, epoch) for epoch in run_records.pictured_epochs(run)]
    there = [one for one in found if one is not None]
    return [one for one in there if one.strip.shape == there[-1].strip.shape]


def epochs_described(run: Run, curves: Curves) -> Sweep | None:
    """The test images as the network rebuilt them after each epoch, if two have pictures."""
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
        help="What the network made of the same test images after each epoch",
    )


def _thinned(pictures: list[Pictures]) -> list[Pictures]:
    """Every second, third ... of them if they are many, the last in any case."""
    every = math.ceil(len(pictures) * pictures[0].strip[1].size / MOST_VALUES)
    return pictures[::-1][::every][::-1]


def as_floats(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pixels 0 to 255 as models take them, 0 to 1."""
    return np.divide(x, np.float32(255), dtype=np.float32)
