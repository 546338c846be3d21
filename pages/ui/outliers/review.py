"""Review: a queue of images, the strangest first, and what people decide about them."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import reviews
from core.config import HourglassError, OptionError
from core.reviews import MAX_NAME, Decision, disagreements
from pages.ui import cache, progress
from pages.ui.figures.text import plain
from pages.ui.frame import errors
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import desk as outlier_desk
from pages.ui.outliers import export as outlier_export
from pages.ui.outliers import review_component, review_notices
from pages.ui.outliers.data import Found, Positions
from pages.ui.outliers.review_reports import Refused, Said
from pages.ui.session import selection, state, widgets

QUEUES = {
    "flagged": "flagged images",
    "conspicuous": "conspicuous pictures",
    "selected": "selected images",
    "disagreements": "where reviewers disagree",
    "all": "all images",
}
EMPTY = {
    "flagged": "Nothing is flagged: lower the threshold.",
    "conspicuous": "No picture here is dark, bright, nearly uniform, blurred or grainy.",
    "selected": "Nothing is selected: brush the histogram, or circle points in the latent space.",
    "disagreements": "No image is normal to one reviewer and an outlier to another.",
    "all": "There are no images.",
}
KEY, FROZEN = "review_desk", "review_queue"
DEFAULT_REVIEWER = "me"


def draw(found: Found) -> None:
    """The choice of queue and reviewer, and the desk."""
    review_notices.draw_notices(found.images.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind, reviewer = _kind(), _reviewer()
        outlier_export.decisions(found)
    queue = _frozen(found, kind)
    if not len(queue):
        st.info(EMPTY[kind], icon=":material/fact_check:")
        return
    st.caption(
        "Keys: N normal, O outlier, U unsure, Z undo, arrows to move. Decisions are kept on disk "
        "under your name; two people at once should give two names."
    )
    _desk(found, queue, reviewer)


def _kind() -> str:
    return widgets.choice(
        st.selectbox,
        "Queue",
        list(QUEUES),
        key="queue",
        default="flagged",
        format_func=QUEUES.__getitem__,
        help="Which images to review; the strangest come first",
        width=240,
    )


def _reviewer() -> str:
    state.recall_text("reviewer", DEFAULT_REVIEWER, MAX_NAME)
    st.text_input(
        "Reviewer",
        key="reviewer",
        max_chars=MAX_NAME,
        help="Under which name your decisions are kept",
        width=200,
    )
    name = str(st.session_state["reviewer"]).strip() or DEFAULT_REVIEWER
    state.publish("reviewer", DEFAULT_REVIEWER)
    return name


def _frozen(found: Found, kind: str) -> Positions:
    """The queue, which does not change under the reviewer's hands while decisions are made."""
    name = (kind, found.asked.key, found.score.name, found.threshold.value, selection.ids())
    before = st.session_state.get(FROZEN)
    if before is None or before[0] != name:
        before = (name, _queue(found, kind))
        st.session_state[FROZEN] = before
    queue: Positions = before[1]
    return queue


def _queue(found: Found, kind: str) -> Positions:
    ids = found.images.ids
    if kind == "flagged":
        return found.queue
    if kind == "conspicuous":
        return outlier_data.conspicuous(found.asked)
    if kind == "all":
        return outlier_data.by_score(found.scores, np.arange(len(ids)))
    if kind == "selected":
        wanted = selection.ids()
    else:
        wanted = tuple(disagreements(cache.reviews().current(found.images.id)))
    return outlier_data.by_score(found.scores, np.flatnonzero(np.isin(ids, wanted)))


@st.fragment
def _desk(found: Found, queue: Positions, reviewer: str) -> None:
    """Reruns alone at every key, so that the rest of the page is not drawn again."""
    said = st.empty()  # the desk keeps its place, and with it what it has not sent yet
    with errors.shown(), progress.part():
        name = outlier_desk.queue_name(found, queue, reviewer)
        report = review_component.reported(KEY)
        review_component.show(
            outlier_desk.desk(found, queue, reviewer, report, name),
            KEY,
            on_report=_keep,
        )
        unread = st.session_state.get(outlier_desk.UNREAD)
        if unread and not (report and report.pending):  # else the desk says so
            said.error(plain(unread), icon=":material/error:")


def _keep() -> None:
    """Called when the browser reported: whatever is pending goes to the disk, or is said not to."""
    report = review_component.reported(KEY)
    if report is None or not report.pending:
        return
    sound, refused = sorted_out(report.pending)
    st.session_state[outlier_desk.REFUSED] = refused
    try:
        cache.reviews().record(sound)
    except HourglassError as error:
        st.session_state[outlier_desk.PROBLEM] = str(error)
        return
    st.session_state[outlier_desk.PROBLEM] = ""
    st.session_state[outlier_desk.KEPT] = tuple(one.operation for one in sound)


def sorted_out(pending: Sequence[Said]) -> tuple[list[Decision], tuple[Refused, ...]]:
    """What can be kept, and what never can be, which must not keep the others from it."""
    sound, refused = [], []
    for said in pending:
        try:
            one = decision(said)
            one.check()
            sound.append(one)
        except OptionError as error:
            refused.append(Refused(said.operation, str(error)))
    return sound, tuple(refused)


def decision(said: Said) -> Decision:
    """What the browser said, as it is kept."""
    source, checkpoint, reviewer = said.stamp
    time = reviews.now()
    return Decision(
        said.operation, source, said.image, checkpoint, reviewer, said.verdict, said.note, time
    )
