"""Progress on a page while something is computed in another process (cache.computed).

Wrap every page (app.py does it), the body of every fragment that computes, and each part of a page
that may appear later than the rest:

    with progress.part():
        found = cache.computed(task)  # cached, or this part ends here and is drawn later
        st.write(found)

If the result is not cached the part ends. A bar with the time left stands in its place, the rest
of the page can be used, and when the result is ready the page is drawn again. Where no part may be
missing (in a dialog, in a callback) in_place() waits instead, without blocking other visitors.
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
from pages.ui.components import waiting
from pages.ui.figures.text import plain, sentence

PATIENCE = 0.1  # seconds before a bar is shown
POLL_SECONDS = 0.5  # between two queries of the progress
DRAW_SECONDS = 2.0  # between two drawings of the preview under the bar
PATH = "hourglass/waiting"  # which the bar queries; see server/waiting.py
LONGEST = 900.0  # seconds that a download waits for its content
WAITER = "waiter"
_may_wait: ContextVar[bool] = ContextVar("may_wait", default=True)
_shown: weakref.WeakValueDictionary[str, Computation] = weakref.WeakValueDictionary()
_leaves_out: ContextVar[bool] = ContextVar("leaves_out", default=False)


class Unfinished(Exception):
    """A result is not computed yet, so the part of the page that needs it is left out.

    draw: draws a preview under the bar, or None.
    """

    def __init__(self, computations: Sequence[Computation]) -> None:
        super().__init__("not computed yet")
        self.computations = tuple(computations)
        self.draw: Callable[[], None] | None = None


class Failed(HourglassError):
    """A computation failed; the page offers to try again."""

    def __init__(self, pool: Pool, one: Computation) -> None:
        super().__init__(one.error)
        self.pool, self.task = pool, one.task


class Waiter:
    """A session that waits for computations, while this object lives and a browser is connected.

    session: the session's id, "" for a download.
    """

    def __init__(self, session: str = "") -> None:
        self._session = session

    def waits(self) -> bool:
        """Whether a browser would still show the result."""
        return not self._session or runtime.get_instance().is_active_session(self._session)


def begin() -> None:
    """Call this when a page begins to be drawn.

    It withdraws all computations that the visitor was waiting for; those that the page still needs
    are requested again.
    """
    st.session_state[WAITER] = _waiter()


@contextmanager
def part() -> Iterator[None]:
    """Context of a part of a page that may be drawn later; see the top of this module."""
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
    """Context in which draw() draws a preview under the bar of results that are not ready yet."""
    try:
        yield
    except Unfinished as waiting:
        waiting.draw = waiting.draw or draw
        raise


@contextmanager
def in_place() -> Iterator[None]:
    """Context in which the page waits for results, under a progress bar."""
    token = _leaves_out.set(False)
    try:
        yield
    finally:
        _leaves_out.reset(token)


@contextmanager
def here() -> Iterator[None]:
    """Context in which this thread computes everything itself, as when a server starts."""
    token = _may_wait.set(False)
    try:
        yield
    finally:
        _may_wait.reset(token)


def may_wait() -> bool:
    """Whether worker processes may be used: not inside here()."""
    return _may_wait.get()


def wait_for(pool: Pool, tasks: Sequence[Task]) -> None:
    """Wait until all tasks have ended; inside part() only for PATIENCE seconds.

    A task that failed because of the disk counts as ended: the calling thread computes it.
    Raises Unfinished if they have not ended, Failed if one cannot be computed.
    """
    here = (
        get_script_run_ctx(suppress_warning=True) is not None
    )  # else a download is being prepared
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


def progress_line(done: int, total: int | None, seconds_left: float | None, title: str) -> str:
    """The progress in one line: title, percentage, time left."""
    if not total or not done:
        return f"{title}: preparing"
    left = f", about {duration(seconds_left)} left" if seconds_left is not None else ""
    return f"{title}: {100 * done / total:.0f} %{left}"


def duration(seconds: float) -> str:
    """Seconds in words: 8 s, 2 min."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _watch(pool: Pool, computations: Sequence[Computation]) -> None:
    """Wait under a bar; each time it is drawn Streamlit can end this run for a newer one."""
    place = st.empty()
    while not pool.wait(computations, POLL_SECONDS / 2):
        share, words = how_far(computations)
        place.progress(share, plain(words))
    place.empty()


def progress_of(names: Sequence[str]) -> dict[str, Any]:
    """The progress of named computations as JSON for their bar.

    share: 0 to 1.  words: one line.  over: whether all of them have ended or are unknown.
    """
    known = [one for name in names if (one := _shown.get(name)) is not None]
    if all(one.state != "running" for one in known):
        return {"share": 1.0, "words": "", "over": True}
    share, words = how_far(known)
    return {"share": share, "words": words, "over": False}


def how_far(computations: Sequence[Computation]) -> tuple[float, str]:
    """The share that is done, every computation weighing the same, and the progress in one line."""
    n = len(computations)
    n_ended = sum(one.state != "running" for one in computations)
    begun = [one for one in computations if one.state == "running" and one.is_begun]
    share = (n_ended + sum(one.share() or 0.0 for one in begun)) / n
    if not begun:
        return share, f"{computations[-1].title}: waiting for other computations"
    first = begun[0]
    if n == 1:
        return share, progress_line(first.done, first.total, first.seconds_left(), first.title)
    spent = time.monotonic() - min(one.asked for one in computations)
    left = spent * (1 - share) / share if share else None
    title = f"{n_ended + 1} of {n}: {first.task.title}"
    return share, progress_line(round(1000 * share), 1000, left, title)


def _show(computations: Sequence[Computation]) -> None:
    """A bar that queries its progress from the browser; at the end the page is drawn again."""
    names = [one.task.name for one in computations]
    _shown.update(zip(names, computations, strict=True))
    base = st.get_option("server.baseUrlPath").strip("/")
    path = f"/{base}/{PATH}" if base else f"/{PATH}"
    waiting.show(names, *how_far(computations), waiting.Asking(path, POLL_SECONDS))


def _offer_again(failure: Failed) -> None:
    """Show an error and a button that computes the task again."""
    st.error(plain(str(failure)), icon=":material/error:")
    if st.button("Try again", key=f"again_{failure.task.name}", help="Start the computation again"):
        failure.pool.forget(failure.task)
        st.rerun()


# Progress of work that this run of the page does itself.

T = TypeVar("T")
BAR_PATIENCE = 0.5  # seconds before progress is worth showing


@contextmanager
def progress_bar() -> Iterator[None]:
    """Context that shows a bar with the time left, from the progress that the work reports."""
    place, bar = st.empty(), _Bar()
    with parts.telling(lambda title, done, n: bar.draw(place, title, done, n)):
        yield
    place.empty()


def each_with_bar(items: Sequence[T], title: Callable[[T], str]) -> Iterator[T]:
    """Iterate over items under a progress bar.  title: text of the bar for an item."""
    place, bar = st.empty(), _Bar()
    began = time.monotonic()
    for i, item in enumerate(items):
        bar.draw(place, title(item), i, len(items), began)
        yield item
    place.empty()


class Patience:
    """Passes progress on only after the work has taken some seconds."""

    def __init__(self, tell: Callable[[int, int], None], seconds: float = 0.7) -> None:
        self._tell, self._until = tell, time.monotonic() + seconds

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() > self._until:
            self._tell(done, total)


class _Bar:
    """A progress bar for several stages, which appears after BAR_PATIENCE seconds."""

    def __init__(self) -> None:
        self._until = time.monotonic() + BAR_PATIENCE
        self._title, self._began = "", 0.0

    def draw(
        self, place: DeltaGenerator, title: str, done: int, n: int, began: float | None = None
    ) -> None:
        """began: start of all n steps, by time.monotonic(); None if each title counts its own n."""
        now = time.monotonic()
        if title != self._title:
            self._title, self._began = title, now if began is None else began
        if now > self._until and n:
            spent = now - self._began
            left = spent * (n - done) / done if spent and done else None
            place.progress(done / n, plain(progress_line(done, n, left, title)))


# Jobs in the background: progress, time left, and a button to cancel.

JOB_POLL_SECONDS, STOPPED = 0.5, "stopped_jobs"


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The background jobs of all visitors of this server, by key."""
    return Jobs()


def show_job(key: str, job: Job) -> None:
    """The progress of a job that is running, and a button that cancels it."""
    _progress(job)
    if st.button("Cancel", key=f"cancel_{key}", help="Stop the computation and discard its result"):
        _stopped().add(key)
        jobs().forget(key)
        st.rerun()


def begin_job(key: str, label: str, help_text: str, start: Callable[[], Job]) -> None:
    """Start a job and show its progress; a button to start it if this visitor has cancelled it."""
    if jobs().get(key) is None and key not in _stopped():
        try:
            start()
        except HourglassError as error:  # too many jobs are running
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
        st.rerun()  # the whole page, since the result is ready
    words = progress_line(job.done, job.total, job.seconds_left(), job.title)
    st.progress(job.share() or 0.0, plain(words))
