"""All scores against a known truth: a table, curves, and what is found, missed or a false alarm."""

import numpy as np
import pandas as pd
import streamlit as st

from core.anomaly import judging, rankings, scores
from core.anomaly.judging import Ranked
from core.anomaly.scores import BY_NAME
from core.data import catalogue
from core.text import counted
from pages.ui import cache
from pages.ui.components import gallery
from pages.ui.components.gallery import Columns, Item
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.outliers import curves as outlier_curves
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.curves import Style
from pages.ui.outliers.data import Found, Positions
from pages.ui.outliers.lesson import Setting, lesson
from pages.ui.session import selection

SHOWN = 12  # images of each kind
UNKNOWN = (
    "There are no known outliers among these images. Open **Known outliers** above and choose "
    "classes that the model was trained without, or plant some."
)
TABLE = {
    "line": st.column_config.ImageColumn("Line", width=64, help="Its line in the charts below"),
    "score": st.column_config.TextColumn("Score"),
    "auroc": st.column_config.ProgressColumn(
        "AUROC", format="%.3f", min_value=0, max_value=1,
        help="The probability that an outlier scores above a normal image; 0.5 = guessing",
    ),
    "average_precision": st.column_config.ProgressColumn(
        "Average precision", format="%.3f", min_value=0, max_value=1,
        help="Precision averaged over all thresholds; guessing gives the share of outliers",
    ),
    "precision_at_k": st.column_config.ProgressColumn(
        "Precision at k", format="%.3f", min_value=0, max_value=1,
        help="The share of outliers among the k highest scores, with k outliers in all",
    ),
    "seconds": st.column_config.NumberColumn(
        "Seconds", format="%.2f", help="From pixels to scores, once model and references are ready"
    ),
    "uses": st.column_config.TextColumn("Uses", help="What the score is computed from"),
}  # fmt: skip


def draw(found: Found) -> str | None:
    """All of the section; the id of an image that was clicked in it."""
    if found.is_outlier is None:
        st.info(UNKNOWN, icon=":material/science:")
        return None
    n = int(found.is_outlier.sum())
    if not 0 < n < len(found.images):
        st.info(
            "Choose other outliers: there must be some, and not all.", icon=":material/science:"
        )
        return None
    _, _, what = outlier_data.experiment(found.asked.dataset, found.asked.split, found.asked.truth)
    are = "is an outlier" if n == 1 else "are outliers"
    st.markdown(f"**{n:,} of {len(found.images):,} images {are}** ({plain(what)}).")
    ranked = _ranked(found)
    baselines = [spec.title for spec in scores.SCORES if spec.baseline]
    titles = [BY_NAME[name].title for name in ranked]
    drawn = outlier_curves.styles(titles, found.score.title, baselines)
    _table(found, ranked, drawn)
    st.caption(plain(lesson(ranked, _setting(found, n))))
    _curves(found, ranked, drawn)
    return _galleries(found, found.is_outlier)


def _setting(found: Found, n: int) -> Setting:
    """What was tried.  n: outliers."""
    card, truth = found.asked.card, found.asked.truth
    known = {info.id: info.class_names for info in catalogue.catalogue()}.get(card.dataset, ())
    learned = set(known) - set(card.excluded_classes)
    was_seen = truth.kind == "classes" and bool(learned & set(truth.classes))
    return Setting(n, len(found.images) - n, card.latent_dim, was_seen)


def _ranked(found: Found) -> dict[str, Ranked]:
    """All scores by name, the best first; fitted and computed now if they were not before."""
    assert found.is_outlier is not None
    names = list(outlier_data.offered(found.asked))
    scored = outlier_data.scored(found.asked, names)
    ranked = [
        judging.ranking(name, one.scores, found.is_outlier, one.seconds)
        for name, one in zip(names, scored, strict=True)
    ]
    return {one.name: one for one in sorted(ranked, key=lambda one: -one.auroc)}


def _uses(name: str, found: Found) -> str:
    """What a score looks at, in words."""
    if name == "pca":
        return f"baseline, PCA with {counted(outlier_data.linear_width(found), 'number')}"
    return "baseline, no network" if BY_NAME[name].baseline else "the model"


def _table(found: Found, ranked: dict[str, Ranked], drawn: dict[str, Style]) -> None:
    """A row a score, the best first, with a sample of its line in the charts."""
    rows = [
        {
            "line": outlier_curves.sample(drawn[BY_NAME[name].title]),
            "score": BY_NAME[name].title,
            "auroc": one.auroc,
            "average_precision": one.average_precision,
            "precision_at_k": one.precision_at_k,
            "seconds": one.seconds,
            "uses": _uses(name, found),
        }
        for name, one in ranked.items()
    ]
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True, column_config=TABLE, height="content", key="ranked")


def _curves(found: Found, ranked: dict[str, Ranked], drawn: dict[str, Style]) -> None:
    assert found.is_outlier is not None
    scored = outlier_data.scored(found.asked, list(ranked))
    curves = {
        BY_NAME[name].title: rankings.curves(one.scores, found.is_outlier)
        for name, one in zip(ranked, scored, strict=True)
    }
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**ROC**: outliers found against false alarms")
        figure = outlier_curves.roc(curves, drawn)
        st.plotly_chart(figure, key="roc", alt="ROC curves, a line a score")
    with right:
        st.markdown("**Precision and recall**")
        figure = outlier_curves.precision_recall(curves, drawn, float(found.is_outlier.mean()))
        st.plotly_chart(figure, key="precision_recall", alt="Precision and recall, a line a score")
    st.caption(
        "Thick: the score chosen above. Dashed: baselines without a network. Dotted: guessing."
    )


def _galleries(found: Found, truth: outlier_data.Flags) -> str | None:
    """Found and falsely raised, the strangest first; missed, the least strange first."""
    flags = found.flagged
    kinds = (
        ("Found", "found", flags & truth, 1, f"of {int(truth.sum()):,} outliers"),
        ("Missed", "missed", ~flags & truth, -1, f"of {int(truth.sum()):,} outliers"),
        ("False alarms", "alarms", flags & ~truth, 1, f"of {int(flags.sum()):,} flagged"),
    )
    clicked = None
    for title, key, which, sign, of in kinds:
        positions = outlier_data.by_score(sign * found.scores, np.flatnonzero(which))
        st.markdown(f"**{title}: {len(positions):,} {of}**")
        if not len(positions):
            st.caption("None at this threshold.")
            continue
        first = "the highest score first" if sign > 0 else "the lowest score first"
        st.caption(f"Original and reconstruction, class and score, {first}.")
        clicked = show_pairs(found, positions[:SHOWN], f"truth_{key}") or clicked
    return clicked


# Judged images beside what the model makes of them, as a gallery.

COLUMNS = Columns(("original", "reconstruction"))


def show_pairs(found: Found, positions: Positions, key: str, with_class: bool = True) -> str | None:
    """The gallery; the id of an image that was clicked in it.

    positions: of the images, in this order.  with_class: whether each has its class below it, too,
    and not its score alone.
    """
    images = found.images.take(positions)
    x = images.pixels()
    x_hat = cache.autoencoder(found.asked.card).reconstruct(x)
    scores = [f"{score:.4g}" for score in found.scores[positions]]
    items = [
        Item(str(images.ids[i]), (images.label_name(i), scores[i]) if with_class else (scores[i],))
        for i in range(len(images))
    ]
    packed = gallery.pack(items, [mosaic.colours(x), mosaic.colours(x_hat)], COLUMNS)
    return gallery.show(packed, key, selection.ids())
