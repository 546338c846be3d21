"""What models make of images that are nothing like their training, in numbers. No st calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.checkpoints import Card
from core.computing.tasks import Arrays, task
from core.robustness import measure_tasks
from core.robustness.copying import STRANGERS, Copy
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


def copying_verdict(found: Mapping[str, Copying]) -> str:
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


def copying_numbers(
    found: Mapping[str, Copying], cards: Sequence[Card], as_share: bool
) -> pd.DataFrame:
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


def measured_copying(dataset: str, split: str, cards: Sequence[Card]) -> dict[str, Copying]:
    """What each model makes of strangers to the images of a split, by its name."""
    ref = cache.split_ref(dataset, split)
    tasks = [
        task(
            measure_tasks.copying,
            ref,
            N,
            SEED,
            N_PICTURES,
            card.sha256,
            title=f"Measuring {card.name}",
            models=[card],
        )
        for card in cards
    ]
    found = cache.all_computed(tasks)
    return {card.name: _copying(arrays) for card, arrays in zip(cards, found, strict=True)}


def _copying(arrays: Arrays) -> Copying:
    rows = zip(*(arrays[name] for name in ("x", "x_hat", "mse", "kept")), strict=True)
    copies = (
        Copy(stranger, x, x_hat, mse, float(kept))
        for stranger, (x, x_hat, mse, kept) in zip(STRANGERS, rows, strict=True)
    )
    return Copying(tuple(copies), float(arrays["passed"]))


def _least(one: Copying) -> float:
    return min(copy.kept for copy in one.copies)
