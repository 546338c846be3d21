"""The Outliers page: images with high anomaly scores, their review, and a known truth."""

import streamlit as st

from pages.ui import progress
from pages.ui.figures.text import plain
from pages.ui.frame import downloads, sidebar
from pages.ui.outliers import brush as outlier_brush
from pages.ui.outliers import classes as outlier_classes
from pages.ui.outliers import controls as outlier_controls
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import flagged as outlier_flagged
from pages.ui.outliers import inspector as outlier_inspector
from pages.ui.outliers import report as outlier_report
from pages.ui.outliers import review as outlier_review
from pages.ui.outliers import truth as outlier_truth
from pages.ui.outliers.data import Outcome
from pages.ui.session import widgets
from pages.ui.session.registry import OUTLIERS

DRAWN = OUTLIERS.each(
    {
        "flagged": outlier_flagged.draw,
        "review": outlier_review.draw,
        "truth": outlier_truth.draw,
        "classes": outlier_classes.draw,
    }
)


def draw_sections(outcome: Outcome) -> str:
    """Draw the summary and the section that is open; return the name of that section."""
    st.markdown(outlier_flagged.sentence(outcome))
    st.caption(plain(outlier_data.explanation(outcome)))
    section = widgets.view(OUTLIERS, label_visibility="collapsed")
    if section != "review":
        st.query_params.pop("at", None)  # where a review stood
    clicked = None
    with progress.part():
        clicked = DRAWN[section](outcome)
    outlier_inspector.inspect(outcome, clicked)
    return section


st.title("Outliers")
st.caption(
    "Images unlike the training images are often reconstructed badly, or their codes lie far from "
    "all others. Choose an anomaly score, see which images exceed the threshold, and review them."
)

outcome = outlier_controls.outcome(sidebar.chosen())
section = draw_sections(outcome)
scores = outlier_brush.still(outcome)
downloads.button(lambda: outlier_report.content(outcome, scores, section == "truth"), "outliers")
