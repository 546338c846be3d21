"""The figure of several steps: pictures and error curves of a few models against noise."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.checkpoints import Card
from core.noise import Noise
from core.robustness import curves
from core.robustness.curves import INPUT, Curve, Study
from core.text import counted
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Row, packing
from pages.ui.components.sweep.chart import Chart
from pages.ui.figures import styles
from pages.ui.learn import parts
from pages.ui.noise import panel, rows
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.sweeps import Measured, Shown
from pages.ui.robust import chart as robust_chart
from pages.ui.robust.chart import CurveOptions

N_PICTURES, LEVELS, SEED = 10, 11, 0


def study(cards: Sequence[Card], noise: Noise) -> Study:
    """Error of each model against noise, on all test digits with the same noise.

    The Robustness page shows the same numbers with its default settings.
    """
    what = Measured(
        dataset=parts.DATASET,
        split=parts.SPLIT,
        n=len(parts.digits()),
        noise=noise,
        seed=SEED,
        levels=LEVELS,
    )
    shown = curves.metric("mse")
    measured = (None, *cards)
    tables = noise_sweeps.measured([(what, card) for card in measured])
    noisy, *models = (
        curves.curve(card.name if card else INPUT, [table], shown)
        for card, table in zip(measured, tables, strict=True)
    )
    return Study(curves.levels(LEVELS), shown, tuple(models), noisy)


def chart(found: Study, cards: Sequence[Card]) -> Chart:
    """The curves of a study as a chart above the slider."""
    look = CurveOptions(
        styles.of_models([card.name for card in cards]), "gaussian", "none", log=False
    )
    drawn = robust_chart.chart(found, cards, look)
    return replace(drawn, height=parts.CHART, y_title="MSE (lower is nearer)")


def draw(cards: Sequence[Card], noise: Noise, drawn: Chart, key: str) -> float:
    """Draw the slider with curves and pictures; return the sigma at which it was released."""
    packed = parts.kept_for(cards, "noise", lambda: _packed(cards, noise), noise)
    return panel.slider(packed, key, drawn).value


def measured_on() -> str:
    """The images on which the curves are measured, in words."""
    return counted(len(parts.digits()), "test digit")


def at(curve: Curve, found: Study, sigma: float) -> float:
    """The mean error of a curve at any sigma, interpolated."""
    levels = np.array([sigma])
    return float(found.metric.between(found.sigmas, curve.mean, levels)[0])


def onwards(noise: Noise, sigma: float) -> dict[str, object]:
    """The noise as session values of other pages."""
    return {
        "noise": noise.kind, "mu": noise.mu, "clip": noise.clip, "seed": SEED, "sigma": sigma,
        "shuffle": 0,
    }  # fmt: skip


def measured_there() -> dict[str, object]:
    """Session values with which the Robustness page measures as the steps do."""
    return {"measured": str(len(parts.digits())), "draws": 1, "levels": LEVELS}


def _packed(cards: Sequence[Card], noise: Noise) -> Packed:
    images = parts.some_digits(N_PICTURES)
    shown = Shown(
        dataset=parts.DATASET,
        split=parts.SPLIT,
        ids=tuple(images.ids.tolist()),
        noise=noise,
        seed=SEED,
    )
    cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in range(len(images)))
    sweeps = noise_sweeps.model_sweeps(shown, cards)
    every = rows.described(cells, sweeps, cards)
    shorter = tuple(_of_these(row) for row in every.rows if row.role != "error")  # a first look
    return packing.pack(replace(every, rows=shorter, error_scale=None))


def _of_these(row: Row) -> Row:
    """The row with its MSE labelled as that of the images shown, unlike the MSE in the text."""
    stats = (replace(one, label="MSE of these") if one.label == "MSE" else one for one in row.stats)
    return replace(row, stats=tuple(stats))
