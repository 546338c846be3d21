"""What is kept for all visitors, and the only st.cache_* calls. Keys are names and hashes.

What comes from here is shared: never change it. What belongs to one page is kept with kept().
"""

import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core import checkpoints, config, datasets, memory, robustness
from core.anomaly.references import reference_images
from core.background import Jobs
from core.checkpoints import Card
from core.comparing import measurements as kept_measurements
from core.data import fingerprint
from core.data.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise
from core.outliers import References
from core.reviews import Reviews
from core.robustness import Table
from core.running import records as run_records
from core.running.records import Curves
from core.runs import Run
from core.shelf import Shelf
from core.sweeps import NoiseSweep, noise_sweep
from pages.ui import packing
from pages.ui.component import Packed
from pages.ui.reconstruct import reconstruction
from pages.ui.sweep import Cell
from pages.ui.train import pictures as run_pictures
from pages.ui.train.probing import Probes

T = TypeVar("T")
MOST_BYTES = 256 << 20  # of all that is kept
IDLE_SECONDS = 900.0  # after which what nobody has asked for is forgotten
TIDY_SECONDS = 30.0


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
    finest: int = reconstruction.FINEST


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
    return kept(("dataset", name, split), lambda: _read(name, split))


@st.cache_resource(show_spinner=False)
def shelf() -> Shelf:
    """Where all that is kept is kept; what is not asked for goes, and its memory is given back."""
    found = Shelf(MOST_BYTES)
    memory.few_arenas()
    threading.Thread(target=_tidy, args=(weakref.ref(found),), name="tidy", daemon=True).start()
    return found


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What make() gives, made once for a key; the key names all that it depends on."""
    return shelf().get(key, make)


def is_kept(key: Hashable) -> bool:
    """Whether kept() has that at hand."""
    return key in shelf()


def references(card: Card, name: str, split: str) -> References:
    """What is usual to a model, from images other than those of the split that is judged."""

    def make() -> References:
        return References(autoencoder(card), reference_images(card, dataset(name, split)))

    return kept(("references", card.sha256, name, split), make)


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
    return kept(("model", card.sha256), lambda: Autoencoder.of(card))


def model_sweep(shown: Shown, card: Card) -> NoiseSweep:
    """One model's answers to the shown images under growing noise."""

    def make() -> NoiseSweep:
        images = dataset(shown.dataset, shown.split)
        x = images.pixels(images.positions(shown.ids))
        sigmas = reconstruction.steps(x.size, shown.finest)
        return noise_sweep(x, [autoencoder(card)], shown.noise, shown.seed, sigmas)

    return kept(("sweep", shown, card.sha256), make)


def packed_sweep(shown: Shown, compared: tuple[Card, ...]) -> Packed:
    """The Reconstruct page's slider and pictures, ready to be sent."""

    def make() -> Packed:
        images = dataset(shown.dataset, shown.split)
        positions = images.positions(shown.ids)
        cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in positions)
        sweeps = [model_sweep(shown, card) for card in compared]
        return packing.pack(reconstruction.described(cells, sweeps, compared))

    models = tuple((card.name, card.sha256) for card in compared)
    return kept(("packed sweep", shown, models), make)


def measured(what: Measured, card: Card | None) -> Table:
    """How near a model comes to each image at each amount of noise; of None, the noisy image.

    Kept on disk, too: a server that is started again need not measure it again.
    """
    sha256 = card.sha256 if card else ""

    def make() -> Table:
        images = dataset(what.dataset, what.split)
        chosen = robustness.spread(images, what.n or len(images))
        sigmas = robustness.levels(what.levels)

        def measure() -> Table:
            model = autoencoder(card) if card else robustness.Untouched()
            return robustness.measure(model, chosen, what.noise, what.seed, sigmas)

        key = f"curve {what} {identity(what.dataset, what.split)} {sha256}"
        shape = (len(sigmas), robustness.N_QUALITIES, len(chosen))
        return kept_measurements.kept(measurements_dir(), key, shape, measure)

    return kept(("measured", what, sha256), make)


def identity(name: str, split: str) -> str:
    """A name for the pixels of a split, another one if any of them differs."""
    return kept(("identity", name, split), lambda: fingerprint.identity(dataset(name, split)))


def measurements_dir() -> Path:
    """Where what was measured is kept; see core.comparing.measurements."""
    return config.data_dir() / "measured"


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


def _read(name: str, split: str) -> ImageSet:
    with st.spinner("Reading the images"):
        return datasets.load(name, split)


def _tidy(of: weakref.ref[Shelf]) -> None:
    """Now and then, as long as the shelf is there, forget what idles and give back what is free."""
    while (found := of()) is not None:
        found.drop_idle(IDLE_SECONDS)
        found.weigh_again()
        del found
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
