"""What the Outliers page tells in a report: the flagged images, the scores, and the threshold."""

import numpy as np

from core import outliers
from core.reports import Content, Figure, Row, Table
from core.svgcharts import Chart, Series
from pages.ui import cache, mosaic, reporting, theme
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import histogram as outlier_histogram
from pages.ui.outliers.data import Found, Positions, Scores

SHOWN, LISTED = 24, 100
COLUMNS = ("id", "class", "score", "conspicuous")


def content(found: Found) -> Content:
    """All that was found with one score and one threshold."""
    asked, score = found.asked, found.score
    _, _, known = outlier_data.experiment(asked.dataset, asked.split, asked.truth)
    settings = {
        **reporting.of_data(asked.dataset, asked.split, len(found.images)),
        "score": f"{score.title}, {score.unit}",
        "threshold": f"{found.threshold.value:.6g}, {found.threshold.how}",
        "compared with": found.judged.references.name,
        "known outliers": known or "nothing is known",
    }
    if asked.truth.kind == "planted":
        settings["seed of the planting"] = str(asked.truth.seed)
    return Content(
        "Outliers",
        (_counted(found), score.explanation),
        settings,
        (asked.card,),
        _pictures(found, found.queue[:SHOWN]),
        (Figure("Scores", _chart(found), f"Line: {found.judged.references.name}, scaled."),),
        (*_against_truth(found), _flagged(found)),
    )


def _counted(found: Found) -> str:
    n, flagged = len(found.images), int(found.flagged.sum())
    above = f"{found.threshold.value:.4g}, {found.threshold.how}"
    return (
        f"{flagged:,} of {n:,} images flagged ({flagged / n:.1%}): those that score above {above}."
    )


def _pictures(found: Found, shown: Positions) -> tuple[Row, ...]:
    if not len(shown):
        return ()
    images = found.images.take(shown)
    x = images.pixels()
    x_hat = cache.autoencoder(found.asked.card).reconstruct(x)
    errors = mosaic.error_colours(x, x_hat, scale := outlier_data.error_scale(found.asked))
    ids, scores = images.ids.tolist(), [f"{value:.4g}" for value in found.scores[shown]]
    n = f"The first {len(shown):,} of {len(found.queue):,}, the strangest first; below: the score."
    return (
        Row("Flagged", reporting.tiles(mosaic.colours(x), ids, scores), "outlier", n),
        Row("Rebuilt", reporting.tiles(mosaic.colours(x_hat), ids), "reconstructed"),
        Row("Error", reporting.tiles(errors, ids), "error", f"Brightest: {scale:.2f} and more."),
    )


def _chart(found: Found) -> Chart:
    usual = found.judged.references.distribution(found.score.name)
    borders = outlier_histogram.edges(found.scores, usual, log=False)
    middles = (borders[:-1] + borders[1:]) / 2

    def counts(scores: Scores) -> Scores:
        return np.histogram(scores, borders)[0].astype(np.float64)

    flagged = found.flagged
    scaled = counts(usual) * (len(found.scores) / max(len(usual), 1))
    colours, value = theme.LIGHT, found.threshold.value
    series = (
        Series("all images", middles, counts(found.scores), colours["original"], "bars"),
        Series("flagged", middles, counts(found.scores[flagged]), colours["outlier"], "bars"),
        Series("reference images", middles, scaled, colours["reconstructed"]),
    )
    label = f"How many images have which score; {int(flagged.sum()):,} lie above the threshold"
    return Chart(found.score.unit, "images", series, label, at=(value, f"threshold {value:.4g}"))


def _against_truth(found: Found) -> tuple[Table, ...]:
    truth = found.is_outlier
    if truth is None or not 0 < truth.sum() < len(truth):
        return ()
    ranked = outliers.ranked(found.judged, found.score.name, truth)
    hits = int((found.flagged & truth).sum())
    row = (
        found.score.title,
        f"{ranked.auroc:.3f}",
        f"{ranked.average_precision:.3f}",
        f"{ranked.precision_at_k:.3f}",
        f"{hits:,} of {int(truth.sum()):,}",
    )
    columns = ("score", "AUROC", "average precision", "precision at k", "found at the threshold")
    return (Table("Against the truth", columns, (row,)),)


def _flagged(found: Found) -> Table:
    order = found.queue[:LISTED]
    images = found.images.take(order)
    facts = outlier_data.facts(found.asked, images)
    rows = tuple(
        (name, images.label_name(i), f"{found.scores[order[i]]:.4g}", ", ".join(facts[i]))
        for i, name in enumerate(images.ids.tolist())
    )
    left = len(found.queue) - len(order)
    note = f"{left:,} more are flagged; the page exports all of them." if left else ""
    return Table("Flagged images", COLUMNS, rows, note)
