"""Reconstructions under growing noise and curves of error against noise, kept for all visitors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.checkpoints import Card
from core.computing.tasks import Task, task
from core.inference.evaluation import Qualities
from core.noise import Noise
from core.robustness import curves, measure_tasks, sweeps
from core.robustness.sweeps import NoiseSweep
from pages.ui import cache, progress
from pages.ui.components.component import Packed
from pages.ui.components.sweep import Cell, packing
from pages.ui.noise import rows


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
    """Everything a curve of error against noise depends on, except its model.

    n: images, spread over the split; 0 for all.  noise: its sigma is 0.  levels: amounts of noise.
    """

    dataset: str
    split: str
    n: int
    noise: Noise
    seed: int
    levels: int


def model_sweep(shown: Shown, card: Card) -> NoiseSweep:
    """One model's answers to the shown images under growing noise."""
    return model_sweeps(shown, (card,))[0]


def model_sweeps(shown: Shown, compared: Sequence[Card]) -> list[NoiseSweep]:
    """The sweeps of several models; those that take long are computed in parallel."""
    tasks = [asked for card in compared if (asked := _long_sweep(shown, card)) is not None]
    cache.all_computed(tasks)
    return [_sweep(shown, card) for card in compared]


def packed_sweep(shown: Shown, compared: tuple[Card, ...]) -> Packed:
    """The Reconstruct page's slider and pictures, ready to be sent."""
    models = tuple((card.name, card.sha256) for card in compared)
    key = ("packed sweep", shown, models)
    if not cache.is_kept(key):
        model_sweeps(shown, compared)

    def make() -> Packed:
        images = cache.dataset(shown.dataset, shown.split)
        positions = images.positions(shown.ids)
        cells = tuple(Cell(str(images.ids[i]), images.label_name(i)) for i in positions)
        sweeps = model_sweeps(shown, compared)
        return packing.pack(rows.described(cells, sweeps, compared))

    return cache.kept(key, make)


def _sweep(shown: Shown, card: Card) -> NoiseSweep:
    def make() -> NoiseSweep:
        images = cache.dataset(shown.dataset, shown.split)
        x = images.pixels(images.positions(shown.ids))
        asked, model = _long_sweep(shown, card), cache.autoencoder(card)
        if asked is not None:
            return sweeps.from_arrays(x, _view(shown), model, cache.computed(asked))
        view = _view(shown)
        return sweeps.noise_sweep(x, [model], shown.noise, shown.seed, view.sigmas)

    return cache.kept(("sweep", shown, card.sha256), make)


def _long_sweep(shown: Shown, card: Card) -> Task | None:
    """The task that makes a sweep; None for one that a page makes in a moment."""
    view, n_values = _view(shown), len(shown.ids) * math.prod(card.input_shape)
    if sweeps.seconds_for(n_values, view.n_steps, card) < progress.PATIENCE:
        return None
    title = f"Rebuilding with {card.name}"
    return task(sweeps.compute, view, card.sha256, title=title, models=[card], lasting=False)


def _view(shown: Shown) -> sweeps.View:
    images = cache.dataset(shown.dataset, shown.split)
    n_values = len(shown.ids) * math.prod(images.shape)
    n_steps = len(rows.steps(n_values, shown.finest))
    ref = cache.split_ref(shown.dataset, shown.split)
    return sweeps.View(ref=ref, ids=shown.ids, noise=shown.noise, seed=shown.seed, n_steps=n_steps)


def measured(asked: Sequence[tuple[Measured, Card | None]]) -> list[Qualities]:
    """Errors of a model for each image and amount of noise; for None, those of the noisy image."""
    found = cache.all_computed([_curve(what, card) for what, card in asked])
    return [Qualities.of(arrays["values"]) for arrays in found]


def _curve(what: Measured, card: Card | None) -> Task:
    ref = cache.split_ref(what.dataset, what.split)
    name, models = (card.name, [card]) if card else (curves.INPUT, [])
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
