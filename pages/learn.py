"""A guided walk in seven short steps, each a live figure, and a shelf of what goes wrong."""

import streamlit as st

from pages.ui.learn import steps as learn_steps
from pages.ui.session import router

st.title("Learn")
st.caption(
    "What an autoencoder does, in seven short steps to play with. Every number is computed here, "
    "from the models that come with this program; what you chose on other pages is kept."
)

router.require_app()
step = learn_steps.current()
st.subheader(learn_steps.heading(step), anchor=False)
learn_steps.draw(step)
