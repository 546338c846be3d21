"""Folders, names and the errors that a user can cause. Imports nothing else from core."""

import os
import re
import sys
from pathlib import Path

import platformdirs

PROJECT = Path(__file__).resolve().parents[1]  # holds app.py, pages and checkpoints
# setup.py puts the code below hourglass, and its imports with it; in a checkout this is "".
PREFIX = __name__.removesuffix("core.config")
COMMAND = "hourglass" if PREFIX else "python -m core"
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class HourglassError(Exception):
    """An error that a user can correct: str() is one sentence that says what to do."""


class DataError(HourglassError):
    """A data set is missing, damaged or unsuitable."""


class ImageRejected(DataError):
    """One image cannot be read; str() is the reason, to be shown to the user."""


class CheckpointError(HourglassError):
    """A checkpoint cannot be trusted, found or written."""


class OptionError(HourglassError):
    """A setting is unknown or outside its bounds."""


class ReviewError(HourglassError):
    """Review decisions cannot be stored or read; acknowledged ones are safe."""


class TrainingError(HourglassError):
    """Training cannot start or continue; the last good state is kept."""


class Diverged(TrainingError):
    """The loss or the test error exploded or stopped being a number.

    at: how many epochs were done then, with fractions.
    """

    def __init__(self, message: str, at: float) -> None:
        super().__init__(message)
        self.at = at


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, named as in a checkout, in a process of its own."""
    return [sys.executable, "-m", f"{PREFIX}{module}", *arguments]


def home() -> Path:
    """The folder that holds data/ and runs/: HOURGLASS_HOME, or the project itself.

    Where Hourglass was installed by pip, instead of the project: the user's data folder.
    """
    usual = platformdirs.user_data_path("hourglass", appauthor=False) if PREFIX else PROJECT
    return Path(os.environ.get("HOURGLASS_HOME") or usual)


def data_dir() -> Path:
    """The folder of data sets and downloads."""
    return home() / "data"


def data_root() -> Path:
    """The first folder to search for torchvision's sets: HOURGLASS_DATA_ROOT, or data/."""
    return Path(os.environ.get("HOURGLASS_DATA_ROOT") or data_dir())


def runs_dir() -> Path:
    """The folder with the folders of all training runs."""
    return home() / "runs"


def shipped_checkpoints_dir() -> Path:
    """The models that come with the project; the program never writes here except by `make zoo`."""
    return PROJECT / "checkpoints"


def local_checkpoints_dir() -> Path:
    """The user's own models: HOURGLASS_CHECKPOINTS, or checkpoints/local.

    Where Hourglass was installed by pip, instead of checkpoints/local: home()/checkpoints.
    """
    usual = home() / "checkpoints" if PREFIX else shipped_checkpoints_dir() / "local"
    return Path(os.environ.get("HOURGLASS_CHECKPOINTS") or usual)


def checked_name(name: str) -> str:
    """`name`, if it may be a file's stem: 1 to 64 lower-case letters, digits, - and _.

    Raises OptionError otherwise.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise OptionError(
            f"{ascii(name)[:80]} cannot be a name: use 1 to 64 lower-case letters, digits, - or _, "
            "beginning with a letter or digit."
        )
    return name
