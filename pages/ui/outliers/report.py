"""What the Outliers page tells in a report: the flagged images, the scores, and the threshold."""

from core.reports import Content, Figure, Row, Table
from core.reports.charts import Chart
from pages.ui import cache
from pages.ui.figures import mosaic
from pages.ui.frame import downloads, tables
from pages.ui.outliers import classes as outlier_classes
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import truth as outlier_truth
from pages.ui.outliers.classes import Stack
from pages.ui.outliers.data import Found, Positions
from pages.ui.outliers.truth import Compared

SHOWN, LISTED = 24, 100
LINE = "Line: {known}, scaled to the same number of images."
COLUMNS = ("id", "class", "score", "conspicuous")


def content(found: Found, scores: Chart, every_score: bool = False) -> Content:
    """All that was found with one score and one threshold.

    scores: the histogram, as outliers/brush.py has it for a report.  every_score: compare all of
    them with the truth, where one is known.
    """
    asked, score = found.asked, found.score
    _, _, known = outlier_data.experiment(asked.dataset, asked.split, asked.truth)
    settings = {
        **downloads.of_data(asked.dataset, asked.split, len(found.images)),
        "score": f"{score.title}, {score.unit}",
        "threshold": f"{found.threshold.value:.6g}, {found.threshold.how}",
        "compared with": found.known,
        "known outliers": known or "nothing is known",
    }
    if asked.truth.kind == "planted":
        settings["seed of the planting"] = str(asked.truth.seed)
    them = _compared(found, every_score)
    return Content(
        name="Outliers",
        sayings=(_counted(found), outlier_data.explanation(found)),
        settings=settings,
        cards=(asked.card,),
        rows=(*_pictures(found, found.queue[:SHOWN]), *_conspicuous(found)),
        figures=(
            Figure("Scores", scores, LINE.format(known=found.known)),
            *(_curves(them) if every_score else ()),
        ),
        tables=(*_against_truth(found, them), *_by_class(found), _flagged(found)),
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
    scale = outlier_data.error_scale(found.asked)
    errors = mosaic.error_colours(x, outlier_data.outside(found.asked, x, x_hat), scale)
    ids, scores = images.ids.tolist(), [f"{value:.4g}" for value in found.scores[shown]]
    n = f"The first {len(shown):,} of {len(found.queue):,} in order of score, with the score below."
    return (
        Row("Flagged", downloads.tiles(mosaic.colours(x), ids, scores), "outlier", n),
        Row("Rebuilt", downloads.tiles(mosaic.colours(x_hat), ids), "reconstructed"),
        Row("Error", downloads.tiles(errors, ids), "error", f"Brightest: {scale:.2f} and more."),
    )


def _conspicuous(found: Found) -> tuple[Row, ...]:
    """Pictures that are conspicuous and not flagged, the most so first."""
    every = outlier_data.conspicuous(found.asked)
    others = every[~found.flagged[every]]
    shown = others[:SHOWN]
    if not len(shown):
        return ()
    images, facts = found.images.take(shown), outlier_data.facts(found.asked, shown)
    words = [", ".join(one) for one in facts]
    n = f"The first {len(shown):,} of {len(others):,}, which the score does not flag."
    tiles = downloads.tiles(mosaic.colours(images.pixels()), images.ids.tolist(), words)
    return (Row("Conspicuous pictures", tiles, "original", n),)


def _compared(found: Found, every_score: bool) -> Compared | None:
    """The chosen score, or all scores, against the known outliers; None if none are known."""
    truth = found.is_outlier
    if truth is None or not 0 < truth.sum() < len(truth):
        return None
    return outlier_truth.compared(found, None if every_score else [found.score.name])


def _curves(them: Compared | None) -> tuple[Figure, ...]:
    if them is None:
        return ()
    return (
        Figure("ROC", them.roc, outlier_truth.CURVES),
        Figure("Precision and recall", them.precision_recall, outlier_truth.CURVES),
    )


def _against_truth(found: Found, them: Compared | None) -> tuple[Table, ...]:
    truth = found.is_outlier
    if truth is None or them is None:
        return ()
    hits = int((found.flagged & truth).sum())
    note = (
        f"With {found.score.title} {hits:,} of {int(truth.sum()):,} outliers lie above the "
        "threshold."
    )
    every = outlier_truth.table(found, them)
    return (tables.table("Against the truth", every, outlier_truth.COLUMNS, note),)


def _by_class(found: Found) -> tuple[Table, ...]:
    labels = found.images.labels
    if labels is None:
        return ()
    stack = Stack(labels, found.images.class_names)
    table = outlier_classes.class_table(found, stack, is_pictured=False)
    columns = outlier_classes.columns(found.score.unit)
    return (tables.table("By class", table, columns),)


def _flagged(found: Found) -> Table:
    order = found.queue[:LISTED]
    images = found.images.take(order)
    facts = outlier_data.facts(found.asked, order)
    rows = tuple(
        (name, images.label_name(i), f"{found.scores[order[i]]:.4g}", ", ".join(facts[i]))
        for i, name in enumerate(images.ids.tolist())
    )
    left = len(found.queue) - len(order)
    note = f"{left:,} more are flagged; the page exports all of them." if left else ""
    return Table("Flagged images", COLUMNS, rows, note)
