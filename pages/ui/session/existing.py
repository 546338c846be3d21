"""Whether a data set, model, run or import that a session refers to still exists."""

from collections.abc import Callable, Iterable, Mapping

from core import checkpoints, imports, runs
from core.data import catalogue


def is_gone(what: str, name: str) -> bool:
    """Whether what a name of these kinds means does not exist; False for other kinds."""
    return what in _NAMES and name not in _NAMES[what]()


def _sets() -> Iterable[str]:
    return (info.id for info in catalogue.catalogue() if info.available)


def _models() -> Iterable[str]:
    return (card.name for card in checkpoints.available())


def _runs() -> Iterable[str]:
    return (run.id for run in runs.found())


def _imports() -> Iterable[str]:
    return (one.id for one in imports.found())


_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    "data set": _sets,
    "model": _models,
    "run": _runs,
    "import": _imports,
}
