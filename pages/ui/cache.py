"""What is kept for all visitors, and the only st.cache_* calls. Keys are names and hashes.

What comes from here is shared: never change it. What belongs to one page is kept with kept().
"""

import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakSet

import streamlit as st
from streamlit import runtime

from core import checkpoints, memory
from core.background import Job, Jobs
from core.background import Progress as Tell
from core.checkpoints import Card
from core.computing import results, stock
from core.computing.pool import Pool, default_workers
from core.computing.stock import SplitRef
from core.computing.tasks import Arrays, Task, carry_out, task
from core.config import DataError
from core.images import parts
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise
from core.reviews import Reviews
from core.robustness import curves as robustness
from core.robustness import measure_tasks, sweeps
from core.robustness.curves import Table
from core.robustness.sweeps import NoiseSweep
from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves
from core.shelf import Shelf
from pages.ui import progress
from pages.ui.components import packing
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell
from pages.ui.noise import rows
from pages.ui.train import charts as run_pictures
from pages.ui.train.probing import Probes

T = TypeVar("T")
IDLE_SECONDS = 900.0  # after which what nobody has asked for is forgotten
TIDY_SECONDS = 30.0
TELL_SECONDS = 0.2


@dataclass(frozen=True)
class Shown:
    """Which images stand under which noise: all that a sweep depends on, besides its model.

    finest: amounts of noise at most.
    """

    dataset: str
    split: str
    ids: tuple[str, ...]
    noise: Noise
    seed: int
    finest: int = rows.FINEST


@dataclass(frozen=True)
class Measured:
    """What a curve of error against noise depends on, besides its model.

    n: images, spread over the split; 0 for all.  noise: its sigma is 0.  levels: amounts of noise.
    """

    dataset: str
    split: str
    n: int
    noise: Noise
    seed: int
    levels: int


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
    return jobs().start(key, title, lambda tell: apart(asked, tell))


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


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """What the visitors of this server have asked for that takes a while, by key."""
    return Jobs()


def autoencoder(card: Card) -> Autoencoder:
    """The model of a card, ready to run."""
    stock.know([(card.sha256, str(card.path))])
    return stock.model(card.sha256)


def model_sweep(shown: Shown, card: Card) -> NoiseSweep:
    """One model's answers to the shown images under growing noise."""
    return model_sweeps(shown, (card,))[0]


def model_sweeps(shown: Shown, compared: Sequence[Card]) -> list[NoiseSweep]:
    """The same of several models, those that take long at one time."""
    tasks = [asked for card in compared if (asked := _long_sweep(shown, card)) is not None]
    all_computed(tasks)
    return [_sweep(shown, card) for card in compared]


def packed_sweep(shown: Shown, compared: tuple[Card, ...]) -> Packed:
    """The Reconstruct page's slider and pictures, ready to be sent."""
    models = tuple((card.name, card.sha256) for card in compared)
    key = ("packed sweep", shown, models)
    if not is_kept(key):
        model_sweeps(shown, compared)

    def make() -> Packed:
        images = dataset(shown.dataset, shown.split)
        positions = images.positions(shown.ids)
        cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in positions)
        sweeps = model_sweeps(shown, compared)
        return packing.pack(rows.described(cells, sweeps, compared))

    return kept(key, make)


def _sweep(shown: Shown, card: Card) -> NoiseSweep:
    def make() -> NoiseSweep:
        images = dataset(shown.dataset, shown.split)
        x = images.pixels(images.positions(shown.ids))
        asked, model = _long_sweep(shown, card), autoencoder(card)
        if asked is not None:
            return sweeps.from_arrays(x, _view(shown), model, computed(asked))
        view = _view(shown)
        return sweeps.noise_sweep(x, [model], shown.noise, shown.seed, view.sigmas)

    return kept(("sweep", shown, card.sha256), make)


def _long_sweep(shown: Shown, card: Card) -> Task | None:
    """The task that makes a sweep; None for one that a page makes in a moment."""
    view, n_values = _view(shown), len(shown.ids) * math.prod(card.input_shape)
    if sweeps.seconds_for(n_values, view.n_steps, card) < progress.PATIENCE:
        return None
    title = f"Rebuilding with {card.name}"
    return task(sweeps.compute, view, card.sha256, title=title, models=[card], lasting=False)


def _view(shown: Shown) -> sweeps.View:
    images = dataset(shown.dataset, shown.split)
    n_values = len(shown.ids) * math.prod(images.shape)
    n_steps = len(rows.steps(n_values, shown.finest))
    ref = split_ref(shown.dataset, shown.split)
    return sweeps.View(ref, shown.ids, shown.noise, shown.seed, n_steps)


def measured(asked: Sequence[tuple[Measured, Card | None]]) -> list[Table]:
    """How near a model comes to each image at each amount of noise; of None, the noisy image."""
    found = all_computed([_curve(what, card) for what, card in asked])
    return [arrays["values"] for arrays in found]


def split_ref(name: str, split: str) -> SplitRef:
    """A split of a data set, as the argument of a task."""
    dataset(name, split)
    return SplitRef.of(name, split)


def curves(run: Run) -> Curves:
    """A run's losses so far; read again only when something has been written."""
    return kept(("curves", *_written(run)), lambda: run_records.curves(run))


def epoch_sweep(run: Run) -> Packed | None:
    """The slider over a run's epochs, ready to be sent; None if fewer than two have pictures."""

    def make() -> Packed | None:
        sweep = run_pictures.epochs_described(run, curves(run))
        return packing.pack(sweep) if sweep else None

    return kept(("epochs", *_written(run)), make)


@st.cache_resource(show_spinner=False)
def probes() -> Probes:
    """The measurements of time and memory, shared by all visitors."""
    return Probes()


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Event:
    """Import what runs networks, once in a server's life; the event is set when it is done.

    In the background: it takes up to a second, and the page can be drawn meanwhile.
    """
    done = threading.Event()
    threading.Thread(target=_import_runtime, args=(done,), name="warm-up", daemon=True).start()
    return done


def _curve(what: Measured, card: Card | None) -> Task:
    ref = split_ref(what.dataset, what.split)
    name, models = (card.name, [card]) if card else (robustness.INPUT, [])
    return task(
        measure_tasks.curve,
        ref,
        what.n,
        what.noise,
        what.seed,
        what.levels,
        card.sha256 if card else "",
        title=f"Measuring {name}",
        models=models,
    )


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


def _written(run: Run) -> tuple[str, int]:
    """A run, and how much it has written: as long as that is the same, so is what it says."""
    try:
        return str(run.folder), (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return str(run.folder), 0


def _import_runtime(done: threading.Event) -> None:
    try:
        import onnxruntime  # noqa: F401

        import core.models.onnx_export  # noqa: F401
    finally:
        done.set()
