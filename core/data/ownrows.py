"""The rows of an own data set: ids and labels of its images, and what was left out.

They are one JSON document, which of a million images takes seconds to read. So what was once read
and found whole is kept beside it as arrays, and from then on mapped into memory as it is used.
"""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from core import arraycache

KEPT = "rows-"  # folders of arrays; the rest of the name says of which document
MANY = 10_000  # images: the rows of fewer are read at once
LARGEST = 1 << 29  # bytes of ids; larger ones are read anew


class Rows(Struct, frozen=True):
    """The images of a set as its document has them, those for training first.

    labels: indices into the class names, or None.  rejected: name and reason of what was left out.
    """

    ids: list[str]
    labels: list[int] | None
    rejected: list[tuple[str, str]]


@dataclass(frozen=True)
class Columns:
    """The same as arrays.  ids: (n,).  labels: (n,) or None.  rejected: (m, 2)."""

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64] | None
    rejected: npt.NDArray[np.str_]


def read(path: Path, n: int, n_classes: int) -> Columns:
    """The rows in a document of n images.

    Raises OSError or ValueError if it cannot be read, or is not of n different images with labels
    below n_classes.
    """
    about = path.stat()
    folder = path.parent / f"{KEPT}{about.st_size}-{about.st_mtime_ns}"
    found = _mapped(folder)
    if found is None:
        found = _parsed(path)
        if n >= MANY and found.ids.nbytes <= LARGEST and _fits(found, n, n_classes):
            with suppress(OSError):  # a full disk costs only reading it again
                _keep(found, folder)
    if not _fits(found, n, n_classes):
        raise ValueError(f"{path.name} does not fit its data set")
    return found


def _parsed(path: Path) -> Columns:
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=Rows)
        labels = None if rows.labels is None else np.array(rows.labels, np.int64)
    except (msgspec.DecodeError, OverflowError) as error:
        raise ValueError(f"{path.name} is not as it should be") from error
    if len(set(rows.ids)) < len(rows.ids):
        raise ValueError(f"{path.name} names an image twice")
    rejected = np.array(rows.rejected, np.str_).reshape(-1, 2)
    return Columns(np.array(rows.ids, np.str_), labels, rejected)


def _fits(found: Columns, n: int, n_classes: int) -> bool:
    """Whether each of n >= 1 images has its row. That no id comes twice was seen when it was
    parsed.
    """
    labels = found.labels
    if found.ids.shape != (n,) or labels is None:
        return found.ids.shape == (n,)
    return labels.shape == (n,) and int(labels.min()) >= 0 and int(labels.max()) < n_classes


def _mapped(folder: Path) -> Columns | None:
    """What _keep() has put there; None if it is not there or not as it should be."""
    try:
        arrays = {path.stem: arraycache.mapped(path, "c") for path in folder.glob("*.npy")}
        columns = Columns(arrays["ids"], arrays.get("labels"), arrays["rejected"])
    except (OSError, ValueError, KeyError):
        return None
    texts = columns.ids.dtype.kind == columns.rejected.dtype.kind == "U"
    numbers = columns.labels is None or columns.labels.dtype == np.int64
    return columns if texts and numbers else None


def _keep(columns: Columns, folder: Path) -> None:
    """Write the arrays, all or none, in place of those of an earlier document."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".rows-") as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        for name in ("ids", "labels", "rejected"):
            if (values := getattr(columns, name)) is not None:
                np.save(new / f"{name}.npy", values)
        for earlier in folder.parent.glob(f"{KEPT}*"):
            shutil.rmtree(earlier, ignore_errors=True)
        new.rename(folder)
