"""The Your images page: own images, data sets and models, and public sets to download."""

import streamlit as st

from pages.ui.frame import sidebar
from pages.ui.own import downloads as own_downloads
from pages.ui.own import look as own_look
from pages.ui.own import models as own_models
from pages.ui.own import sets as own_sets
from pages.ui.session import widgets

SECTIONS = {
    "look": ("Look at images", own_look.draw),
    "sets": ("Make a data set", own_sets.draw),
    "downloads": ("Public data sets", own_downloads.draw),
    "models": ("Models", own_models.draw),
}

choice = sidebar.chosen()
st.title("Your images")
st.caption(
    "Your own images, data sets and models: how each image is prepared, and how the model "
    "reconstructs it. Everything stays on this machine."
)

section = widgets.choice(
    st.segmented_control,
    "What to do",
    list(SECTIONS),
    key="your",
    default="look",
    required=True,
    format_func=lambda name: SECTIONS[name][0],
    label_visibility="collapsed",
    help="Look at single images, make a data set of many, fetch a public one, manage models",
)
SECTIONS[section][1](choice)
