"""The Train page: start a run, watch it learn, and see all runs so far."""

import streamlit as st

from core import machine, runs
from core.runs import control as run_control
from pages.ui.frame import errors, public_sets, sidebar, ways
from pages.ui.session import presence, state
from pages.ui.train import form as training_form
from pages.ui.train import probing as training_facts
from pages.ui.train import runs as run_list
from pages.ui.train import view as run_view

st.title("Train")
st.caption(
    "Each run trains in its own process: it continues if you leave this page, close the browser or "
    "restart the server. You can pause and resume it; the final weights are the same."
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
        machine.check_torch()
        training_facts.draw_facts(config)
        if st.button(
            "Start training", type="primary", icon=":material/play_arrow:", width="stretch",
            help="Starts in the background, or waits in the queue while other runs are training",
        ):  # fmt: skip
            st.session_state["run"] = run_control.start(runs.create(config)).id

found = runs.found()
newest = next((run for run in found if run.is_live), found[0] if found else None)
with right, errors.shown():
    if newest is None:
        state.recall("run", "", [""], "run")  # which run was shown before
        st.info("Nothing has been trained yet: choose a preset and press Start training.")
    else:
        by_id = {run.id: run for run in found}
        state.recall("run", newest.id, list(by_id), "run")
        state.publish("run", None)  # always in the link: another run may soon be the newest
        presence.look("run", st.session_state["run"])
        run_view.draw(by_id[st.session_state["run"]], found)
run_list.draw(found)
