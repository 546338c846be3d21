"""What a page shows while something is computed in another process (cache.computed).

Around every page (app.py does it), inside every fragment that computes, and around what may come
later than the rest:

    with progress.part():
        found = cache.computed(task)  # at hand, or the rest of this part comes when it is there
        st.write(found)

What is not at hand ends the part: a bar with the time left stands in its place, everything around
it can be used, and when it is there the page is drawn again. Where nothing may be left out (in a
dialog, in what a click has begun) in_place() waits instead, without holding up others.
"""

import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.background import Job, Jobs
from core.computing.pool import Computation, Pool
from core.computing.tasks import Task
from core.config import HourglassError
from core.images import parts
from pages.ui.components.component import component, heard
from pages.ui.figures.text import plain, sentence

PATIENCE = 0.1  # seconds that a page waits before it shows a bar
POLL_SECONDS = 0.5  # between two looks at how far something is
DRAW_SECONDS = 2.0  # between two drawings of what stands under the bar
PATH = "hourglass/waiting"  # where the bar asks; see server/waiting.py
LONGEST = 900.0  # seconds that a download waits for what it is made of
WAITER = "waiter"
_may_wait: ContextVar[bool] = ContextVar("may_wait", default=True)
_shown: weakref.WeakValueDictionary[str, Computation] = weakref.WeakValueDictionary()
_leaves_out: ContextVar[bool] = ContextVar("leaves_out", default=False)


class Unfinished(Exception):
    """Something is not computed yet; the part of the page that asked for it is left out.

    draw: draws what stands under the bar meanwhile.
    """

    def __init__(self, computations: Sequence[Computation]) -> None:
        super().__init__("not computed yet")
        self.computations = tuple(computations)
        self.draw: Callable[[], None] | None = None


class Failed(HourglassError):
    """Something could not be computed, and perhaps can be the next time."""

    def __init__(self, pool: Pool, one: Computation) -> None:
        super().__init__(one.error)
        self.pool, self.task = pool, one.task


class Waiter:
    """A session that waits, for as long as this object lives and a browser shows the session.

    session: its id, "" for a download.
    """

    def __init__(self, session: str = "") -> None:
        self._session = session

    def waits(self) -> bool:
        """Whether anybody would see what comes of it."""
        return not self._session or runtime.get_instance().is_active_session(self._session)


def begin() -> None:
    """To be called when a page begins to be drawn: what the visitor waited for until then is no
    longer waited for, unless the page asks for it again.
    """
    st.session_state[WAITER] = _waiter()


@contextmanager
def part() -> Iterator[None]:
    """A part of a page that may come later; see above."""
    token = _leaves_out.set(True)
    try:
        yield
    except Unfinished as waiting:
        _show(waiting.computations)
        if waiting.draw:
            st.fragment(waiting.draw, run_every=DRAW_SECONDS)()
    except Failed as failure:
        _offer_again(failure)
    finally:
        _leaves_out.reset(token)


@contextmanager
def meanwhile(draw: Callable[[], None]) -> Iterator[None]:
    """While what is asked for inside is not computed, have draw() draw something under the bar,
    again at each look at how far it is.
    """
    try:
        yield
    except Unfinished as waiting:
        waiting.draw = waiting.draw or draw
        raise


@contextmanager
def in_place() -> Iterator[None]:
    """Inside this block the page waits for what is computed, under a bar."""
    token = _leaves_out.set(False)
    try:
        yield
    finally:
        _leaves_out.reset(token)


@contextmanager
def here() -> Iterator[None]:
    """Inside this block everything is computed by this very thread: when a server starts."""
    token = _may_wait.set(False)
    try:
        yield
    finally:
        _may_wait.reset(token)


def may_wait() -> bool:
    """Whether other processes may compute what is asked for: not inside of here()."""
    return _may_wait.get()


def wait_for(pool: Pool, tasks: Sequence[Task]) -> None:
    """Until they have ended, or, in a part that may come later, a moment.

    A task that failed because the disk did counts as ended: it is left to be computed here.
    Raises Unfinished if they have not ended, Failed if one cannot be computed.
    """
    here = get_script_run_ctx(suppress_warning=True) is not None  # else a download is being made
    waiter = st.session_state.setdefault(WAITER, _waiter()) if here else _waiter()
    computations = [pool.start(task, waiter) for task in tasks]
    if not pool.wait(computations, PATIENCE if here else LONGEST) and here:
        if _leaves_out.get():
            raise Unfinished(computations)
        _watch(pool, computations)
    for one in computations:
        if one.state == "failed" and not one.result:
            raise Failed(pool, one)


def _waiter() -> Waiter:
    context = get_script_run_ctx(suppress_warning=True)
    return Waiter(context.session_id if context else "")


def told(done: int, total: int | None, seconds_left: float | None, title: str) -> str:
    """One line about how far something is."""
    if not total or not done:
        return f"{title}: preparing"
    left = f", about {duration(seconds_left)} left" if seconds_left is not None else ""
    return f"{title}: {100 * done / total:.0f} %{left}"


def duration(seconds: float) -> str:
    """Seconds in words: 8 s, 2 min."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _watch(pool: Pool, computations: Sequence[Computation]) -> None:
    """Wait under a bar; drawing it lets Streamlit end this run when the visitor does something."""
    place = st.empty()
    while not pool.wait(computations, POLL_SECONDS / 2):
        share, words = how_far(computations)
        place.progress(share, plain(words))
    place.empty()


def told_of(names: Sequence[str]) -> dict[str, Any]:
    """How far the computations with these names are, for their bar: share, 0 to 1, words, and
    over, once all of them have ended or are not known here any more.
    """
    known = [one for name in names if (one := _shown.get(name)) is not None]
    if all(one.state != "running" for one in known):
        return {"share": 1.0, "words": "", "over": True}
    share, words = how_far(known)
    return {"share": share, "words": words, "over": False}


def how_far(computations: Sequence[Computation]) -> tuple[float, str]:
    """The share that is done, where each counts alike, and words about the first under way."""
    n = len(computations)
    n_ended = sum(one.state != "running" for one in computations)
    begun = [one for one in computations if one.state == "running" and one.is_begun]
    share = (n_ended + sum(one.share() or 0.0 for one in begun)) / n
    if not begun:
        return share, f"{computations[-1].title}: waiting until others are done"
    first = begun[0]
    if n == 1:
        return share, told(first.done, first.total, first.seconds_left(), first.title)
    spent = time.monotonic() - min(one.asked for one in computations)
    left = spent * (1 - share) / share if share else None
    title = f"{n_ended + 1} of {n}: {first.task.title}"
    return share, told(round(1000 * share), 1000, left, title)


def _show(computations: Sequence[Computation]) -> None:
    """A bar that asks by itself how far it is; when it is over the page is drawn again."""
    names = [one.task.name for one in computations]
    _shown.update(zip(names, computations, strict=True))
    share, words = how_far(computations)
    asked = {"names": names, "share": share, "words": words}
    base = st.get_option("server.baseUrlPath").strip("/")
    path = f"/{base}/{PATH}" if base else f"/{PATH}"
    _component(
        key=f"waiting_{names[0]}_{len(names)}",
        data=asked | {"path": path, "pause": round(1000 * POLL_SECONDS)},
        default={"over": ""},
        on_over_change=heard,
    )


def _offer_again(failure: Failed) -> None:
    """What went wrong, and a button that tries again."""
    st.error(plain(str(failure)), icon=":material/error:")
    if st.button("Try again", key=f"again_{failure.task.name}", help="Compute it once more"):
        failure.pool.forget(failure.task)
        st.rerun()


_component = component("waiting")


# Progress of work in this very run of the page, which tells how far it is.

T = TypeVar("T")
BAR_PATIENCE = 0.5  # seconds before progress is worth showing


@contextmanager
def progress_bar() -> Iterator[None]:
    """A bar with the time left around work that tells how far it is; gone when it is done."""
    place, bar = st.empty(), _Bar()
    with parts.telling(lambda title, done, n: bar.draw(place, title, done, n)):
        yield
    place.empty()


def each_with_bar(items: Sequence[T], title: Callable[[T], str]) -> Iterator[T]:
    """The items, with the same bar while something is done with each; title: what it is then."""
    place, bar = st.empty(), _Bar()
    began = time.monotonic()
    for i, item in enumerate(items):
        bar.draw(place, title(item), i, len(items), began)
        yield item
    place.empty()


class Patience:
    """Tells progress onward only once something has taken a while."""

    def __init__(self, tell: Callable[[int, int], None], seconds: float = 0.7) -> None:
        self._tell, self._until = tell, time.monotonic() + seconds

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() > self._until:
            self._tell(done, total)


class _Bar:
    """Shows one stage after the other, once the whole has taken a while."""

    def __init__(self) -> None:
        self._until = time.monotonic() + BAR_PATIENCE
        self._title, self._began = "", 0.0

    def draw(
        self, place: DeltaGenerator, title: str, done: int, n: int, began: float | None = None
    ) -> None:
        """began: of all n, by time.monotonic(); None if each title has n of its own."""
        now = time.monotonic()
        if title != self._title:
            self._title, self._began = title, now if began is None else began
        if now > self._until and n:
            spent = now - self._began
            left = spent * (n - done) / done if spent and done else None
            place.progress(done / n, plain(told(done, n, left, title)))


# Work in the background, as the visitor sees it: how far, how long still, and how to stop it.

JOB_POLL_SECONDS, STOPPED = 0.5, "stopped_jobs"


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """What the visitors of this server have asked for that takes a while, by key."""
    return Jobs()


def show_job(key: str, job: Job) -> None:
    """The progress of a job that is running, and a button that cancels it."""
    _progress(job)
    if st.button("Cancel", key=f"cancel_{key}", help="Stop it; nothing of it is kept"):
        _stopped().add(key)
        jobs().forget(key)
        st.rerun()


def begin_job(key: str, label: str, help_text: str, start: Callable[[], Job]) -> None:
    """A job that begins by itself, and its progress; a button if this visitor has stopped it."""
    if jobs().get(key) is None and key not in _stopped():
        try:
            start()
        except HourglassError as error:  # too much is going on
            st.caption(sentence(str(error)))
    offer_job(key, label, help_text, start)


def offer_job(key: str, label: str, help_text: str, start: Callable[[], Job]) -> None:
    """A button that starts a job, or the progress of the one that is running under this key."""
    job = jobs().get(key)
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
