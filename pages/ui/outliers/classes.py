"""Each class: its scores and their spread, its hardest and easiest images, its mean error."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.exports import safe_text
from pages.ui import cache, mosaic, theme
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import pairs
from pages.ui.outliers.data import Found, Scores
from pages.ui.outliers.histogram import MARGIN, Stack
from pages.ui.rows import picked
from pages.ui.text import hover_text, plain

SHOWN, IN_ROW = 12, 3
SIDE = 64
NO_CLASSES = "These images have no classes: choose a data set that has some."


def draw(found: Found) -> str | None:
    """All of the section; the id of an image that was clicked in it."""
    labels = found.images.labels
    if labels is None:
        st.info(NO_CLASSES, icon=":material/category:")
        return None
    stack = Stack(labels, found.images.class_names)
    _draw_spread(found, stack)
    row = _draw_table(found, stack)
    return _of_class(found, stack, int(np.unique(labels)[row]))


def _draw_spread(found: Found, stack: Stack) -> None:
    figure = class_spread(found.scores, stack, found.score.unit, found.threshold.value)
    st.plotly_chart(
        figure, key="class_spread", alt="Scores of each class; the table has the numbers"
    )
    st.caption(
        "Boxes from quarter to quarter, whiskers from 5 to 95 %, mean dashed, threshold red."
    )


def _draw_table(found: Found, stack: Stack) -> int:
    """The table of the classes; the row that is chosen in it."""
    key = ("classes", found.asked.key, found.score.name, found.threshold.value)
    row = picked(
        cache.kept(key, lambda: class_table(found, stack)),
        [stack.names[i] for i in np.unique(stack.labels)],
        "class_shown",
        "class",
        height="content",
        row_height=SIDE,
        column_config=_columns(found),
    )
    st.caption(
        "Where: the mean error of each pixel over the class, on the scale of the page (black 0, "
        f"brightest {outlier_data.error_scale(found.asked):.2f}). "
        "Choose a row to see more of its images."
    )
    return row


def class_spread(scores: Scores, stack: Stack, unit: str, value: float) -> go.Figure:
    """A box a class: median, quartiles, and whiskers to 5 and 95 %; the threshold as a line.

    scores: (n,).  unit: of the scores.  value: of the threshold.
    """
    figure = go.Figure()
    names, quantiles, means = [], [], []
    for i, name in enumerate(stack.names):
        mine = scores[stack.labels == i]
        if len(mine):
            names.append(hover_text(name))
            quantiles.append(np.quantile(mine, (0.05, 0.25, 0.5, 0.75, 0.95)))
            means.append(mine.mean())
    low, q1, median, q3, high = np.array(quantiles).T
    figure.add_box(
        x=names, lowerfence=low, q1=q1, median=median, q3=q3, upperfence=high, mean=means,
        marker_color=theme.LIGHT["reconstructed"], line_width=1.5, name="images", showlegend=False,
    )  # fmt: skip
    figure.add_hline(y=value, line_width=1.5, line_color=theme.LIGHT["outlier"])
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text=unit)
    figure.update_layout(height=300, margin=MARGIN)
    return figure


def class_table(found: Found, stack: Stack) -> pd.DataFrame:
    """A row a class that has images: numbers of its scores, and pictures as data addresses."""
    rows = []
    (errors,) = (one.scores for one in outlier_data.scored(found.asked, ["mse"]))
    where = _mean_errors(found)
    for i, name in enumerate(stack.names):
        mine = np.flatnonzero(stack.labels == i)
        if not len(mine):
            continue
        scores = found.scores[mine]
        row: dict[str, object] = {
            "class": safe_text(name),  # the table can be exported
            "images": len(mine),
            "mse": errors[mine].mean(),
            "mean": scores.mean(),
            "spread": scores.std(),
            "flagged": int(found.flagged[mine].sum()),
            "mean error": where[i],
        }
        order = outlier_data.by_score(found.scores, mine)
        for title, few in (("hardest", order[:IN_ROW]), ("easiest", order[::-1][:IN_ROW])):
            pictures = mosaic.enlarged(mosaic.colours(found.images.pixels(few)), SIDE)
            row[title] = _address(np.concatenate(list(pictures), axis=1))
        rows.append(row)
    return pd.DataFrame(rows)


def _mean_errors(found: Found) -> dict[int, str]:
    """For each class that has images, a picture of the root of the mean squared error."""
    scale = outlier_data.error_scale(found.asked)
    squares = outlier_data.mean_errors(found.asked)
    return {i: _address(_drawn(np.sqrt(one) / scale)) for i, one in squares.items()}


def _drawn(error: Scores) -> mosaic.Pixels:
    """An error of each pixel, (H, W), 1 = brightest, as a picture."""
    colours = theme.ERROR_COLOURS[np.rint(np.clip(error, 0, 1) * 255).astype(np.uint8)]
    return np.asarray(mosaic.enlarged(colours[None], SIDE)[0])


def _address(picture: mosaic.Pixels) -> str:
    return mosaic.data_url(mosaic.png(picture))


def _columns(found: Found) -> dict[str, Any]:
    column = st.column_config
    unit = found.score.unit
    return {
        "class": column.TextColumn("Class"),
        "images": column.NumberColumn("Images", format="localized"),
        "mse": column.NumberColumn("Mean error", format="%.4g", help="Mean squared error"),
        "mean": column.NumberColumn("Mean score", format="%.4g", help=unit),
        "spread": column.NumberColumn("Spread", format="%.3g", help=f"Standard deviation; {unit}"),
        "flagged": column.NumberColumn("Flagged", format="localized", help="Above the threshold"),
        "mean error": column.ImageColumn("Where", width=80, help="Where it errs on average"),
        "hardest": column.ImageColumn("Hardest", width=220, help="Highest scores of the class"),
        "easiest": column.ImageColumn("Easiest", width=220, help="Lowest scores of the class"),
    }


def _of_class(found: Found, stack: Stack, i: int) -> str | None:
    mine, name = np.flatnonzero(stack.labels == i), stack.names[i]
    order = outlier_data.by_score(found.scores, mine)
    clicked = None
    for title, few in (("Hardest", order[:SHOWN]), ("Easiest", order[::-1][:SHOWN])):
        st.markdown(f"**{title} images of class {plain(name)}**, originals and reconstructions")
        key = f"classes_{title.lower()}"
        clicked = pairs.show(found, few, key, with_class=False) or clicked
    return clicked
