"""What the Robustness page tells in a report: the curves, and who is nearest where."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.images.imagesets import ImageSet
from core.reports import Content, Figure, Table
from core.reports.svg import Chart, Series
from core.robustness.curves import Study
from core.text import counted
from pages.ui import cache
from pages.ui.cache import Shown
from pages.ui.figures import theme
from pages.ui.figures.theme import Style
from pages.ui.frame import downloads
from pages.ui.noise import report as reconstruct_report
from pages.ui.noise import rows as reconstruction
from pages.ui.robust import chart as robust_chart
from pages.ui.robust.controls import Asked


@dataclass(frozen=True)
class Pictured:
    """What is on the screen: pictures of which images, under which noise, at which amount of it.

    styles: of the models' curves, by name.
    """

    images: ImageSet
    shown: Shown
    sigma: float
    styles: Mapping[str, Style]


def curves_content(asked: Asked, found: Study, pictured: Pictured) -> Content:
    """The curves of a study, its sentences and its numbers, and pictures at one amount of noise."""
    choice, n = asked.choice, found.noisy.values.shape[2]
    crossing, others, use = robust_chart.sayings(found)
    settings = {
        **downloads.of_data(choice.dataset.id, choice.split, n),
        **downloads.of_noise(asked.noise, asked.seed),
        "draws of the noise": str(asked.draws),
        "amounts of noise": str(asked.levels),
        "metric": asked.metric.title,
        "σ of the pictures": f"{pictured.sigma:.2f}",
    }
    sweeps = tuple(cache.model_sweeps(pictured.shown, asked.cards))
    step = reconstruction.nearest_step(sweeps[0].sigmas, pictured.sigma)
    rows = reconstruct_report.rows(pictured.images, sweeps, asked.cards, step)
    sayings = (robust_chart.summary(found), *crossing, *others, *use)
    name = f"{asked.metric.title} against noise"
    figure = Figure(
        name, _chart(asked, found, pictured.styles), f"Means over {counted(n, 'image')}."
    )
    return Content(
        "Robustness", sayings, settings, asked.cards, rows, (figure,), (curves_table(found),)
    )


def curves_table(found: Study) -> Table:
    """A row an amount of noise, a column a model, as on the page."""
    means, digits = robust_chart.means(found), found.metric.digits + 1
    columns = ("σ", *(str(name) for name in means.columns[1:]))
    rows = tuple(
        (f"{row[0]:.2f}", *(f"{value:.{digits}f}" for value in row[1:]))
        for row in means.itertuples(index=False)
    )
    return Table("Numbers", columns, rows, f"Mean {found.metric.title} against the clean images.")


def _chart(asked: Asked, found: Study, styles: Mapping[str, Style]) -> Chart:
    metric, sigmas = found.metric, np.array(found.sigmas)
    fine = robust_chart.FINE
    lines = tuple(
        Series(
            one.name,
            fine,
            metric.between(sigmas.tolist(), one.mean, fine),
            styles[one.name].colour,
            dash=styles[one.name].dash,
        )
        for one in found.models
    )
    grey = metric.between(sigmas.tolist(), found.noisy.mean, fine)
    if metric.unit == "dB":
        grey = np.where(grey > robust_chart.ENDLESS, np.nan, grey)
    unit = f", {metric.unit}" if metric.unit else ""
    return Chart(
        robust_chart.X_TITLES[asked.noise.kind],
        f"{metric.title}{unit}",
        (*lines, Series(found.noisy.name, fine, grey, theme.REFERENCE, dash="dot")),
        f"{metric.title} against noise, a line a model. {robust_chart.summary(found)}",
        log_y=asked.log and metric.name == "mse",
    )
