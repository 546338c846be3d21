"""Comparisons of models that answer something, found among those that are there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from core.checkpoints import Card

MOST = 8  # more curves cannot be distinguished


@dataclass(frozen=True)
class Question:
    """A comparison that answers something."""

    title: str
    help: str
    names: tuple[str, ...]


def questions(fitting: Sequence[Card]) -> tuple[Question, ...]:
    """The comparisons that these models can answer."""
    found = (
        Question(
            "D' = 2 or D' = 2D",
            "The smallest code against codes larger than the image",
            _small_or_large(fitting),
        ),
        Question(
            "Linear or bounded output",
            "Pairs that differ in nothing else",
            _pairs(fitting, _differ_in_output),
        ),
        Question(
            "Noise in training or not",
            "Pairs of one architecture, one of them trained with noise",
            _pairs(fitting, _differ_in_noise),
        ),
    )
    return tuple(question for question in found if len(question.names) > 1)


def _small_or_large(fitting: Sequence[Card]) -> tuple[str, ...]:
    dense = [card for card in fitting if card.architecture.name == "dense"]
    large = [card for card in dense if card.latent_dim > _pixels(card)]
    small = [card for card in dense if card.latent_dim <= _pixels(card) and not card.noise]
    if not (large and small):
        return ()
    least = min(small, key=lambda card: card.latent_dim)
    return (least.name, *(card.name for card in large))


def _pairs(fitting: Sequence[Card], differ: Callable[[Card, Card], bool]) -> tuple[str, ...]:
    """The models of all pairs of one architecture and data set that differ in one thing."""
    alike = [
        (a.name, b.name)
        for a, b in combinations(fitting, 2)
        if _kind(a) == _kind(b) and differ(a, b)
    ]
    return tuple(dict.fromkeys(name for pair in alike for name in pair))[:MOST]


def _kind(card: Card) -> tuple[object, ...]:
    return card.architecture.name, card.dataset, card.excluded_classes


def _differ_in_output(a: Card, b: Card) -> bool:
    return a.noise == b.noise and _unlike(a, b) == {"bounded"}


def _differ_in_noise(a: Card, b: Card) -> bool:
    return bool(a.noise) != bool(b.noise) and not _unlike(a, b)


def _unlike(a: Card, b: Card) -> set[str]:
    return {name for name in a.options if a.options[name] != b.options.get(name)}


def _pixels(card: Card) -> int:
    c, h, w = card.input_shape
    return c * h * w
