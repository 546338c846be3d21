"""The Your images page: own images, data sets and models, and public sets to download."""

import streamlit as st

from pages.ui.frame import sidebar
from pages.ui.own import downloads as own_downloads
from pages.ui.own import look as own_look
from pages.ui.own import models as own_models
from pages.ui.own import odd as own_odd
from pages.ui.own import sets as own_sets
from pages.ui.session import widgets
from pages.ui.session.registry import YOUR_IMAGES

DRAWN = YOUR_IMAGES.each(
    {
        "look": own_look.draw,
        "odd": own_odd.draw,
        "sets": own_sets.draw,
        "downloads": own_downloads.draw,
        "models": own_models.draw,
    }
)

choice = sidebar.chosen()
st.title("Your images")
st.caption(
    "Your own images, data sets and models: how each image is prepared, and how the model "
    "reconstructs it. Everything stays on this machine."
)

section = widgets.view(YOUR_IMAGES, label_visibility="collapsed")
DRAWN[section](choice)
