"""The curves that are asked for, measured on the way."""

from core import robustness
from core.checkpoints import Card
from core.robustness import Study
from pages.ui import cache, telling
from pages.ui.cache import Measured
from pages.ui.robust.controls import Asked


def study(asked: Asked) -> Study:
    """All curves; what was not measured before is measured now, with a bar if that takes long."""
    jobs = [(card, seed) for card in (None, *asked.cards) for seed in asked.seeds]
    each = telling.each(jobs, lambda job: f"Measuring {_name(job[0])}")
    tables = [cache.measured(_measured(asked, seed), card) for card, seed in each]
    names = [_name(card) for card in (None, *asked.cards)]
    noisy, *models = (
        robustness.curve(name, tables[k * asked.draws : (k + 1) * asked.draws], asked.metric)
        for k, name in enumerate(names)
    )
    return Study(robustness.levels(asked.levels), asked.metric, tuple(models), noisy)


def _name(card: Card | None) -> str:
    """Of a model, or of the noisy image itself."""
    return card.name if card else robustness.INPUT


def _measured(asked: Asked, seed: int) -> Measured:
    choice = asked.choice
    return Measured(choice.dataset.id, choice.split, asked.n, asked.noise, seed, asked.levels)
