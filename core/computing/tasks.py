"""A task: a call of a top-level function of core, written down as text, so that any process of ours
can carry it out, and so that its result has a name.

Arguments travel as JSON and come back as what the function's annotations say: numbers, text, tuples
and frozen dataclasses of them. Nothing is pickled.
"""

import hashlib
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_type_hints

import msgspec
import numpy as np
import numpy.typing as npt

from core.checkpoints.card import Card
from core.config import PREFIX, OptionError

Arrays = dict[str, npt.NDArray[Any]]
Function = Callable[..., Arrays]
VERSION = 3  # of what tasks compute: another one forgets all results that are kept


@dataclass(frozen=True)
class Task:
    """function: "core.module:name".  arguments: a JSON list.

    title: what it is called while it is carried out.  group: tasks of one group share what takes
    long; they are carried out one after the other, by the same process where it is free.
    places: the file of each model that the arguments name by its digest.  lasting: its result is
    kept on the disk for others; else whoever asked for it takes it from there.
    """

    function: str
    arguments: str
    title: str = field(compare=False)
    group: str = field(default="", compare=False)
    places: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    lasting: bool = field(default=True, compare=False)

    @cached_property
    def name(self) -> str:
        """The name of its result: a hash of function and arguments."""
        said = f"{VERSION} {self.function} {self.arguments}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def task(
    function: Function,
    *arguments: Any,
    title: str,
    group: str = "",
    models: Iterable[Card] = (),
    lasting: bool = True,
) -> Task:
    """The call of a top-level function of core with these arguments, not carried out yet.

    models: those that the arguments name by their sha256.
    """
    said = msgspec.json.encode(arguments).decode()
    places = tuple((card.sha256, str(card.path)) for card in models)
    return Task(
        function=f"{function.__module__}:{function.__name__}",
        arguments=said,
        title=title,
        group=group,
        places=places,
        lasting=lasting,
    )


def carry_out(one: Task) -> Arrays:
    """Execute a task; errors of its function are passed on.

    Raises OptionError if there is no such function in core, or the arguments do not fit it.
    """
    function = _function(one.function)
    hints = get_type_hints(function)
    wanted = [hint for name, hint in hints.items() if name != "return"]
    try:
        given = msgspec.json.decode(one.arguments)
        arguments = [
            msgspec.convert(value, hint) for value, hint in zip(given, wanted, strict=True)
        ]
    except (msgspec.MsgspecError, ValueError) as error:
        raise OptionError(f"These are no arguments for {one.function}: {error}") from error
    return {name: np.asarray(array) for name, array in function(*arguments).items()}


def _function(path: str) -> Function:
    module, _, name = path.partition(":")
    if not module.startswith(f"{PREFIX}core.") or name.startswith("_"):
        raise OptionError(f"{path} is no function of core.")
    found: Function = getattr(importlib.import_module(module), name)
    return found
