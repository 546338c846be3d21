"""What is kept for all visitors. Keys are names and hashes.

What comes from here is shared: never change it. What belongs to one page is kept with kept().
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
from core.checkpoints import Card
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
IDLE_SECONDS = 900.0  # after which what nobody has asked for is forgotten
TIDY_SECONDS = 30.0
TELL_SECONDS = 0.2


def cards() -> tuple[Card, ...]:
    """All checkpoints that can be trusted, one a name, the shipped ones first.

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
    """Where all that is kept is kept; what is not asked for goes, and its memory is given back."""
    stock.SHELF.clear()
    memory.few_arenas()
    threading.Thread(target=_tidy, name="tidy", daemon=True).start()
    return stock.SHELF


class Lookers:
    """The sessions of this server, each as long as it lives; for use by many threads."""

    def __init__(self) -> None:
        self._all: WeakSet[Any] = WeakSet()
        self._lock = threading.Lock()

    def add(self, looker: Any) -> None:
        """looker: see pages.ui.session.presence."""
        with self._lock:
            self._all.add(looker)

    def all(self) -> list[Any]:
        """Those there are now."""
        with self._lock:
            return list(self._all)


@st.cache_resource(show_spinner=False)
def lookers() -> Lookers:
    """Who looks at what; see pages.ui.session.presence."""
    return Lookers()


@st.cache_resource(show_spinner=False)
def processes() -> Pool | None:
    """What computes for all visitors; None if everything is computed where it is asked for."""
    n = default_workers()
    return Pool(n) if n else None


def computed(task: Task) -> Arrays:
    """The result of a task: kept, or computed now, or (see progress.part()) at another time.

    Raises HourglassError if it cannot be computed.
    """
    return all_computed([task])[0]


def all_computed(tasks: Sequence[Task]) -> list[Arrays]:
    """The results of several tasks, which are computed at one time where they are not kept."""
    found = {task.name: find(task) for task in tasks}
    missing = [task for task in tasks if found[task.name] is None]
    if missing and (pool := _pool()) is not None:
        progress.wait_for(pool, missing)
    if missing:
        with progress.progress_bar():
            found |= {task.name: find(task) or _computed_here(task) for task in missing}
    return [arrays for task in tasks if (arrays := found[task.name]) is not None]


def find(task: Task) -> Arrays | None:
    """The result of a task, if it is kept, in memory or on the disk; else None."""
    key = ("result", task.name)
    found: Arrays | None = shelf().find(key)
    if found is None and (found := results.read(task)) is not None:
        shelf().put(key, found)
        if not task.lasting:
            results.delete(task)
    return found


def begin(key: str, title: str, asked: Task) -> Job:
    """Have a task computed in the background for all visitors, until that is cancelled."""
    return progress.jobs().start(key, title, lambda tell: apart(asked, tell))


def apart(asked: Task, tell: Tell) -> Arrays:
    """The result of a task, for the thread of a job; tell() ends it by raising an error.

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
    """Forget the result of a task, because what it has left elsewhere is gone."""
    shelf().drop(("result", task.name))
    results.delete(task)


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What make() gives, made once for a key; the key names all that it depends on."""
    return shelf().get(key, make)


def is_kept(key: Hashable) -> bool:
    """Whether kept() has that at hand."""
    return key in shelf()


@st.cache_resource(show_spinner=False)
def reviews() -> Reviews:
    """The decisions of all reviewers: one connection for the whole server."""
    return Reviews()


def autoencoder(card: Card) -> Autoencoder:
    """The model of a card, ready to run."""
    stock.know([(card.sha256, str(card.path))])
    return stock.model(card.sha256)


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
    """None where everything is computed in place: in tests of pages, or because it is wanted so."""
    served = runtime.exists() and type(runtime.get_instance()) is runtime.Runtime  # no test's own
    return processes() if served and progress.may_wait() else None


def _computed_here(task: Task) -> Arrays:
    """By this thread; a full disk costs only computing it again."""
    stock.know(task.places)
    found = carry_out(task)
    with suppress(OSError):
        if task.lasting:
            results.write(task, found)
    shelf().put(("result", task.name), found)
    return found


def _tidy() -> None:
    """Now and then, forget what idles and give back what is free."""
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
