"""File names of results computed from models and data sets, so that they can be deleted with them.

A name begins with a mark for each owner: a model's digest, or the id of a data set. Imports nothing
else from core.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

MARK, REST = 10, 24  # characters


def named(owners: Iterable[str], key: str) -> str:
    """A file name for a result computed from the owners; different for other owners or keys.

    key: text with everything else that the result depends on.
    """
    content = hashlib.sha256(key.encode()).hexdigest()[:REST]
    return "-".join([*map(_mark, owners), content])


def forget(folder: Path, owner: str) -> None:
    """Delete the files and folders in a folder whose names have this owner's mark.

    Files that cannot be deleted stay.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _mark(owner) in path.name.split("-")[:-1]:
                _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _mark(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:MARK]
