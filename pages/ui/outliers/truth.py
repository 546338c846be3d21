"""All scores against a known truth: a table, curves, and what is found, missed or a false alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.anomaly import judging, rankings, scores
from core.anomaly.judging import Ranked
from core.anomaly.rankings import Curves
from core.anomaly.scores import BY_NAME
from core.data import catalogue
from core.reports.charts import Chart
from core.text import counted
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic, plotting
from pages.ui.figures.text import plain
from pages.ui.frame import tables
from pages.ui.frame.tables import Column, number
from pages.ui.outliers import curves as outlier_curves
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.curves import Banded, Style
from pages.ui.outliers.data import Outcome, Positions
from pages.ui.outliers.lesson import Setting, lesson
from pages.ui.session import selection

AUROC = "The probability that an outlier scores above a normal image; 0.5 = guessing"
AVERAGE_PRECISION = "Precision averaged over all thresholds; guessing gives the share of outliers"
PRECISION_AT_K = "The share of outliers among the k highest scores, with k outliers in all"
CURVES = (
    "Thick: the score chosen above; shaded: where its ROC curve lies in 95 of 100 draws of so many "
    "images. Dashed: baselines without a network. Dotted: guessing."
)
HEIGHT = 380  # pixels of a chart
SECONDS = "From pixels to scores, once model and references are ready"
SHOWN = 12  # images of each kind
UNKNOWN = (
    "There are no known outliers among these images. Open **Known outliers** above and choose "
    "classes that the model was trained without, or plant some."
)
COLUMNS = (
    Column("line", "Line", "picture", width=64, help="Its line in the charts below"),
    Column("score", "Score"),
    Column("auroc", "AUROC", "share", ".3f", help=AUROC),
    Column("average_precision", "Average precision", "share", ".3f", help=AVERAGE_PRECISION),
    Column("precision_at_k", "Precision at k", "share", ".3f", help=PRECISION_AT_K),
    number("seconds", "Seconds", ".2f", help=SECONDS),
    Column("uses", "Uses", help="What the score is computed from"),
)


@dataclass(frozen=True)
class Compared:
    """All scores against the known outliers, the best first.

    ranked, curves: by the name of the score and by its title.  drawn: how each curve is drawn.
    share: of outliers among the images.  banded: the chosen score's curve.
    """

    ranked: Mapping[str, Ranked]
    curves: Mapping[str, Curves]
    drawn: Mapping[str, Style]
    share: float
    banded: Banded | None = None

    @property
    def roc(self) -> Chart:
        """Outliers found against false alarms; the chosen score with its band."""
        return outlier_curves.roc(self.curves, self.drawn, self.banded)

    @property
    def precision_recall(self) -> Chart:
        """Precision against the share found."""
        return outlier_curves.precision_recall(self.curves, self.drawn, self.share)


def draw(outcome: Outcome) -> str | None:
    """All of the section; the id of an image that was clicked in it."""
    if outcome.is_outlier is None:
        st.info(UNKNOWN, icon=":material/science:")
        return None
    n = int(outcome.is_outlier.sum())
    if not 0 < n < len(outcome.images):
        st.info(
            "Choose other outliers: there must be some, and not all.", icon=":material/science:"
        )
        return None
    _, _, what = outlier_data.experiment(
        outcome.scope.dataset, outcome.scope.split, outcome.scope.truth
    )
    are = "is an outlier" if n == 1 else "are outliers"
    st.markdown(f"**{n:,} of {len(outcome.images):,} images {are}** ({plain(what)}).")
    them = compared(outcome)
    st.dataframe(
        table(outcome, them),
        hide_index=True,
        column_config=tables.config(COLUMNS),
        height="content",
        key="ranked",
    )
    st.caption(plain(lesson(them.ranked, _setting(outcome, n))))
    _draw_curves(them)
    return _galleries(outcome, outcome.is_outlier)


def _setting(outcome: Outcome, n: int) -> Setting:
    """What was tried.  n: outliers."""
    card, truth = outcome.scope.card, outcome.scope.truth
    known = {info.id: info.class_names for info in catalogue.catalogue()}.get(card.dataset, ())
    learned = set(known) - set(card.excluded_classes)
    was_seen = truth.kind == "classes" and bool(learned & set(truth.classes))
    return Setting(n, len(outcome.images) - n, card.latent_dim, was_seen)


def compared(outcome: Outcome, some: Sequence[str] | None = None) -> Compared:
    """All scores, or some by their names; fitted and computed now if they were not before."""
    assert outcome.is_outlier is not None
    names = list(outlier_data.offered(outcome.scope) if some is None else some)
    scored = dict(zip(names, outlier_data.scored(outcome.scope, names), strict=True))
    every = [
        judging.ranking(name, one.scores, outcome.is_outlier, one.seconds)
        for name, one in scored.items()
    ]
    ranked = {one.name: one for one in sorted(every, key=lambda one: -one.auroc)}
    titles = [BY_NAME[name].title for name in ranked]
    baselines = [spec.title for spec in scores.SCORES if spec.baseline]
    curves = {
        BY_NAME[name].title: rankings.curves(scored[name].scores, outcome.is_outlier)
        for name in ranked
    }
    drawn = outlier_curves.styles(titles, outcome.score.title, baselines)
    share = float(outcome.is_outlier.mean())
    return Compared(
        ranked=ranked, curves=curves, drawn=drawn, share=share, banded=_banded(outcome, curves)
    )


def _banded(outcome: Outcome, curves: Mapping[str, Curves]) -> Banded | None:
    """The chosen score's curve with its band."""
    assert outcome.is_outlier is not None
    title, n = outcome.score.title, int(outcome.is_outlier.sum())
    if title not in curves:
        return None
    return Banded(title, rankings.roc_band(curves[title], n, len(outcome.images) - n))


def _uses(name: str, outcome: Outcome) -> str:
    """What a score looks at, in words."""
    if name == "pca":
        return f"baseline, PCA with {counted(outlier_data.linear_width(outcome), 'number')}"
    return "baseline, no network" if BY_NAME[name].baseline else "the model"


def table(outcome: Outcome, them: Compared) -> pd.DataFrame:
    """A row a score, the best first, with a sample of its line in the charts."""
    rows = [
        {
            "line": outlier_curves.sample(them.drawn[BY_NAME[name].title]),
            "score": BY_NAME[name].title,
            "auroc": one.auroc,
            "average_precision": one.average_precision,
            "precision_at_k": one.precision_at_k,
            "seconds": one.seconds,
            "uses": _uses(name, outcome),
        }
        for name, one in them.ranked.items()
    ]
    return pd.DataFrame(rows)


def _draw_curves(them: Compared) -> None:
    left, right = st.columns(2, gap="medium")
    for place, title, key, chart in (
        (left, "**ROC**: outliers found against false alarms", "roc", them.roc),
        (right, "**Precision and recall**", "precision_recall", them.precision_recall),
    ):
        with place:
            st.markdown(title)
            figure = plotting.figure(chart, HEIGHT).update_layout(showlegend=False)
            st.plotly_chart(figure, key=key, alt=chart.label)
    st.caption(CURVES)


def _galleries(outcome: Outcome, truth: outlier_data.Flags) -> str | None:
    """Found and falsely raised, the strangest first; missed, the least strange first."""
    flags = outcome.flagged
    kinds = (
        ("Found", "found", flags & truth, 1, f"of {int(truth.sum()):,} outliers"),
        ("Missed", "missed", ~flags & truth, -1, f"of {int(truth.sum()):,} outliers"),
        ("False alarms", "alarms", flags & ~truth, 1, f"of {int(flags.sum()):,} flagged"),
    )
    clicked = None
    for title, key, which, sign, of in kinds:
        positions = outlier_data.by_score(sign * outcome.scores, np.flatnonzero(which))
        st.markdown(f"**{title}: {len(positions):,} {of}**")
        if not len(positions):
            st.caption("None at this threshold.")
            continue
        first = "the highest score first" if sign > 0 else "the lowest score first"
        st.caption(f"Original and reconstruction, class and score, {first}.")
        clicked = show_pairs(outcome, positions[:SHOWN], f"truth_{key}") or clicked
    return clicked


# Judged images beside what the model makes of them, as a gallery.

PAIRS = Columns(("original", "reconstruction"))


def show_pairs(
    outcome: Outcome, positions: Positions, key: str, with_class: bool = True
) -> str | None:
    """The gallery; the id of an image that was clicked in it.

    positions: of the images, in this order.  with_class: whether each has its class below it, too,
    and not its score alone.
    """
    images = outcome.images.take(positions)
    x = images.pixels()
    x_hat = cache.autoencoder(outcome.scope.card).reconstruct(x)
    scores = [f"{score:.4g}" for score in outcome.scores[positions]]
    items = [
        Item(str(images.ids[i]), (images.label_name(i), scores[i]) if with_class else (scores[i],))
        for i in range(len(images))
    ]
    packed = gallery.pack(items, [mosaic.colours(x), mosaic.colours(x_hat)], PAIRS)
    return gallery.show(packed, key, selection.ids())
