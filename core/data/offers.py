"""What a person offers as images: names, and how to get at the bytes. Imports only core.config."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.config import DataError

MAX_FILES = 200_000
HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Offer:
    """One file. name: relative, with /; a label, never a path to open.

    read: gives its content, or the path of a file to read; raises ImageRejected if it cannot.
    """

    name: str
    read: Callable[[], bytes | Path]


def is_hidden(name: str) -> bool:
    """Whether a file is none the owner put there: .git/config, __MACOSX/x, Thumbs.db."""
    return any(part.startswith(".") or part in HIDDEN for part in name.split("/") if part != "..")


def in_folder(folder: Path) -> tuple[Offer, ...]:
    """All regular files in a folder and those below it, in no particular order.

    Hidden ones and links to folders are left out.  Raises DataError if it is no folder, cannot be
    listed or holds more than MAX_FILES.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give the folder that holds the images.")
    offers: list[Offer] = []
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not is_hidden(name)]
        shown = [name for name in files if not is_hidden(name)]
        offers += [_offer(folder, parent, name) for name in shown if _is_file_or_lost(parent, name)]
        if len(offers) > MAX_FILES:
            raise DataError(f"{folder} holds more than {MAX_FILES:,} files: choose one with fewer.")
    return tuple(offers)


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed: make it readable.") from error


def _is_file_or_lost(parent: str, name: str) -> bool:
    """False for pipes, sockets and devices, which may never end; a broken link is a lost file."""
    try:
        return stat.S_ISREG(Path(parent, name).stat().st_mode)
    except OSError:
        return True


def _offer(folder: Path, parent: str, name: str) -> Offer:
    """Without its path, which would be twice as large as all the rest."""
    label = Path(parent, name).relative_to(folder).as_posix()
    return Offer(label.encode("utf-8", "replace").decode("utf-8"), partial(Path, parent, name))
