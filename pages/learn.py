"""The Learn page: seven short steps, each with a live figure, and common failures of training."""

import streamlit as st

from pages.ui.learn import steps as learn_steps
from pages.ui.session import router

st.title("Learn")
st.caption(
    "What an autoencoder does, in seven short interactive steps. Every number is computed on this "
    "machine from the models that come with Hourglass. Your choices on other pages are kept."
)

router.require_app()
step = learn_steps.current()
st.subheader(learn_steps.heading(step), anchor=False)
learn_steps.draw(step)
