"""What the reviewer sees: one image of the queue with what helps to judge it, and the next few."""

import hashlib

import numpy as np
import streamlit as st

from core.config import ReviewError
from core.reviews import Decision
from pages.ui import cache, refusals
from pages.ui.figures import mosaic
from pages.ui.outliers import data as outlier_data
from pages.ui.outliers import inspector as outlier_inspector
from pages.ui.outliers import review_component
from pages.ui.outliers.data import FACTS, Found, Positions
from pages.ui.outliers.review_component import Desk, Known, Other, Pictures, Small, Step, Strip
from pages.ui.outliers.review_reports import Report, Stamp
from pages.ui.session import state

KEPT, PROBLEM, REFUSED = "review_kept", "review_problem", "review_refused"
UNREAD = "review_unread"  # why what is kept cannot be read, or ""
_LAST = "review_last"
N_NEAR, N_STEPS = 5, 30


def queue_name(found: Found, queue: Positions, reviewer: str) -> str:
    """The same as long as the browser may go on where it is."""
    said = repr((found.asked.key, found.score.name, reviewer, queue.tolist()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def desk(found: Found, queue: Positions, reviewer: str, report: Report | None, name: str) -> Desk:
    """What the reviewer sees now."""
    outlier_data.prepare_review(found.asked)
    ids = found.images.ids[queue].tolist()
    current, history = _decisions(found.images.id)
    mine = [current.get(one, {}).get(reviewer) for one in ids]
    place = _start(ids, mine) if report is None else min(max(report.place, 0), len(ids) - 1)
    st.query_params["at"] = ids[place]
    known = report.known if report else frozenset()
    return Desk(
        name,
        Stamp(found.images.id, found.asked.card.name, reviewer),
        len(ids),
        place,
        ids[place],
        sum(one is not None for one in mine),
        tuple(
            (
                _known(ids[i], i, reviewer, current.get(ids[i], {})),
                None if ids[i] in known else pictures(found, int(queue[i])),
            )
            for i in review_component.window(place, len(ids))
        ),
        trail(history, reviewer, ids),
        tuple(st.session_state.get(KEPT, ())),
        st.session_state.get(PROBLEM, ""),
        tuple(st.session_state.get(REFUSED, ())),
        outlier_data.error_scale(found.asked),
    )


def _decisions(source: str) -> tuple[dict[str, dict[str, Decision]], list[Decision]]:
    """What is decided now, and all that was; where it cannot be read, as it was last.

    The desk must not go because of that: it holds verdicts that are not kept yet.
    """
    try:
        reviews = cache.reviews()
        found = reviews.current(source), reviews.history(source)
    except ReviewError as error:
        st.session_state[PROBLEM] = st.session_state[UNREAD] = str(error)
        before = st.session_state.get(_LAST, {}).get(source, ({}, []))
        return before[0], before[1]
    st.session_state[UNREAD] = ""
    st.session_state[_LAST] = {source: found}
    return found


def trail(history: list[Decision], reviewer: str, ids: list[str]) -> tuple[Step, ...]:
    """What the reviewer can undo: the latest verdicts in this queue, and what was there before."""
    places = {one: i for i, one in enumerate(ids)}
    before: dict[str, tuple[str, str]] = {}
    steps: list[Step] = []
    for one in history:
        if one.reviewer != reviewer or one.image not in places:
            continue
        if one.verdict:
            steps.append(Step(one.image, places[one.image], *before.get(one.image, ("", ""))))
        before[one.image] = one.verdict, one.note
    return tuple(steps[-N_STEPS:])


def _start(ids: list[str], mine: list[Decision | None]) -> int:
    """Where the link says, else the first image that is not decided, else the first."""
    at = st.query_params.get("at")
    if state.linked("at") and at not in ids:
        refusals.note_refusal("at", "image", [str(at)], None)
    if at in ids:
        return ids.index(at)
    return next((i for i, one in enumerate(mine) if one is None), 0)


def _known(image: str, place: int, reviewer: str, said: dict[str, Decision]) -> Known:
    mine = said.get(reviewer)
    others = (Other(name, d.verdict, d.note) for name, d in said.items() if name != reviewer)
    verdict, note = (mine.verdict, mine.note) if mine else ("", "")
    return Known(image, place, verdict, note, tuple(others))


def pictures(found: Found, i: int) -> Pictures:
    """The image, what the model makes of it, and what lies near it."""

    def make() -> Pictures:
        one = found.images.take([i])
        x = one.pixels()
        x_hat = cache.autoencoder(found.asked.card).reconstruct(x)
        error = mosaic.error_colours(x, x_hat, outlier_data.error_scale(found.asked))[0]
        original, rebuilt = (
            review_component.address(mosaic.colours(each)[0]) for each in (x, x_hat)
        )
        label = one.label_name(0)
        title = f"{one.ids[0]} · class {label}" if label else str(one.ids[0])
        near, n_same = _near(found, i, x)
        facts = _facts(found, i, n_same)
        return Pictures(title, facts, original, rebuilt, review_component.address(error), near)

    key = ("review", found.asked.key, found.score.name, i)
    return cache.kept(key, make)


def _facts(found: Found, i: int, n_same: int) -> tuple[str, ...]:
    (conspicuous,) = outlier_data.facts(found.asked, np.array([i]))
    score = (
        f"{found.score.title}: {found.scores[i]:.4g}, higher than {found.usual_below(i):.1f} % of "
        f"{found.known}"
    )
    same = (f"{n_same:,} near duplicates among these images",) if n_same else ()
    return (score, *(f"{name}: {FACTS[name]}" for name in conspicuous), *same)


def _near(found: Found, i: int, x: mosaic.Array) -> tuple[tuple[Strip, ...], int]:
    near = outlier_inspector.near_references(found, x, N_NEAR)
    words = [
        " · ".join(filter(None, (label, f"{d:.3g}")))
        for label, d in zip(near.labels, near.distances, strict=True)
    ]
    strips = [_strip("Nearest reference images, by their codes", near.x, words)]
    same = outlier_data.near_duplicates(found.asked, i)
    if len(same):
        few = found.images.take(same[:N_NEAR])
        strips.append(_strip("Near duplicates", few.pixels(), few.ids.tolist()))
    return tuple(strips), len(same)


def _strip(title: str, x: mosaic.Array, words: list[str]) -> Strip:
    drawn = mosaic.colours(x)
    return Strip(
        title,
        tuple(Small(review_component.address(p), w) for p, w in zip(drawn, words, strict=True)),
    )
