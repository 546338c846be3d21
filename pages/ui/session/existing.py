"""Which data sets, models and runs there are now: what a session held may be deleted meanwhile."""

from collections.abc import Callable, Iterable, Mapping

from core import checkpoints, runs
from core.data import catalogue


def is_gone(what: str, name: str) -> bool:
    """Whether there is none of that name any more; False for what is no kind of thing here."""
    return what in _NAMES and name not in _NAMES[what]()


def _sets() -> Iterable[str]:
    return (info.id for info in catalogue.catalogue() if info.available)


def _models() -> Iterable[str]:
    return (card.name for card in checkpoints.available())


def _runs() -> Iterable[str]:
    return (run.id for run in runs.found())


_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    "data set": _sets,
    "model": _models,
    "run": _runs,
}
