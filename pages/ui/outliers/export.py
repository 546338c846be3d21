"""What can be taken away from the Outliers page: the flagged images, and the decisions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, assert_never

import numpy as np
import pandas as pd
import streamlit as st

from core.export import tables
from core.images.imagesets import ImageSet
from core.reviews import Decision
from pages.ui import cache
from pages.ui.frame import downloads
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers.data import Outcome, Positions

Kind = Literal["csv", "parquet", "zip"]
KINDS: dict[Kind, tuple[str, str, str]] = {
    "csv": ("CSV", "text/csv", "For spreadsheets: text is made safe"),
    "parquet": ("Parquet", "application/vnd.apache.parquet", "Every value as it is"),
    "zip": ("Images", "application/zip", "PNG files and a manifest, ids.csv"),
}
DECIDED = ("source", "image", "reviewer", "verdict", "note", "checkpoint", "time", "operation")


def shown(outcome: Outcome, order: Positions, which: str) -> None:
    """A menu that downloads images in their order.  which: flagged, conspicuous or selected."""
    _menu(
        which,
        f"The {which} images: scores, threshold, facts and verdicts",
        lambda: judged_table(outcome, order),
        lambda: outcome.images.take(order),
    )


def decisions(outcome: Outcome) -> None:
    """A menu that downloads all decisions on this data set, and the images they are about."""
    _menu(
        "decisions",
        "All decisions on this data set, of all reviewers, with what was taken back",
        lambda: decision_table(cache.reviews().history(outcome.images.id)),
        lambda: decided_images(outcome),
    )


def judged_table(outcome: Outcome, order: Positions) -> pd.DataFrame:
    """A row an image: id, source, label, score, threshold, whether flagged, facts and verdicts.

    Where outliers are known, a last column says whether it is one.
    """
    images = outcome.images.take(order)
    facts = outlier_data.facts(outcome.scope, order)
    current = cache.reviews().current(images.id)
    said = [current.get(one, {}) for one in images.ids.tolist()]
    columns: dict[str, object] = {
        "id": images.ids.tolist(),
        "source": images.id,
        "label": [images.label_name(i) for i in range(len(images))],
        "checkpoint": outcome.scope.card.name,
        "score_name": outcome.score.name,
        "score": outcome.scores[order],
        "threshold": outcome.threshold.value,
        "flagged": outcome.flagged[order],
        "facts": [", ".join(one) for one in facts],
        "verdicts": ["; ".join(f"{who}: {d.verdict}" for who, d in by.items()) for by in said],
    }
    if outcome.is_outlier is not None:
        columns["is_outlier"] = outcome.is_outlier[order]
    return pd.DataFrame(columns)


def taught_table(outcome: Outcome, verdicts: Mapping[int, bool]) -> pd.DataFrame:
    """A row an image, the likeliest to be called odd first: both scores, the verdict and the AUROC
    by cross-validation, the same in each row; nothing where there are too few verdicts.
    """
    teacher = outlier_data.teacher(outcome)
    taught, evaluation = teacher.scores(verdicts), teacher.evaluation(verdicts)
    at = np.argsort(-taught, kind="stable")
    said = {True: "outlier", False: "normal"}
    return pd.DataFrame(
        {
            "id": outcome.images.ids[at].tolist(),
            "source": outcome.images.id,
            "taught_score": taught[at],
            "score_name": outcome.score.name,
            "score": outcome.scores[at],
            "verdict": [said[verdicts[i]] if i in verdicts else "" for i in at.tolist()],
            "n_verdicts": len(verdicts),
            "auroc_taught": evaluation.taught if evaluation else np.nan,
            "auroc_fixed": evaluation.fixed if evaluation else np.nan,
        }
    )


def decision_table(history: list[Decision]) -> pd.DataFrame:
    """A row a decision, in the order in which they were made; a verdict of "" takes one back."""
    return pd.DataFrame({name: [getattr(one, name) for one in history] for name in DECIDED})


def decided_images(outcome: Outcome) -> ImageSet:
    """The images that somebody holds for something now, in the order of the set."""
    current = cache.reviews().current(outcome.images.id)
    decided = [one in current for one in outcome.images.ids.tolist()]
    return outcome.images.take(np.flatnonzero(decided))


def zipped(images: ImageSet, table: pd.DataFrame) -> bytes:
    """The images, and what is known of each in its row of the manifest."""
    name = "id" if "id" in table else "image"
    rows = table.groupby(name, sort=False).last().reindex(images.ids.tolist()).reset_index()
    return downloads.images_zip(images, rows.rename(columns={name: "id"}))


def _menu(
    name: str, what: str, table: Callable[[], pd.DataFrame], images: Callable[[], ImageSet]
) -> None:
    with st.popover("Export", icon=":material/download:", help=what):
        st.caption(what)
        for kind, (label, mime, help_text) in KINDS.items():
            st.download_button(
                label,
                partial(_file, kind, table, images),
                f"hourglass-{name}.{kind}",
                mime,
                key=f"{name}_{kind}",
                icon=":material/download:",
                on_click="ignore",
                help=help_text,
                width="stretch",
            )


def _file(kind: Kind, table: Callable[[], pd.DataFrame], images: Callable[[], ImageSet]) -> bytes:
    match kind:
        case "csv":
            return tables.csv_bytes(table())
        case "parquet":
            return tables.parquet_bytes(table())
        case "zip":
            return zipped(images(), table())
        case _:
            assert_never(kind)
