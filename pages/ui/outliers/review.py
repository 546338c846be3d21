"""Review: a queue of images, the strangest first, and what people decide about them."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal, assert_never

import numpy as np
import streamlit as st

from core.anomaly.teaching import ENOUGH
from core.config import HourglassError, ReviewError
from core.data.own import originals as own_originals
from core.images.imagesets import ImageSet
from core.reviews import MAX_NAME, Decision, disagreements
from core.text import counted
from pages.ui import cache, originals, progress
from pages.ui.components import review as review_component
from pages.ui.components.review import (
    Desk,
    Known,
    Other,
    Pictures,
    Report,
    Small,
    Step,
    Strip,
)
from pages.ui.components.verdicts import Stamp, sorted_out
from pages.ui.figures import mosaic
from pages.ui.figures.text import plain
from pages.ui.frame import downloads, errors
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import export as outlier_export
from pages.ui.outliers import inspector as outlier_inspector
from pages.ui.outliers.data import FACTS, Flags, Outcome, Positions
from pages.ui.session import selection, state, widgets

Queue = Literal["flagged", "conspicuous", "all", "selected", "disagreements"]
QUEUES: dict[Queue, str] = {
    "flagged": "flagged images",
    "conspicuous": "conspicuous pictures",
    "selected": "selected images",
    "disagreements": "where reviewers disagree",
    "all": "all images",
}
EMPTY = {
    "flagged": "Nothing is flagged: lower the threshold.",
    "conspicuous": "No picture here is dark, bright, nearly uniform, blurred, grainy or a copy.",
    "selected": "Nothing is selected: brush the histogram, or circle points in the latent space.",
    "disagreements": "No image is normal to one reviewer and an outlier to another.",
    "all": "There are no images.",
}
KEY, FROZEN = "review_desk", "review_queue"
TAUGHT_CSV = "All images by what your verdicts say of them, with the evaluation"
TAUGHT = "review_taught"  # the queue as verdicts have ranked it last
TEACH = (
    "After each verdict the images that come next are ranked anew: those like what you called "
    "outliers come first, those like what you called normal last. Once there are eight of both "
    "kinds a small model joins in, and one image in ten is there because its verdict teaches most. "
    "Undo takes a verdict's effect back exactly. Off: the fixed order of the score"
)
DEFAULT_REVIEWER = "me"


def draw(outcome: Outcome) -> None:
    """The choice of queue and reviewer, and the desk."""
    draw_notices(outcome.images.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind, reviewer = _kind(), _reviewer()
        outlier_export.decisions(outcome)
        teach = st.toggle("Verdicts re-rank", key="review_teach", help=TEACH)
    queue = _frozen(outcome, kind)
    if not len(queue):
        st.info(EMPTY[kind], icon=":material/fact_check:")
        return
    st.caption(
        "Keys: N normal, O outlier, U unsure, Z undo, arrows to move. Decisions are stored on disk "
        "under your name; several reviewers should use different names."
    )
    if teach:
        with progress.part():
            _what_was_taught(outcome, reviewer)
    _desk(outcome, queue, reviewer, teach)


def _what_was_taught(outcome: Outcome, reviewer: str) -> None:
    """How well the verdicts foretell each other, and the score they make, to download."""
    verdicts = verdicts_of(outcome, reviewer)
    evaluation = outlier_data.teacher(outcome).evaluation(verdicts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            evaluation.words()
            if evaluation
            else f"With {ENOUGH} verdicts of both kinds it is measured how well they foretell each "
            "other, and a small model joins in."
        )
        downloads.csv_button(
            lambda: outlier_export.taught_table(outcome, verdicts), "what-i-call-odd", TAUGHT_CSV
        )


def _kind() -> Queue:
    return widgets.choice(
        st.selectbox,
        "Queue",
        list(QUEUES),
        key="queue",
        default="flagged",
        format_func=QUEUES.__getitem__,
        help="The images to review, in order of score",
        width=240,
    )


def _reviewer() -> str:
    state.recall_text("reviewer", DEFAULT_REVIEWER, MAX_NAME)
    st.text_input(
        "Reviewer",
        key="reviewer",
        max_chars=MAX_NAME,
        help="The name under which your decisions are stored",
        width=200,
    )
    name = str(st.session_state["reviewer"]).strip() or DEFAULT_REVIEWER
    state.publish("reviewer", DEFAULT_REVIEWER)
    return name


def _frozen(outcome: Outcome, kind: Queue) -> Positions:
    """The queue, which does not change under the reviewer's hands while decisions are made."""
    name = (kind, outcome.scope.key, outcome.score.name, outcome.threshold.value, selection.ids())
    before = st.session_state.get(FROZEN)
    if before is None or before[0] != name:
        before = (name, _queue(outcome, kind))
        st.session_state[FROZEN] = before
    queue: Positions = before[1]
    return queue


def _queue(outcome: Outcome, kind: Queue) -> Positions:
    ids = outcome.images.ids
    match kind:
        case "flagged":
            return outcome.queue
        case "conspicuous":
            return outlier_data.conspicuous(outcome.scope)
        case "all":
            return outlier_data.by_score(outcome.scores, np.arange(len(ids)))
        case "selected":
            wanted = selection.ids()
        case "disagreements":
            wanted = tuple(disagreements(cache.reviews().current(outcome.images.id)))
        case _:
            assert_never(kind)
    return outlier_data.by_score(outcome.scores, np.flatnonzero(np.isin(ids, wanted)))


@st.fragment
def _desk(outcome: Outcome, queue: Positions, reviewer: str, teach: bool = False) -> None:
    """Reruns alone at every key, so that the rest of the page is not drawn again."""
    said = st.empty()  # the desk keeps its place, and with it what it has not sent yet
    with errors.shown(), progress.part():
        name = queue_name(outcome, queue, reviewer)
        report = review_component.reported(KEY)
        if teach:
            name += " taught"  # one queue for the browser, however it is re-ranked
            if _taught(name) is None:
                st.query_params.pop("at", None)
                report = None  # it is of another queue
            queue = taught_queue(outcome, queue, reviewer, report, name).order
        review_component.show(
            desk(outcome, queue, reviewer, report, name),
            KEY,
            on_report=_keep,
        )
        unread = st.session_state.get(UNREAD)
        if unread and not (report and report.pending):  # else the desk says so
            said.error(plain(unread), icon=":material/error:")


def _keep() -> None:
    """Called when the browser reported: whatever is pending goes to the disk, or is said not to."""
    report = review_component.reported(KEY)
    if report is None or not report.pending:
        return
    sound, refused = sorted_out(report.pending)
    st.session_state[REFUSED] = refused
    try:
        cache.reviews().record(sound)
    except HourglassError as error:
        st.session_state[PROBLEM] = str(error)
        return
    st.session_state[PROBLEM] = ""
    st.session_state[KEPT] = tuple(one.operation for one in sound)


# What the reviewer sees: one image of the queue with what helps to judge it, and the next few.

KEPT, PROBLEM, REFUSED = "review_kept", "review_problem", "review_refused"
UNREAD = "review_unread"  # why what is kept cannot be read, or ""
_LAST = "review_last"
N_NEAR, N_STEPS = 5, 30
OUTLINE_SIDE = 256  # pixels of the longer side of a drawn outline, at most


def queue_name(outcome: Outcome, queue: Positions, reviewer: str) -> str:
    """Fingerprint of the queue; when it changes the browser starts over."""
    said = repr((outcome.scope.key, outcome.score.name, reviewer, queue.tolist()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def desk(
    outcome: Outcome, queue: Positions, reviewer: str, report: Report | None, name: str
) -> Desk:
    """What the reviewer sees now."""
    outlier_data.prepare_review(outcome.scope)
    taught = _taught(name)
    ids = outcome.images.ids[queue].tolist()
    current, history = _decisions(outcome.images.id)
    mine = [current.get(one, {}).get(reviewer) for one in ids]
    place = _start(ids, mine) if report is None else min(max(report.place, 0), len(ids) - 1)
    st.query_params["at"] = ids[place]
    known = report.known if report else frozenset()
    return Desk(
        queue=name,
        stamp=Stamp(outcome.images.id, outcome.scope.card.name, reviewer),
        total=len(ids),
        place=place,
        start=ids[place],
        decided=sum(one is not None for one in mine),
        items=tuple(
            (
                _known(ids[i], i, reviewer, current.get(ids[i], {})),
                None if ids[i] in known else _seen(outcome, int(queue[i]), taught),
            )
            for i in review_component.window(place, len(ids))
        ),
        trail=trail(history, reviewer, ids),
        kept=tuple(st.session_state.get(KEPT, ())),
        problem=st.session_state.get(PROBLEM, ""),
        refused=tuple(st.session_state.get(REFUSED, ())),
        scale=outlier_data.error_scale(outcome.scope),
    )


@dataclass(frozen=True)
class Taught:
    """A queue as verdicts have ranked it.

    name: of the queue.  order: (n,) positions.  verdicts: by which.  teaching: of all images, which
    are here because a verdict on them would teach most.
    """

    name: str
    order: Positions
    verdicts: dict[int, bool]
    teaching: Flags


def taught_queue(
    outcome: Outcome, queue: Positions, reviewer: str, report: Report | None, name: str
) -> Taught:
    """The queue as the reviewer's verdicts rank it: the same images.

    What the browser has shown, up to the place where it stands, keeps its place; at first what is
    decided already stands in front.
    """
    held = _taught(name)
    place = 0 if held is None or report is None else report.place + 1
    before = queue if held is None else held.order
    verdicts = verdicts_of(outcome, reviewer)
    lesson = outlier_data.teacher(outcome).lesson(verdicts)
    shown, rest = before[:place], before[place:]
    free = lesson.order[np.isin(lesson.order, rest)]
    decided = rest[~np.isin(rest, free)]
    parts = (shown, free, decided) if place else (decided, free)
    taught = Taught(name, np.concatenate(parts), verdicts, lesson.teaching)
    st.session_state[TAUGHT] = taught
    return taught


def _taught(name: str) -> Taught | None:
    held: Taught | None = st.session_state.get(TAUGHT)
    return held if held is not None and held.name == name else None


def verdicts_of(outcome: Outcome, reviewer: str) -> dict[int, bool]:
    """What a reviewer holds now, by position: whether an outlier; those unsure do not count."""
    current, _ = _decisions(outcome.images.id)
    of_mine = {image: by[reviewer].verdict for image, by in current.items() if reviewer in by}
    clear = {one: verdict for one, verdict in of_mine.items() if verdict in ("outlier", "normal")}
    at = outcome.images.known_positions(clear)
    return {i: clear[str(outcome.images.ids[i])] == "outlier" for i in at.tolist()}


def _decisions(source: str) -> tuple[dict[str, dict[str, Decision]], list[Decision]]:
    """What is decided now, and all that was; where it cannot be read, as it was last.

    The desk must not go because of that: it holds verdicts that are not kept yet.
    """
    try:
        reviews = cache.reviews()
        outcome = reviews.current(source), reviews.history(source)
    except ReviewError as error:
        st.session_state[PROBLEM] = st.session_state[UNREAD] = str(error)
        before = st.session_state.get(_LAST, {}).get(source, ({}, []))
        return before[0], before[1]
    st.session_state[UNREAD] = ""
    st.session_state[_LAST] = {source: outcome}
    return outcome


def trail(history: list[Decision], reviewer: str, ids: list[str]) -> tuple[Step, ...]:
    """What the reviewer can undo: the latest verdicts in this queue, and what was there before."""
    places = {one: i for i, one in enumerate(ids)}
    before: dict[str, tuple[str, str]] = {}
    steps: list[Step] = []
    for one in history:
        if one.reviewer != reviewer or one.image not in places:
            continue
        if one.verdict:
            verdict, note = before.get(one.image, ("", ""))
            steps.append(Step(one.image, places[one.image], verdict, note))
        before[one.image] = one.verdict, one.note
    return tuple(steps[-N_STEPS:])


def _start(ids: list[str], mine: list[Decision | None]) -> int:
    """Where the link says, else the first image that is not decided, else the first."""
    at = st.query_params.get("at")
    if state.linked("at") and at not in ids:
        state.note_refusal("at", "image", [str(at)], None)
    if at in ids:
        return ids.index(at)
    return next((i for i, one in enumerate(mine) if one is None), 0)


def _known(image: str, place: int, reviewer: str, said: dict[str, Decision]) -> Known:
    mine = said.get(reviewer)
    others = (Other(name, d.verdict, d.note) for name, d in said.items() if name != reviewer)
    verdict, note = (mine.verdict, mine.note) if mine else ("", "")
    return Known(id=image, place=place, verdict=verdict, note=note, others=tuple(others))


def _seen(outcome: Outcome, i: int, taught: Taught | None) -> Pictures:
    """The pictures, with what the image is like among those judged."""
    seen = pictures(outcome, i)
    if taught is None:
        return seen
    why = outlier_data.teacher(outcome).why(i, taught.verdicts)
    most = "here because your verdict on it would teach most" if taught.teaching[i] else ""
    return replace(seen, facts=(*filter(None, (most, why)), *seen.facts))


def pictures(outcome: Outcome, i: int) -> Pictures:
    """The image, what the model makes of it, and what lies near it."""

    def make() -> Pictures:
        one = outcome.images.take([i])
        x = one.pixels()
        x_hat = cache.autoencoder(outcome.scope.card).reconstruct(x)
        judged = outlier_data.outside(outcome.scope, x, x_hat)
        error = mosaic.error_colours(x, judged, outlier_data.error_scale(outcome.scope))[0]
        original, rebuilt = (
            review_component.address(mosaic.colours(each)[0]) for each in (x, x_hat)
        )
        label = one.label_name(0)
        title = f"{one.ids[0]} · class {label}" if label else str(one.ids[0])
        near, n_same = _near(outcome, i, x)
        facts = _facts(outcome, i, n_same)
        return Pictures(
            title=title,
            facts=facts,
            original=original,
            rebuilt=rebuilt,
            error=review_component.address(error),
            near=near,
            outline=_outline(one),
            full=originals.address(one.id, str(one.ids[0])),
            why_none=own_originals.missing(one.id, str(one.ids[0])),
        )

    key = ("review", outcome.scope.key, outcome.score.name, i)
    return cache.kept(key, make)


def _outline(one: ImageSet) -> str:
    """The edge of what is marked in one image; "" if nothing is."""
    if one.masks is None or not one.masks[0].any():
        return ""
    return review_component.address(mosaic.outline(one.masks[0], OUTLINE_SIDE))


def _facts(outcome: Outcome, i: int, n_same: int) -> tuple[str, ...]:
    (conspicuous,) = outlier_data.facts(outcome.scope, np.array([i]))
    score = (
        f"{outcome.score.title}: {outcome.scores[i]:.4g}, higher than "
        f"{outcome.usual_below(i):.1f} % of {outcome.known}"
    )
    same = (f"{n_same:,} near duplicates among these images",) if n_same else ()
    return (score, *(f"{name}: {FACTS[name]}" for name in conspicuous), *same)


def _near(outcome: Outcome, i: int, x: mosaic.Array) -> tuple[tuple[Strip, ...], int]:
    near = outlier_inspector.near_references(outcome, x, N_NEAR)
    words = [
        " · ".join(filter(None, (label, f"{d:.3g}")))
        for label, d in zip(near.labels, near.distances, strict=True)
    ]
    strips = [_strip("Nearest reference images, by their codes", near.x, words)]
    same = outlier_data.near_duplicates(outcome.scope, i)
    if len(same):
        few = outcome.images.take(same[:N_NEAR])
        strips.append(_strip("Near duplicates", few.pixels(), few.ids.tolist()))
    return tuple(strips), len(same)


def _strip(title: str, x: mosaic.Array, words: list[str]) -> Strip:
    drawn = mosaic.colours(x)
    return Strip(
        title,
        tuple(Small(review_component.address(p), w) for p, w in zip(drawn, words, strict=True)),
    )


# What is wrong with the decisions that are kept, and what can be done about it, above a review.

SAID = "review_said"
BRING_BACK = "Add the decisions that only the copy has; none is removed"
GO_ON = "Stop showing this warning about the missing decisions"


def draw_notices(source: str) -> None:
    """A sentence each, with buttons where decisions are missing."""
    if said := st.session_state.pop(SAID, ""):
        st.success(plain(said), icon=":material/check:")
    try:
        reviews = cache.reviews()
        notices = reviews.notices(source)
    except ReviewError:
        return  # the desk below says so, and must be drawn for what it has not sent yet
    for notice in notices:
        st.warning(plain(notice), icon=":material/warning:")
    if not reviews.lost:
        return
    with st.container(horizontal=True):
        if n := reviews.n_copied:
            st.button(
                f"Bring back from the copy, which has {n:,}", icon=":material/restore:",
                on_click=_bring_back, help=BRING_BACK,
            )  # fmt: skip
        st.button("Go on without them", on_click=_go_on, help=GO_ON)


def _bring_back() -> None:
    with errors.toasted():
        n = cache.reviews().bring_back()
        st.session_state[SAID] = f"{counted(n, 'decision')} brought back."


def _go_on() -> None:
    cache.reviews().go_on_without()
