"""The report of the section that examines images: preparation, verdicts, and noise."""

from collections.abc import Mapping

import numpy as np

from core.images.imagesets import ImageSet
from core.reports import Content, Row, Table
from core.streaming.scoring import Scored
from pages.ui.figures import mosaic
from pages.ui.figures.text import decimal, size_name
from pages.ui.frame import downloads, tables
from pages.ui.frame.tables import Column, number
from pages.ui.noise import report as reconstruct_report
from pages.ui.noise.report import NoiseView
from pages.ui.own.results import n_outliers_in_words

COLUMNS = (
    Column("id", "file"),
    number("error", "MSE", ".5f"),
    number("percentile", "percentile", ".1f", "%"),
    Column("verdict", "verdict"),
    Column("reason", "why it could not be used"),
)


def content(
    images: ImageSet, scored: Scored, noised: NoiseView, steps: Mapping[str, str]
) -> Content:
    """The content of the report.

    images: all, as prepared for the network.  noised: the pictures under the noise slider.  steps:
    how each image was prepared, in words, by name.
    """
    card, first = noised.cards[0], noised.sweeps[0]
    settings = {
        "images": f"{len(images):,}, each brought to {size_name(images.shape)}",
        "model": card.name,
        "threshold": f"error above {decimal(scored.line.threshold, 5)}, {scored.line.how}",
        "σ": f"{first.sigmas[noised.step]:.2f}",
        **downloads.of_noise(first.noise, noised.seed),
    }
    said = f"{n_outliers_in_words(scored, len(images))} to {card.title}."
    return Content(
        name="Your images",
        sayings=(said,),
        settings=settings,
        cards=tuple(noised.cards),
        rows=(
            _seen(images, scored),
            *reconstruct_report.rows(noised.images, noised.sweeps, noised.cards, noised.step),
        ),
        figures=(reconstruct_report.figure(noised.sweeps, noised.step, noised.styles),),
        tables=(
            reconstruct_report.table(noised.sweeps, noised.step),
            reconstruct_report.each_image(noised.images, noised.sweeps, noised.step),
            _verdicts(scored),
            _prepared(steps),
        ),
    )


def _seen(images: ImageSet, scored: Scored) -> Row:
    percentiles = scored.table["percentile"].iloc[: len(images)]
    below = ["not scored" if np.isnan(value) else f"{value:.1f} %" for value in percentiles]
    pictures = mosaic.colours(images.pixels())
    n = min(len(images), downloads.MOST_TILES)
    detail = f"{n:,} of {len(images):,} images, with the percentile of the error below."
    row = downloads.tiles(pictures, images.ids.tolist(), below)
    return Row("What the network sees", row, detail=detail)


def _verdicts(scored: Scored) -> Table:
    found = scored.table
    words = np.where(found["is_outlier"].fillna(False).astype(bool), "outlier", "usual")
    words = np.where(found["is_foreign"], "another kind: none", words)
    table = found.assign(verdict=np.where(found["error"].isna(), "", words))
    note = "Percentile: the share of usual images with a lower error."
    return tables.table("Your images", table, COLUMNS, note)


def _prepared(steps: Mapping[str, str]) -> Table:
    return Table("How they were prepared", ("file", "steps"), tuple(steps.items()))
