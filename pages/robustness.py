"""The Robustness page: error against noise, a ranking, copying, code size, a table of models."""

import streamlit as st

from pages.ui.frame import sidebar
from pages.ui.robust import copying as robust_copying
from pages.ui.robust import curves as robust_curves
from pages.ui.robust import models as robust_models
from pages.ui.robust import sizes as robust_sizes
from pages.ui.robust import studies as robust_studies
from pages.ui.robust import wall as robust_wall
from pages.ui.session import widgets
from pages.ui.session.registry import ROBUSTNESS

DRAWN = ROBUSTNESS.each(
    {
        "Curves": robust_curves.draw,
        "Wall": robust_wall.draw,
        "Copying": robust_copying.draw,
        "Size": robust_sizes.draw,
        "Models": robust_models.draw,
        "Studies": robust_studies.draw,
    }
)

st.title("Robustness")
st.caption(
    "Which models still reconstruct well when noise is added? Every model gets the same images "
    "with the same noise, and its error is measured against the clean image."
)

choice = sidebar.chosen()
DRAWN[widgets.view(ROBUSTNESS, label_visibility="collapsed")](choice)
