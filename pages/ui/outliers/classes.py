"""Each class: its scores and their spread, its hardest and easiest images, its mean error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.anomaly import rankings
from core.export.tables import safe_text
from core.text import shortened, shortened_one
from pages.ui import cache
from pages.ui.figures import mosaic, theme
from pages.ui.figures.plotting import MARGIN
from pages.ui.figures.text import hover_text, plain
from pages.ui.frame import tables
from pages.ui.frame.tables import Column, number
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import truth as outlier_truth
from pages.ui.outliers.data import Outcome, Positions, Scores
from pages.ui.session.rows import picked

SHOWN, IN_ROW = 12, 3
SIDE = 64
BOXES, BOX_HEIGHT = 14, 24  # pixels a class, and from how many classes on the chart is long
SPREAD_HEIGHT = 420  # pixels of a long chart, which scrolls
ROWS, ROWS_HEIGHT = 10, 600  # of a table that scrolls
MOST_PICTURED = 100  # classes: the pictures of more would be megabytes
NUMBER, WIDE = 88, 110  # pixels of a column: no digit is cut off
MSE = "Mean squared error"
AUROC = (
    "The probability that an image of this class scores above a usual image of another class; "
    "0.5 = no difference"
)
NO_CLASSES = "These images have no classes: choose a data set that has some."


@dataclass(frozen=True)
class Stack:
    """Images by class.  labels: (n,), indices into names."""

    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def present(self) -> list[int]:
        """Which classes have images, rising."""
        outcome: list[int] = np.unique(self.labels).tolist()
        return outcome


def draw(outcome: Outcome) -> str | None:
    """All of the section; the id of an image that was clicked in it."""
    labels = outcome.images.labels
    if labels is None:
        st.info(NO_CLASSES, icon=":material/category:")
        return None
    stack = Stack(labels, outcome.images.class_names)
    _draw_spread(outcome, stack)
    row = _draw_table(outcome, stack)
    return _of_class(outcome, stack, stack.present[row])


def _draw_spread(outcome: Outcome, stack: Stack) -> None:
    figure = class_spread(outcome.scores, stack, outcome.score.unit, outcome.threshold.value)
    is_long = figure.layout.height > SPREAD_HEIGHT
    with st.container(height=SPREAD_HEIGHT if is_long else "content", border=is_long):
        st.plotly_chart(
            figure, key="class_spread", alt="Scores of each class; the table has the numbers"
        )
    st.caption("Boxes: quartiles and median. Whiskers: 5 to 95 %. Dashed: mean. Red: threshold.")


def _draw_table(outcome: Outcome, stack: Stack) -> int:
    """The table of the classes; the row that is chosen in it."""
    key = ("classes", outcome.scope.key, outcome.score.name, outcome.threshold.value)
    is_pictured = len(stack.present) <= MOST_PICTURED
    n_rows = min(len(stack.present), ROWS)
    row = picked(
        cache.kept(key, lambda: class_table(outcome, stack, is_pictured)),
        [stack.names[i] for i in stack.present],
        "class_shown",
        "class",
        height="content" if n_rows < ROWS else ROWS_HEIGHT,
        row_height=SIDE if is_pictured else None,
        column_config=tables.config(columns(outcome.score.unit)),
    )
    where = (
        "Where: root mean squared error of each pixel over the class, on one scale (black 0, "
        f"brightest {outlier_data.error_scale(outcome.scope):.2f}). "
    )
    st.caption(where * is_pictured + "Choose a row to see more of its images.")
    return row


def class_spread(scores: Scores, stack: Stack, unit: str, value: float) -> go.Figure:
    """A box a class: median, quartiles, and whiskers to 5 and 95 %; the threshold as a line.

    scores: (n,).  unit: of the scores.  value: of the threshold.  The more classes the higher.
    """
    by_class = [scores[stack.labels == i] for i in stack.present]
    quantiles = np.array([np.quantile(one, (0.05, 0.25, 0.5, 0.75, 0.95)) for one in by_class])
    low, q1, median, q3, high = quantiles.T
    at, names = np.arange(len(by_class)), shortened([stack.names[i] for i in stack.present])
    figure = go.Figure()
    figure.add_box(
        y=at, lowerfence=low, q1=q1, median=median, q3=q3, upperfence=high,
        mean=[one.mean() for one in by_class], orientation="h",
        marker_color=theme.LIGHT["reconstructed"], line_width=1.5, name="images", showlegend=False,
    )  # fmt: skip
    figure.add_vline(x=value, line_width=1.5, line_color=theme.LIGHT["outlier"])
    figure.update_xaxes(title_text=unit, side="top" if len(at) > BOXES else "bottom")
    figure.update_yaxes(
        title_text="class", tickvals=at, ticktext=[hover_text(name) for name in names],
        range=[len(at) - 0.5, -0.5], automargin=True,
    )  # fmt: skip
    return figure.update_layout(height=70 + BOX_HEIGHT * max(3, len(at)), margin=MARGIN)


def class_table(outcome: Outcome, stack: Stack, is_pictured: bool = True) -> pd.DataFrame:
    """A row a class that has images: numbers of its scores, and pictures as data addresses."""
    rows = []
    (errors,) = (one.scores for one in outlier_data.scored(outcome.scope, ["mse"]))
    where = _mean_errors(outcome) if is_pictured else {}
    outlier = outcome.is_outlier
    usual = np.ones(len(outcome.scores), bool) if outlier is None else ~outlier
    aurocs = rankings.auroc_of_groups(outcome.scores, stack.labels, usual)
    for i in stack.present:
        mine = np.flatnonzero(stack.labels == i)
        scores = outcome.scores[mine]
        row: dict[str, object] = {
            "class": safe_text(stack.names[i]),  # the table can be exported
            "images": len(mine),
            "mse": errors[mine].mean(),
            "mean": scores.mean(),
            "spread": scores.std(),
            "flagged": int(outcome.flagged[mine].sum()),
            "auroc": aurocs.get(i, np.nan),
        }
        rows.append(
            row | ({"mean error": where[i]} | _strips(outcome, mine) if is_pictured else {})
        )
    return pd.DataFrame(rows)


def _strips(outcome: Outcome, mine: Positions) -> dict[str, str]:
    """The hardest and the easiest images among some, as pictures."""
    order = outlier_data.by_score(outcome.scores, mine)
    strips = {}
    for title, few in (("hardest", order[:IN_ROW]), ("easiest", order[::-1][:IN_ROW])):
        pictures = mosaic.enlarged(mosaic.colours(outcome.images.pixels(few)), SIDE)
        strips[title] = _address(np.concatenate(list(pictures), axis=1))
    return strips


def _mean_errors(outcome: Outcome) -> dict[int, str]:
    """For each class that has images, a picture of the root of the mean squared error."""
    scale = outlier_data.error_scale(outcome.scope)
    squares = outlier_data.mean_errors(outcome.scope)
    return {i: _address(_drawn(np.sqrt(one) / scale)) for i, one in squares.items()}


def _drawn(error: Scores) -> mosaic.Pixels:
    """An error of each pixel, (H, W), 1 = brightest, as a picture."""
    colours = theme.ERROR_COLOURS[np.rint(np.clip(error, 0, 1) * 255).astype(np.uint8)]
    return np.asarray(mosaic.enlarged(colours[None], SIDE)[0])


def _address(picture: mosaic.Pixels) -> str:
    return mosaic.data_url(mosaic.png(picture))


def columns(unit: str) -> tuple[Column, ...]:
    """The columns of the table.  unit: of the scores."""
    deviation = f"Standard deviation; {unit}"
    return (
        Column("class", "Class", width=160, pinned=True),
        number("images", "Images", ",", width=NUMBER),
        number("mse", "Mean error", ".4g", width=WIDE, help=MSE),
        number("mean", "Mean score", ".4g", width=WIDE, help=unit),
        number("spread", "Spread", ".3g", width=WIDE, help=deviation),
        number("flagged", "Flagged", ",", width=NUMBER, help="Above the threshold"),
        Column("auroc", "AUROC", "share", ".3f", width=WIDE, help=AUROC),
        Column("mean error", "Where", "picture", width=80, help="Mean error of each pixel"),
        Column("hardest", "Hardest", "picture", width=220, help="Highest scores of the class"),
        Column("easiest", "Easiest", "picture", width=220, help="Lowest scores of the class"),
    )


def _of_class(outcome: Outcome, stack: Stack, i: int) -> str | None:
    mine, name = np.flatnonzero(stack.labels == i), stack.names[i]
    order = outlier_data.by_score(outcome.scores, mine)
    clicked, short = None, plain(shortened_one(name, 60))
    for title, few in (("Hardest", order[:SHOWN]), ("Easiest", order[::-1][:SHOWN])):
        st.markdown(f"**{title} images of class {short}**, originals and reconstructions")
        key = f"classes_{title.lower()}"
        clicked = outlier_truth.show_pairs(outcome, few, key, with_class=False) or clicked
    return clicked
