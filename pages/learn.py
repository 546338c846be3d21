"""A guided walk in seven short steps, each a live figure, and a shelf of what goes wrong."""

import streamlit as st

from pages.ui import sidebar
from pages.ui.learn import steps as learn_steps

st.title("Learn")
st.caption(
    "What an autoencoder does, in seven short steps to play with. Every number is computed here, "
    "from the models that come with this program."
)

sidebar.chosen()  # the steps bring their own data and models; the sidebar's stay as they are
step = learn_steps.current()
st.subheader(learn_steps.heading(step), anchor=False)
step.draw()
