"""Which representation survives noise: curves, a wall of models, copying, size, and a table."""

import streamlit as st

from pages.ui import (
    robust_controls,
    robust_copying,
    robust_curves,
    robust_models,
    robust_sizes,
    robust_wall,
    sidebar,
)

VIEWS = {
    "Curves": robust_curves.draw,
    "Wall": robust_wall.draw,
    "Copying": robust_copying.draw,
    "Size": robust_sizes.draw,
    "Models": robust_models.draw,
}

st.title("Robustness")
st.caption(
    "Which representation survives noise? Every model gets the same images with the same noise, "
    "and its error is measured against the clean image."
)

choice = sidebar.chosen()
VIEWS[robust_controls.view()](choice)
