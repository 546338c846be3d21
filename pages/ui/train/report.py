"""The report of the Train page: a run's settings, losses, pictures and numbers."""

import math

import numpy as np

from core.metrics import psnr_text
from core.models import BY_NAME
from core.reports import Content, Figure, Row, Table
from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves
from core.settings import THREADS, TrainSettings, settings_of
from core.text import counted
from pages.ui.figures import mosaic
from pages.ui.figures.text import decimal, noise_name
from pages.ui.frame import downloads
from pages.ui.train import charts as run_charts
from pages.ui.train import data as run_data
from pages.ui.train import result as run_result

MOST_EPOCHS = 200  # rows
NO_NUMBER = "A dash stands for a value that was too large or not a number (NaN)."


def content(run: Run, words: str, log: bool) -> Content:
    """The content of the report.  words: state of the run.  log: losses on a logarithmic axis."""
    status, train = run.status, run.config.train
    curves, card = run_data.curves(run), run_result.saved_card(run)
    done = f"{len(curves.epochs):,} of {counted(train.epochs, 'epoch')} done"
    said = [f"{run.config.name}: {words.lower()}, {done}.", status.reason]
    if status.mse >= 0:
        said.insert(
            1, f"Its model reconstructs the test images with an MSE of {decimal(status.mse, 5)}."
        )
    return Content(
        name="Training run",
        sayings=tuple(filter(None, said)),
        settings=settings(run),
        cards=(card,) if card else (),
        rows=_pictures(run),
        figures=_losses(run, curves, log),
        tables=(*_numbers(run), *_epochs(curves)),
    )


def settings(run: Run) -> dict[str, str]:
    """All settings of the run, by name."""
    train, status = run.config.train, run.status
    noise = f"{noise_name(train.noise)}, σ {train.noise.sigma:g}" if train.noise else "none"
    return {
        "run": run.id,
        "trained on": train.dataset,
        "without the classes": ", ".join(train.exclude_classes) or "none left out",
        "training images": f"{status.n_images:,}" if status.n_images else "not counted yet",
        "architecture": BY_NAME[train.arch].title,
        **{name.replace("_", " "): str(value) for name, value in train.options.items()},
        "noise on the input": noise,
        **{
            setting.label.lower(): setting.words(getattr(train, setting.name))
            for setting in settings_of(TrainSettings)
        },
        THREADS.label: THREADS.words(run.config.threads),
    }


def _pictures(run: Run) -> tuple[Row, ...]:
    """The test images that the page shows, and their reconstructions after the last epoch."""
    latest = run_records.pictured_epochs(run)
    found = run_records.pictures(run, latest[-1]) if latest else None
    if found is None:
        return ()
    x, x_hat = (run_charts.as_floats(one) for one in found.strip)
    names = [f"test image {i}" for i in range(1, len(x) + 1)]
    below = [decimal(float(value), 4) for value in np.square(x - x_hat).mean(axis=(1, 2, 3))]
    after = f"After epoch {found.epoch}; below each its MSE."
    return (
        Row("Original", downloads.tiles(mosaic.colours(x), names)),
        Row(
            "Rebuilt", downloads.tiles(mosaic.colours(x_hat), names, below), "reconstructed", after
        ),
    )


def _losses(run: Run, curves: Curves, log: bool) -> tuple[Figure, ...]:
    if not (curves.epochs or len(curves.looked)):
        return ()
    return (Figure("Losses", run_charts.losses(curves, run.config.train.epochs, log)),)


def _numbers(run: Run) -> tuple[Table, ...]:
    status = run.status
    if status.mse < 0:
        return ()
    psnr = psnr_text(status.psnr).removesuffix(" dB")
    rows = [("this model", decimal(status.mse, 5), psnr, f"{status.ssim:.3f}")]
    if status.pca_mse > 0:
        rows.append(("PCA with as many numbers", decimal(status.pca_mse, 5), "", ""))
    note = "Means over all clean test images; pixels are 0 to 1."
    return (Table("Numbers", ("", "MSE", "PSNR, dB", "SSIM"), tuple(rows), note),)


def _epochs(curves: Curves) -> tuple[Table, ...]:
    if not curves.epochs:
        return ()
    every = -(-len(curves.epochs) // MOST_EPOCHS)
    shown = curves.epochs[::-1][::every][::-1]
    rows = tuple(
        (
            f"{one.epoch:,}",
            decimal(one.train_loss, 5),
            decimal(one.test_mse, 5),
            decimal(one.seconds, 1),
            f"{one.images_per_second:,.0f}" if math.isfinite(one.images_per_second) else "–",
        )
        for one in shown
    )
    columns = ("epoch", "training loss", "test MSE", "seconds", "images/s")
    note = " ".join((f"Every {every}th of them.",) * (every > 1) + (NO_NUMBER,) * _has_dash(rows))
    return (Table("Epochs", columns, rows, note),)


def _has_dash(rows: tuple[tuple[str, ...], ...]) -> bool:
    return any("–" in row for row in rows)
