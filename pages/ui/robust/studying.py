"""The curves that are asked for, measured on the way."""

from core.robustness import curves as robustness
from core.robustness.curves import Study
from pages.ui import cache
from pages.ui.cache import Measured
from pages.ui.robust.controls import Asked


def study(asked: Asked) -> Study:
    """All curves, those that were not measured before at one time."""
    curves = (None, *asked.cards)
    tables = cache.measured(
        [(_measured(asked, seed), card) for card in curves for seed in asked.seeds]
    )
    names = [card.name if card else robustness.INPUT for card in curves]
    noisy, *models = (
        robustness.curve(name, tables[k * asked.draws : (k + 1) * asked.draws], asked.metric)
        for k, name in enumerate(names)
    )
    return Study(robustness.levels(asked.levels), asked.metric, tuple(models), noisy)


def _measured(asked: Asked, seed: int) -> Measured:
    choice = asked.choice
    return Measured(choice.dataset.id, choice.split, asked.n, asked.noise, seed, asked.levels)
