"""Work in the background, as the visitor sees it: how far, how long still, and how to stop it."""

from collections.abc import Callable

import streamlit as st

from core.background import Job
from core.config import HourglassError
from pages.ui import cache
from pages.ui.figures.text import plain, sentence
from pages.ui.progress import told

JOB_POLL_SECONDS, STOPPED = 0.5, "stopped_jobs"


def show_job(key: str, job: Job) -> None:
    """The progress of a job that is running, and a button that cancels it."""
    _progress(job)
    if st.button("Cancel", key=f"cancel_{key}", help="Stop it; nothing of it is kept"):
        _stopped().add(key)
        cache.jobs().forget(key)
        st.rerun()


def begin_job(key: str, label: str, help_text: str, start: Callable[[], Job]) -> None:
    """A job that begins by itself, and its progress; a button if this visitor has stopped it."""
    if cache.jobs().get(key) is None and key not in _stopped():
        try:
            start()
        except HourglassError as error:  # too much is going on
            st.caption(sentence(str(error)))
    offer_job(key, label, help_text, start)


def offer_job(key: str, label: str, help_text: str, start: Callable[[], Job]) -> None:
    """A button that starts a job, or the progress of the one that is running under this key."""
    job = cache.jobs().get(key)
    if job is not None and job.state == "running":
        show_job(key, job)
        return
    if job is not None and job.state == "failed":
        st.error(sentence(job.error), icon=":material/error:")
    if st.button(label, key=f"start_{key}", icon=":material/play_arrow:", help=help_text):
        _stopped().discard(key)
        start()
        st.rerun()


def _stopped() -> set[str]:
    """The keys of the jobs that this visitor has cancelled."""
    found: set[str] = st.session_state.setdefault(STOPPED, set())
    return found


@st.fragment(run_every=JOB_POLL_SECONDS)
def _progress(job: Job) -> None:
    if job.state != "running":
        st.rerun()  # the whole page: what was waited for is there
    words = told(job.done, job.total, job.seconds_left(), job.title)
    st.progress(job.share() or 0.0, plain(words))
