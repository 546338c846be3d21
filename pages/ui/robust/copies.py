"""What models make of images that are nothing like their training, in numbers. No st calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core import robustness
from core.checkpoints import Card
from core.comparing import measurements, strangers
from core.comparing.measurements import Table
from core.comparing.strangers import STRANGERS, Array, Copy
from pages.ui import cache

N, SEED = 200, 0
N_PICTURES = 4  # of each kind, as many as a report shows
COPIES = 0.9  # the share of every stranger that a copying model returns
WHY = (
    "A model with room for every pixel might learn to copy: it would rebuild anything, digit or "
    "not, and pass noise on. These images are nothing like its training. **Comes back** is the "
    "share of what distinguishes an image from an even grey: 100 % = copied, 0 % = an even grey "
    "would be as near, below = an even grey would be nearer. **Noise let through** is the share "
    "of faint noise (σ = 0.1) on ordinary images that is still there afterwards: 100 % for a "
    "copy, D' / D for PCA."
)


@dataclass(frozen=True)
class Copying:
    """What a model makes of each kind of images, and the share of faint noise it lets through."""

    copies: tuple[Copy, ...]
    passed: float


def verdict(found: Mapping[str, Copying]) -> str:
    """Which of the models copy, and how near the others come to it, by their numbers."""
    copying = [name for name, one in found.items() if _least(one) >= COPIES]
    by_noise = sorted(found, key=lambda name: found[name].passed)
    first, last = by_noise[-1], by_noise[0]
    noise = f"{first} lets the most noise through, {100 * found[first].passed:.0f} %"
    if last != first:
        noise += f", {last} the least, {100 * found[last].passed:.1f} %"
    if not copying:
        return f"None of these models copies whatever it is given. {noise}."
    copies = "copies whatever it is" if len(copying) == 1 else "copy whatever they are"
    return f"{', '.join(copying)} {copies} given. {noise}."


def numbers(found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool) -> pd.DataFrame:
    """A row a model: its code, each kind's share that comes back in % (or its MSE), noise in %."""
    rows = []
    for card in cards:
        one = found[card.name]
        values = {
            copy.stranger.name: 100 * copy.kept if as_share else float(copy.mse.mean())
            for copy in one.copies
        }
        passed = 100 * one.passed
        rows.append(
            {"checkpoint": card.name, "latent_dim": card.latent_dim, **values, "noise": passed}
        )
    return pd.DataFrame(rows)


def measured(dataset: str, split: str, card: Card) -> Copying:
    """What a model makes of strangers to the images of a split; the numbers are kept on disk."""

    def make() -> Copying:
        x = robustness.spread(cache.dataset(dataset, split), N).pixels()
        model, numbers = cache.autoencoder(card), _numbers(dataset, split, card, x)
        pictures = strangers.examples(model, x, SEED, N_PICTURES)
        rows = zip(STRANGERS, pictures, numbers[1:], strict=True)
        copies = (Copy(one, *some, row[1:], float(row[0])) for one, some, row in rows)
        return Copying(tuple(copies), float(numbers[0, 0]))

    return cache.kept(("copying", dataset, split, card.sha256), make)


def _numbers(dataset: str, split: str, card: Card, x: Array) -> Table:
    """(1 + kinds, 1 + n): first the share of noise let through, over and over; then of each kind
    the share that comes back, and the MSE of each image.
    """

    def measure() -> Table:
        model = cache.autoencoder(card)
        passed = np.full(1 + len(x), strangers.noise_passed(model, x, SEED))
        found = strangers.copies(model, x, SEED)
        return np.stack([passed, *(np.append(one.kept, one.mse) for one in found)])

    key = f"copying {cache.identity(dataset, split)} {N} {SEED} {card.sha256}"
    shape = (1 + len(STRANGERS), 1 + len(x))
    return measurements.kept(cache.measurements_dir(), key, shape, measure)


def _least(one: Copying) -> float:
    return min(copy.kept for copy in one.copies)
