"""Images that the model finds strange: flagged, explained, reviewed, and compared with a truth."""

import streamlit as st

from pages.ui.frame import downloads, sidebar
from pages.ui.outliers import controls as outlier_controls
from pages.ui.outliers import report as outlier_report
from pages.ui.outliers import sections as outlier_sections

st.title("Outliers")
st.caption(
    "What the model has never seen it rebuilds badly, or places far from all it knows. "
    "Choose how strangeness is measured, see where the line is drawn, and decide yourself."
)

found = outlier_controls.found(sidebar.chosen())
section = outlier_sections.draw_sections(found)
downloads.button(lambda: outlier_report.content(found, section == "truth"), "outliers")
