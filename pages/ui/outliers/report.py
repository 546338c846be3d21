"""What the Outliers page tells in a report: the flagged images, the scores, and the threshold."""

import numpy as np

from core.anomaly import judging
from core.anomaly.scores import BY_NAME
from core.reports import Content, Figure, Row, Table
from core.reports.svg import Chart, Series
from pages.ui import cache
from pages.ui.figures import mosaic, theme
from pages.ui.figures.text import decimal
from pages.ui.frame import downloads
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import histogram as outlier_histogram
from pages.ui.outliers.data import Found, Positions, Scores

SHOWN, LISTED = 24, 100
COLUMNS = ("id", "class", "score", "conspicuous")


def content(found: Found, every_score: bool = False) -> Content:
    """All that was found with one score and one threshold.

    every_score: compare all of them with the truth, where one is known.
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
    return Content(
        "Outliers",
        (_counted(found), outlier_data.explanation(found)),
        settings,
        (asked.card,),
        (*_pictures(found, found.queue[:SHOWN]), *_conspicuous(found)),
        (
            Figure(
                "Scores",
                _chart(found),
                f"Line: {found.known}, scaled to the same number of images.",
            ),
        ),
        (*_against_truth(found, every_score), *_by_class(found), _flagged(found)),
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


def _chart(found: Found) -> Chart:
    usual = found.scored.usual.scores
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
        Series("usual images", middles, scaled, colours["reconstructed"]),
    )
    label = f"Histogram of the scores; {int(flagged.sum()):,} images lie above the threshold"
    return Chart(found.score.unit, "images", series, label, at=(value, f"threshold {value:.4g}"))


def _against_truth(found: Found, every_score: bool) -> tuple[Table, ...]:
    truth = found.is_outlier
    if truth is None or not 0 < truth.sum() < len(truth):
        return ()
    name, others = found.score.name, outlier_data.offered(found.asked) if every_score else ()
    names = [name, *(one for one in others if one != name)]
    scored = outlier_data.scored(found.asked, names)
    ranked = [
        judging.ranking(one, by.scores, truth, by.seconds)
        for one, by in zip(names, scored, strict=True)
    ]
    rows = tuple(
        (
            BY_NAME[one.name].title,
            f"{one.auroc:.3f}",
            f"{one.average_precision:.3f}",
            f"{one.precision_at_k:.3f}",
        )
        for one in sorted(ranked, key=lambda one: -one.auroc)
    )
    hits = int((found.flagged & truth).sum())
    note = (
        f"With {found.score.title} {hits:,} of {int(truth.sum()):,} outliers lie above the "
        "threshold."
    )
    columns = ("score", "AUROC", "average precision", "precision at k")
    return (Table("Against the truth", columns, rows, note),)


def _by_class(found: Found) -> tuple[Table, ...]:
    labels = found.images.labels
    if labels is None:
        return ()
    (by_error,), rows = outlier_data.scored(found.asked, ["mse"]), []
    errors = by_error.scores
    for i, name in enumerate(found.images.class_names):
        mine = labels == i
        if mine.any():
            scores, flagged = found.scores[mine], int(found.flagged[mine].sum())
            mean, spread = f"{scores.mean():.4g}", f"{scores.std():.4g}"
            n, mse = f"{int(mine.sum()):,}", decimal(float(errors[mine].mean()), 5)
            rows.append((name, n, mse, mean, spread, f"{flagged:,}"))
    columns = ("class", "images", "mean MSE", "mean score", "spread of the score", "flagged")
    return (Table("By class", columns, tuple(rows)),)


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
