"""The cache that all visitors share. Its keys are names and hashes.

Values are shared between threads: never change them in place. Pages store their own with kept().
"""

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

import streamlit as st
from streamlit import runtime

from core import checkpoints, memory
from core.background import Job
from core.background import Progress as Tell
from core.checkpoints import Card, trained_on
from core.checkpoints.trained_on import Seen
from core.computing import results, stock
from core.computing.pool import Pool, default_workers
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, Task, carry_out
from core.config import DataError
from core.images import parts
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.reviews import Reviews
from core.shelf import Shelf
from pages.ui import progress

T = TypeVar("T")
IDLE_SECONDS = 900.0  # an entry that was not read for so long is removed
TIDY_SECONDS = 30.0
TELL_SECONDS = 0.2


def cards() -> tuple[Card, ...]:
    """All valid checkpoints, one for each name, the shipped ones first.

    Nothing to cache here: core keeps what it has read until a file changes.
    """
    by_name: dict[str, Card] = {}
    for card in checkpoints.available():
        by_name.setdefault(card.name, card)
    return tuple(by_name.values())


def dataset(name: str, split: str) -> ImageSet:
    """One split of a data set."""
    if stock.SHELF.find(("images", name, split)) is None and (one := stock.unpacking(name, split)):
        computed(one)
    return stock.images(name, split)


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """The cache itself: idle entries are removed and their memory is returned to the system."""
    stock.SHELF.clear()
    memory.few_arenas()
    threading.Thread(target=_tidy, name="tidy", daemon=True).start()
    return stock.SHELF


class Lookers:
    """All live sessions of this server. Safe for use by many threads."""

    def __init__(self) -> None:
        self._all: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()

    def add(self, looker: Any) -> None:
        """looker: see pages.ui.session.presence."""
        with self._lock:
            self._all.add(looker)

    def all(self) -> list[Any]:
        """The sessions that are alive now."""
        with self._lock:
            return list(self._all)


@st.cache_resource(show_spinner=False)
def lookers() -> Lookers:
    """The live sessions of the server; see pages.ui.session.presence."""
    return Lookers()


@st.cache_resource(show_spinner=False)
def processes() -> Pool | None:
    """The pool of worker processes; None if everything is computed by the calling thread."""
    n = default_workers()
    return Pool(n) if n else None


def computed(task: Task) -> Arrays:
    """The result of a task, from the cache or computed.

    Inside progress.part() this part of the page is left out until a worker has computed it.

    Raises HourglassError if it cannot be computed.
    """
    return all_computed([task])[0]


def all_computed(tasks: Sequence[Task]) -> list[Arrays]:
    """The results of several tasks; those that are not cached are computed in parallel."""
    found = {task.name: find(task) for task in tasks}
    missing = [task for task in tasks if found[task.name] is None]
    if missing and (pool := _pool()) is not None:
        progress.wait_for(pool, missing)
    if missing:
        with progress.progress_bar():
            found |= {task.name: find(task) or _computed_here(task) for task in missing}
    return [arrays for task in tasks if (arrays := found[task.name]) is not None]


def find(task: Task) -> Arrays | None:
    """The cached result of a task, from memory or disk, or None."""
    key = ("result", task.name)
    found: Arrays | None = shelf().find(key)
    if found is None and (found := results.read(task)) is not None:
        shelf().put(key, found)
        if not task.lasting:
            results.delete(task)
    return found


def begin(key: str, title: str, asked: Task) -> Job:
    """Start computing a task in the background, for all visitors, unless the job is cancelled."""
    return progress.jobs().start(key, title, lambda tell: apart(asked, tell))


def apart(asked: Task, tell: Tell) -> Arrays:
    """The result of a task, computed by a worker for the thread of a job.

    tell: called with the progress; it cancels the computation by raising an error.

    Raises DataError if it cannot be computed.
    """
    if (pool := _pool()) is not None:
        computation = pool.start(asked)
        try:
            while not pool.wait([computation], TELL_SECONDS):
                tell(computation.done, computation.total)
        except BaseException:
            pool.forget(asked)
            raise
        if computation.state == "failed" and not computation.result:
            raise DataError(computation.error)
    if (found := find(asked)) is not None:
        return found
    with parts.telling(lambda _, done, total: tell(done, total)):
        return _computed_here(asked)


def discard(task: Task) -> None:
    """Remove the result of a task, because the files that it wrote elsewhere were deleted."""
    shelf().drop(("result", task.name))
    results.delete(task)


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """The cached value of a key, or make() if there is none; the key names all inputs of make()."""
    return shelf().get(key, make)


def is_kept(key: Hashable) -> bool:
    """Whether kept() has a value for this key."""
    return key in shelf()


@st.cache_resource(show_spinner=False)
def reviews() -> Reviews:
    """The decisions of all reviewers: one connection for the whole server."""
    return Reviews()


def autoencoder(card: Card) -> Autoencoder:
    """The model of a card, ready to run."""
    stock.know([(card.sha256, str(card.path))])
    return stock.model(card.sha256)


def seen(card: Card, name: str, split: str, n: int) -> Seen:
    """Count the images of a split, of n, that a model was trained on.

    By their pixels as soon as the images are at hand, until then by the names of the sets; nothing
    is waited for.
    """
    key = ("seen", card.sha256, name, split)
    if not is_kept(key):
        with suppress(DataError):
            which = trained_on.seen_images(card, _at_hand(name, split), _at_hand)
            if which is not None:
                return kept(key, lambda: Seen(int(which.sum()), len(which)))
        return trained_on.seen_by_name(card, name, split, n)
    found: Seen = shelf().find(key) or trained_on.seen_by_name(card, name, split, n)
    return found


def _at_hand(name: str, split: str) -> ImageSet:
    """A split that need not be waited for; DataError if there is none."""
    if stock.SHELF.find(("images", name, split)) is None and stock.unpacking(name, split):
        raise DataError(f"{name} is not at hand yet: wait until it is read.")
    return stock.images(name, split)


def split_ref(name: str, split: str) -> SplitRef:
    """A split of a data set, as the argument of a task."""
    dataset(name, split)
    return SplitRef.of(name, split)


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Event:
    """Import what runs networks, once in a server's life; the event is set when it is done.

    In the background: it takes up to a second, and the page can be drawn meanwhile.
    """
    done = threading.Event()
    threading.Thread(target=_import_runtime, args=(done,), name="warm-up", daemon=True).start()
    return done


def _pool() -> Pool | None:
    """The pool; None in tests of pages and with HOURGLASS_WORKERS=0: computed in this process."""
    served = runtime.exists() and type(runtime.get_instance()) is runtime.Runtime  # no test's
    return processes() if served and progress.may_wait() else None


def _computed_here(task: Task) -> Arrays:
    """Compute a task in this thread; if the disk is full the result is not stored."""
    stock.know(task.places)
    found = carry_out(task)
    with suppress(OSError):
        if task.lasting:
            results.write(task, found)
    shelf().put(("result", task.name), found)
    return found


def _tidy() -> None:
    """At intervals, remove idle entries and return free memory to the system."""
    while True:
        stock.SHELF.drop_idle(IDLE_SECONDS)
        stock.SHELF.weigh_again()
        results.let_go()
        memory.give_back()
        time.sleep(TIDY_SECONDS)


def _import_runtime(done: threading.Event) -> None:
    try:
        import onnxruntime  # noqa: F401

        import core.models.onnx_export  # noqa: F401
    finally:
        done.set()
