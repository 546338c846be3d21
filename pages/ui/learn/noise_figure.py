"""Pictures and curves of a few models under growing noise, for several steps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.checkpoints import Card
from core.noise import Noise
from core.robustness import curves as robustness
from core.robustness.curves import INPUT, Curve, Study
from core.text import counted
from pages.ui.components import packing, sweep
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, Row
from pages.ui.components.sweep_chart import Chart
from pages.ui.figures import styles
from pages.ui.learn import parts
from pages.ui.noise import rows as reconstruction
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.sweeps import Measured, Shown
from pages.ui.robust import chart as robust_chart
from pages.ui.robust.chart import Look
from pages.ui.session import state

N_PICTURES, LEVELS, SEED = 10, 11, 0
DEFAULT_SIGMA = 0.5


def study(cards: Sequence[Card], noise: Noise) -> Study:
    """Error against noise of each model, on all test digits with the same noise.

    The Robustness page shows these very numbers to begin with.
    """
    what = Measured(parts.DATASET, parts.SPLIT, len(parts.digits()), noise, SEED, LEVELS)
    shown = robustness.metric("mse")
    curves = (None, *cards)
    tables = noise_sweeps.measured([(what, card) for card in curves])
    noisy, *models = (
        robustness.curve(card.name if card else INPUT, [table], shown)
        for card, table in zip(curves, tables, strict=True)
    )
    return Study(robustness.levels(LEVELS), shown, tuple(models), noisy)


def chart(found: Study, cards: Sequence[Card]) -> Chart:
    """Its curves, above the slider."""
    look = Look(styles.of_models([card.name for card in cards]), "gaussian", "none", log=False)
    drawn = robust_chart.chart(found, cards, look)
    return replace(drawn, height=parts.CHART, y_title="MSE (lower is nearer)")


def draw(cards: Sequence[Card], noise: Noise, drawn: Chart, key: str) -> float:
    """The slider with its curves and pictures; the noise where it was let go."""
    sigma = state.recall_number("sigma", DEFAULT_SIGMA, 0, 1)
    packed = parts.kept_for(cards, "noise", lambda: _packed(cards, noise), noise)
    event = sweep.show(packed, key, state.on_appearance(key, sigma), drawn)
    st.session_state["sigma"] = event.asked
    state.publish("sigma", DEFAULT_SIGMA)
    return event.value


def measured_on() -> str:
    """Which images the curves are measured on, in words."""
    return counted(len(parts.digits()), "test digit")


def at(curve: Curve, found: Study, sigma: float) -> float:
    """A curve's mean error at any amount of noise."""
    levels = np.array([sigma])
    return float(found.metric.between(found.sigmas, curve.mean, levels)[0])


def onwards(noise: Noise, sigma: float) -> dict[str, object]:
    """The noise, as other pages keep it."""
    return {
        "noise": noise.kind, "mu": noise.mu, "clip": noise.clip, "seed": SEED, "sigma": sigma,
        "shuffle": 0,
    }  # fmt: skip


def measured_there() -> dict[str, object]:
    """What makes the Robustness page measure as the steps do, whatever was chosen there before."""
    return {"measured": str(len(parts.digits())), "draws": 1, "levels": LEVELS}


def _packed(cards: Sequence[Card], noise: Noise) -> Packed:
    images = parts.some_digits(N_PICTURES)
    shown = Shown(parts.DATASET, parts.SPLIT, tuple(images.ids.tolist()), noise, SEED)
    cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in range(len(images)))
    sweeps = noise_sweeps.model_sweeps(shown, cards)
    every = reconstruction.described(cells, sweeps, cards)
    rows = (row for row in every.rows if row.role != "error")  # shorter, for a first look
    return packing.pack(replace(every, rows=tuple(map(_of_these, rows)), error_scale=None))


def _of_these(row: Row) -> Row:
    """The row with its mean error called that of the few images shown: the text tells others."""
    stats = (replace(one, label="MSE of these") if one.label == "MSE" else one for one in row.stats)
    return replace(row, stats=tuple(stats))
