"""The codes of many images as a map, and the space between them, decoded."""

import streamlit as st

from pages.ui import progress
from pages.ui.frame import downloads, sidebar
from pages.ui.latent import controls as latent_controls
from pages.ui.latent import drawing as latent_drawing
from pages.ui.latent import inspector as latent_inspector
from pages.ui.latent import report as latent_report
from pages.ui.latent import sections as latent_sections
from pages.ui.latent import views as latent_views

st.title("Latent space")
st.caption(
    "Where the model puts each image. Circle points to see their images; "
    "move over the plane to see what the model draws between them."
)

choice = sidebar.chosen()
card = choice.model()
if not len(choice.images()):
    st.info("There is no image here: choose other data in the sidebar.")
    st.stop()
asked = latent_controls.asked(choice, card)
views = tuple(latent_views.view(asked, card) for card in asked.cards)
drawn = latent_drawing.draw_maps(views)
below = latent_sections.draw_sections(views)
selected = latent_views.selected_positions(views[0].population.images)
told = latent_report.Told(views, selected, below.walked, drawn.plane.pinned)
downloads.button(lambda: latent_report.content(told), "latent")
latent_inspector.inspect(views[0], below.clicked or drawn.plane.clicked)
with progress.part():
    latent_drawing.finish(views, drawn.captions)
