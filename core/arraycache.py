"""Arrays stored in files, so that slow computations run only once."""

import contextlib
import io
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from core.files import write_atomically

Arrays = dict[str, npt.NDArray[Any]]


def cached(path: Path, names: tuple[str, ...], make: Callable[[], Arrays]) -> Arrays:
    """The arrays called `names` from the .npz file `path`.

    If it is missing or damaged they are computed and stored. If it cannot be written they are
    computed again the next time.
    """
    kept = read(path, names)
    if kept is not None:
        return kept
    arrays = make()
    with contextlib.suppress(OSError):
        write(path, arrays)
    return arrays


def read(path: Path, names: tuple[str, ...]) -> Arrays | None:
    """The arrays called `names` in `path`, or None if they cannot be read; no objects, ever."""
    try:
        with open(path, "rb") as file, np.load(file) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, IndexError, EOFError, NotImplementedError):
        return None
    except (zipfile.BadZipFile, zlib.error, AttributeError, MemoryError):
        return None


def mapped(path: Path, mode: Literal["r", "c"]) -> npt.NDArray[Any]:
    """The array in an .npy file as a memory map.

    mode: "r" = read-only; "c" = copy on write (torch uses such an array without a copy).
    Raises OSError or ValueError if there is no such file or its header is damaged.
    """
    try:
        return np.lib.format.open_memmap(path, mode=mode)
    except (SyntaxError, tokenize.TokenError) as error:  # NumPy parses the header as Python
        raise ValueError(f"{path.name} is damaged") from error


def write(path: Path, arrays: Arrays) -> None:
    """Write `arrays` to `path` atomically.  Raises OSError if the folder cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # its stub takes ** for an option
    write_atomically(path, content.getvalue())


def keep_newest(folder: Path, n: int, most_bytes: int | None = None) -> None:
    """Delete all but the n newest array files in a folder.

    most_bytes: largest total size of the files that stay; the newest always stays.
    """
    total = 0
    files = sorted(((*_written(path), path) for path in folder.glob("*.npz")), reverse=True)
    for i, (_, size, path) in enumerate(files):
        total += size
        if i >= n or (i and most_bytes is not None and total > most_bytes):
            path.unlink(missing_ok=True)


def _written(path: Path) -> tuple[float, int]:
    """When a file was written (seconds since 1970), and how many bytes it has."""
    try:
        about = path.stat()
    except OSError:  # another process has just deleted it
        return 0.0, 0
    return about.st_mtime, about.st_size
