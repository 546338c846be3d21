"""Train a model and watch it learn; what has been trained so far."""

import streamlit as st

from core import runs
from core.runs import control as run_control
from pages.ui.frame import errors, public_sets, sidebar, ways
from pages.ui.session import presence, state
from pages.ui.train import form as training_form
from pages.ui.train import probing as training_facts
from pages.ui.train import runs as run_list
from pages.ui.train import view as run_view

st.title("Train")
st.caption(
    "A run trains in a process of its own: leave this page, close the browser, restart the server, "
    "and it goes on. Pause and resume as you like; the weights come out the same."
)

left, right = st.columns([2, 5], gap="large")
with left, errors.shown():
    st.subheader("New run")
    if following := st.session_state.pop(ways.TRAIN_ON, None):
        training_form.suggest(following)
    config = training_form.draw(sidebar.chosen().dataset.id)
    if missing := public_sets.missing(config.train.dataset):
        public_sets.offer(missing)
    else:
        training_facts.draw_facts(config)
        if st.button(
            "Start training", type="primary", icon=":material/play_arrow:", width="stretch",
            help="Begins in the background; waits for its turn if others are running",
        ):  # fmt: skip
            st.session_state["run"] = run_control.start(runs.create(config)).id

found = runs.found()
newest = next((run for run in found if run.is_live), found[0] if found else None)
with right, errors.shown():
    if newest is None:
        state.recall("run", "", [""], "run")  # tells of the one that was shown before
        st.info("Nothing has been trained yet: choose a preset and press Start training.")
    else:
        by_id = {run.id: run for run in found}
        state.recall("run", newest.id, list(by_id), "run")
        state.publish("run", None)  # always in the link: another run may soon be the newest
        presence.look("run", st.session_state["run"])
        run_view.draw(by_id[st.session_state["run"]], found)
run_list.draw(found)
