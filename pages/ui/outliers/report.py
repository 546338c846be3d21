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
from pages.ui.outliers.data import Outcome, Positions
from pages.ui.outliers.truth import Compared

SHOWN, LISTED = 24, 100
LINE = "Line: {known}, scaled to the same number of images."
COLUMNS = ("id", "class", "score", "conspicuous")


def content(outcome: Outcome, scores: Chart, every_score: bool = False) -> Content:
    """All that was found with one score and one threshold.

    scores: the histogram, as outliers/brush.py has it for a report.  every_score: compare all of
    them with the truth, where one is known.
    """
    scope, score = outcome.scope, outcome.score
    _, _, known = outlier_data.experiment(scope.dataset, scope.split, scope.truth)
    settings = {
        **downloads.of_data(scope.dataset, scope.split, len(outcome.images)),
        "score": f"{score.title}, {score.unit}",
        "threshold": f"{outcome.threshold.value:.6g}, {outcome.threshold.how}",
        "compared with": outcome.known,
        "known outliers": known or "nothing is known",
    }
    if scope.truth.kind == "planted":
        settings["seed of the planting"] = str(scope.truth.seed)
    them = _compared(outcome, every_score)
    return Content(
        name="Outliers",
        sayings=(_counted(outcome), outlier_data.explanation(outcome)),
        settings=settings,
        cards=(scope.card,),
        rows=(*_pictures(outcome, outcome.queue[:SHOWN]), *_conspicuous(outcome)),
        figures=(
            Figure("Scores", scores, LINE.format(known=outcome.known)),
            *(_curves(them) if every_score else ()),
        ),
        tables=(*_against_truth(outcome, them), *_by_class(outcome), _flagged(outcome)),
    )


def _counted(outcome: Outcome) -> str:
    n, flagged = len(outcome.images), int(outcome.flagged.sum())
    above = f"{outcome.threshold.value:.4g}, {outcome.threshold.how}"
    return (
        f"{flagged:,} of {n:,} images flagged ({flagged / n:.1%}): those that score above {above}."
    )


def _pictures(outcome: Outcome, shown: Positions) -> tuple[Row, ...]:
    if not len(shown):
        return ()
    images = outcome.images.take(shown)
    x = images.pixels()
    x_hat = cache.autoencoder(outcome.scope.card).reconstruct(x)
    scale = outlier_data.error_scale(outcome.scope)
    errors = mosaic.error_colours(x, outlier_data.outside(outcome.scope, x, x_hat), scale)
    ids, scores = images.ids.tolist(), [f"{value:.4g}" for value in outcome.scores[shown]]
    total = len(outcome.queue)
    n = f"The first {len(shown):,} of {total:,} in order of score, with the score below."
    return (
        Row("Flagged", downloads.tiles(mosaic.colours(x), ids, scores), "outlier", n),
        Row("Rebuilt", downloads.tiles(mosaic.colours(x_hat), ids), "reconstructed"),
        Row("Error", downloads.tiles(errors, ids), "error", f"Brightest: {scale:.2f} and more."),
    )


def _conspicuous(outcome: Outcome) -> tuple[Row, ...]:
    """Pictures that are conspicuous and not flagged, the most so first."""
    every = outlier_data.conspicuous(outcome.scope)
    others = every[~outcome.flagged[every]]
    shown = others[:SHOWN]
    if not len(shown):
        return ()
    images, facts = outcome.images.take(shown), outlier_data.facts(outcome.scope, shown)
    words = [", ".join(one) for one in facts]
    n = f"The first {len(shown):,} of {len(others):,}, which the score does not flag."
    tiles = downloads.tiles(mosaic.colours(images.pixels()), images.ids.tolist(), words)
    return (Row("Conspicuous pictures", tiles, "original", n),)


def _compared(outcome: Outcome, every_score: bool) -> Compared | None:
    """The chosen score, or all scores, against the known outliers; None if none are known."""
    truth = outcome.is_outlier
    if truth is None or not 0 < truth.sum() < len(truth):
        return None
    return outlier_truth.compared(outcome, None if every_score else [outcome.score.name])


def _curves(them: Compared | None) -> tuple[Figure, ...]:
    if them is None:
        return ()
    return (
        Figure("ROC", them.roc, outlier_truth.CURVES),
        Figure("Precision and recall", them.precision_recall, outlier_truth.CURVES),
    )


def _against_truth(outcome: Outcome, them: Compared | None) -> tuple[Table, ...]:
    truth = outcome.is_outlier
    if truth is None or them is None:
        return ()
    hits = int((outcome.flagged & truth).sum())
    note = (
        f"With {outcome.score.title} {hits:,} of {int(truth.sum()):,} outliers lie above the "
        "threshold."
    )
    every = outlier_truth.table(outcome, them)
    return (tables.table("Against the truth", every, outlier_truth.COLUMNS, note),)


def _by_class(outcome: Outcome) -> tuple[Table, ...]:
    labels = outcome.images.labels
    if labels is None:
        return ()
    stack = Stack(labels, outcome.images.class_names)
    table = outlier_classes.class_table(outcome, stack, is_pictured=False)
    columns = outlier_classes.columns(outcome.score.unit)
    return (tables.table("By class", table, columns),)


def _flagged(outcome: Outcome) -> Table:
    order = outcome.queue[:LISTED]
    images = outcome.images.take(order)
    facts = outlier_data.facts(outcome.scope, order)
    rows = tuple(
        (name, images.label_name(i), f"{outcome.scores[order[i]]:.4g}", ", ".join(facts[i]))
        for i, name in enumerate(images.ids.tolist())
    )
    left = len(outcome.queue) - len(order)
    note = f"{left:,} more are flagged; the page exports all of them." if left else ""
    return Table("Flagged images", COLUMNS, rows, note)
