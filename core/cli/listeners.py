"""Options of commands that train: who else is told of the numbers of each epoch."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from core.runs.listeners import Listener, Listeners

NAMES = ("tensorboard", "mlflow")


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --tensorboard and --mlflow."""
    tensorboard = click.option(
        "--tensorboard",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Also write TensorBoard's event files there.",
    )
    mlflow = click.option(
        "--mlflow",
        metavar="ADDRESS",
        help="Also log to MLflow, if it is installed: an address, or a folder.",
    )
    return tensorboard(mlflow(command))


def made(given: Mapping[str, Any]) -> "Listeners":
    """The listeners that were asked for; OptionError if the package of one is not installed."""
    from core.runs.listeners import EventFiles, Listeners, Mlflow

    found: list[Listener] = []
    if given.get("tensorboard"):
        found.append(EventFiles(given["tensorboard"]))
    if given.get("mlflow"):
        found.append(Mlflow(given["mlflow"]))
    return Listeners(found)
