"""The histogram of scores with its threshold; brushing it makes the one selection of all pages."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from core.reports.charts import Chart
from pages.ui.figures.colouring import Groups
from pages.ui.figures.text import plain
from pages.ui.outliers import histogram as outlier_histogram
from pages.ui.outliers.data import Outcome, Scores
from pages.ui.outliers.histogram import AxisStyle, Drawn
from pages.ui.session import highlighting, selection, state, widgets, zoom

LOG_COUNTS, LOG_SCORES, BY_CLASS = "log_counts", "log_scores", "by_class"  # in the link
ORIGIN, TURN = "histogram_origin", "histogram_turn"
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "pan2d"],
}
Range = tuple[float, float]
ABOUT_CLASSES = "Show each class: stacked bars, or lines if counts are logarithmic"


def draw_brush(outcome: Outcome) -> None:
    """The options, the chart, and what was brushed in it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        log_counts = _toggle(LOG_COUNTS, "Log counts", "A logarithmic count shows single images")
        can_be_log = outlier_histogram.can_be_log(outcome.scores, outcome.scored.usual.scores)
        log_scores = _toggle(
            LOG_SCORES, "Log scores", "Scores that differ by factors", disabled=not can_be_log
        )
        groups = _groups(outcome)
        by_class = groups is not None and _toggle(BY_CLASS, "By class", ABOUT_CLASSES)
        classes = (
            replace(groups, highlighted=highlighting.chosen(groups))
            if by_class and groups
            else None
        )
    style = AxisStyle(log_counts, log_scores and can_be_log, st.context.theme.type == "dark")
    drawn = Drawn(outcome.scores, outcome.scored.usual.scores, _picked(outcome), classes)
    figure = outlier_histogram.histogram(drawn, outcome.threshold.value, outcome.score, style)
    key = f"histogram_{_turn()}"
    st.plotly_chart(
        figure, key=key, on_select=lambda: _brushed(key, outcome), selection_mode=("box", "points"),
        config=CONFIG, alt="Histogram of the scores, with the threshold",
    )  # fmt: skip
    zoom.listen(key)
    st.caption(
        f"Drag across the bars to select their images on all pages. The line is the histogram of "
        f"{plain(outcome.known)}, scaled to the same number of images."
    )


def still(outcome: Outcome) -> Chart:
    """The chart for a report, as the options say: also where another section is open."""
    can_be_log = outlier_histogram.can_be_log(outcome.scores, outcome.scored.usual.scores)
    style = AxisStyle(state.flag(LOG_COUNTS), state.flag(LOG_SCORES) and can_be_log, dark=None)
    groups = _groups(outcome) if state.flag(BY_CLASS) else None
    classes = replace(groups, highlighted=highlighting.kept(groups)) if groups else None
    drawn = Drawn(outcome.scores, outcome.scored.usual.scores, _picked(outcome), classes)
    return outlier_histogram.described(drawn, outcome.threshold.value, outcome.score, style)


def _picked(outcome: Outcome) -> Scores:
    """The scores of the selected images."""
    return outcome.scores[np.isin(outcome.images.ids, selection.ids())]


def _groups(outcome: Outcome) -> Groups | None:
    """The images by class, if they have classes."""
    labels = outcome.images.labels
    return None if labels is None else Groups("class", outcome.images.class_names, labels)


def ranges_of(selection: dict[str, Any]) -> list[Range]:
    """From where to where a plotly selection reaches along x: boxes, else the bars clicked."""
    boxes = [sorted(map(float, box["x"])) for box in selection.get("box", ()) if box.get("x")]
    if boxes:
        return [(box[0], box[-1]) for box in boxes]
    bars = (point.get("customdata") for point in selection.get("points", ()))
    return [(float(bar[0]), float(bar[1])) for bar in bars if isinstance(bar, Sequence)]


def within(scores: Scores, ranges: Sequence[Range]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which scores lie in one of the ranges."""
    inside = np.zeros(len(scores), bool)
    for low, high in ranges:
        inside |= (scores >= low) & (scores <= high)
    return inside


def _brushed(key: str, outcome: Outcome) -> None:
    """Called when the visitor has brushed the chart, before the page runs again."""
    ranges = ranges_of(st.session_state[key]["selection"])
    selection.select(outcome.images.ids[within(outcome.scores, ranges)].tolist())
    st.session_state[ORIGIN] = selection.ids()


def _turn() -> int:
    """A number that changes when the selection was changed elsewhere, to draw the chart afresh."""
    if st.session_state.get(ORIGIN) not in (None, selection.ids()):
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
        st.session_state[ORIGIN] = None
    return int(st.session_state.get(TURN, 0))


def _toggle(key: str, label: str, help_text: str, disabled: bool = False) -> bool:
    return widgets.switch(label, key, help=help_text, disabled=disabled)
