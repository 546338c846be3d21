"""The cache of a process for all its tasks and pages: images, models, derived values.

It has a bounded size in bytes. Pixels of data sets that must be drawn or unpacked are results of
tasks themselves, which processes map from disk and share.
"""

import contextlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from core.computing import results
from core.computing.tasks import Arrays, Task, task
from core.config import CheckpointError, DataError
from core.data import catalogue
from core.data.named import publicsets
from core.data.own.store import SPLITS
from core.images.imagesets import ImageSet, fingerprint
from core.inference import Autoencoder
from core.shelf import Shelf

T = TypeVar("T")
MOST_BYTES = 256 << 20
SHELF = Shelf(MOST_BYTES)
FACTOR = "factor "  # what names of arrays that are factors begin with
_places: dict[str, str] = {}


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """The cached value of a key, or make() if there is none; the key names all inputs of make()."""
    return SHELF.get(key, make)


@dataclass(frozen=True)
class SplitRef:
    """One split of a data set, as the argument of a task.  digest: of its pixels."""

    name: str
    split: str
    digest: str

    @classmethod
    def of(cls, name: str, split: str) -> Self:
        """The split as it is now."""
        return cls(name, split, digest(name, split))

    def images(self) -> ImageSet:
        """The images of the split.  Raises DataError if they have changed."""
        if digest(self.name, self.split) != self.digest:
            SHELF.drop(("images", self.name, self.split))
            SHELF.drop(("digest", self.name, self.split))
        if digest(self.name, self.split) != self.digest:
            raise DataError(f"The images of {self.name} were changed meanwhile: reload the page.")
        return images(self.name, self.split)


def know(places: Iterable[tuple[str, str]]) -> None:
    """Note the files of models: (sha256, path) each."""
    _places.update(places)


def model(sha256: str) -> Autoencoder:
    """The model with that digest, whose file is known; CheckpointError if it is gone or another."""
    return kept(("model", sha256), lambda: _loaded(sha256))


def images(name: str, split: str) -> ImageSet:
    """One split of a data set; see core.data.catalogue.load."""
    return kept(("images", name, split), lambda: _images(name, split))


def forget_images(name: str) -> None:
    """Remove a deleted data set from the cache."""
    for split in SPLITS:
        SHELF.drop(("images", name, split))
        SHELF.drop(("digest", name, split))


def digest(name: str, split: str) -> str:
    """A hash of the pixels of a split."""
    return kept(("digest", name, split), lambda: _digest(name, split))


def unpacked(name: str, split: str, source: str) -> Arrays:  # noqa: ARG001  # part of its name
    """A task: all arrays of a split that has to be drawn or unpacked.

    source: what it is made from, in words that change with it.
    """
    found = catalogue.load(name, split)
    arrays: dict[str, Any] = {
        "images": found.images,
        "ids": found.ids,
        "digest": fingerprint(found),
    }
    arrays |= {"class_names": np.array(found.class_names, np.str_)}
    if found.labels is not None:
        arrays["labels"] = found.labels
    if found.masks is not None:
        arrays["masks"] = found.masks
    if found.factors is not None:
        for column in found.factors:
            values = found.factors[column].to_numpy()
            arrays[f"{FACTOR}{column}"] = (
                values.astype(np.str_) if values.dtype == object else values
            )
    return {key: np.asarray(array) for key, array in arrays.items()}


def unpacking(name: str, split: str) -> Task | None:
    """The task that must be done before images(); None for sets that are read as they are."""
    if split not in catalogue.SPLITS:
        return None  # catalogue.load() says so
    if name in publicsets.BY_ID:
        return task(unpacked, name, split, _files_of(name, split), title="Reading the images")
    if name in catalogue.EMBEDDED_BY_ID:
        return task(unpacked, name, split, "1", title="Making the images")
    return None


def _loaded(sha256: str) -> Autoencoder:
    if sha256 not in _places:
        raise CheckpointError("The model is not known here: choose it again.")
    found = Autoencoder.load(Path(_places[sha256]))
    if found.card.sha256 != sha256:
        raise CheckpointError(f"{found.card.name} was changed meanwhile: reload the page.")
    return found


def _images(name: str, split: str) -> ImageSet:
    """Mapped from its result where there is one; a full disk costs only the memory."""
    if (one := unpacking(name, split)) is None:
        return catalogue.load(name, split)
    arrays = results.read(one)
    if arrays is None:
        arrays = unpacked(name, split, "")
        with contextlib.suppress(OSError):
            results.write(one, arrays)
            arrays = results.read(one) or arrays
    return _as_images(name, split, arrays)


def _as_images(name: str, split: str, arrays: Arrays) -> ImageSet:
    found = ImageSet(
        id=name,
        split=split,
        images=arrays["images"],
        labels=arrays.get("labels"),
        class_names=tuple(arrays["class_names"].tolist()),
        ids=arrays["ids"],
        masks=arrays.get("masks"),
    )
    columns = {
        key.removeprefix(FACTOR): values for key, values in arrays.items() if key.startswith(FACTOR)
    }
    if not columns:
        return found
    import pandas as pd  # a third of a second that most sets do not need

    return replace(found, factors=pd.DataFrame(columns))


def _digest(name: str, split: str) -> str:
    if (one := unpacking(name, split)) is not None:
        if (arrays := results.read(one)) is not None:
            return str(arrays["digest"])
    return fingerprint(images(name, split))


def _files_of(name: str, split: str) -> str:
    """The files of a public set, with their sizes and times; DataError if they are not here."""
    known = publicsets.BY_ID[name]
    root = known.root(split, None)
    if root is None:
        raise DataError(f"{known.title} is not here: get it under Your images, Downloads.")
    pattern = "cifar*" if known.layout.folder == "." else f"{known.layout.folder}/*"
    return repr([_written(path) for path in sorted(root.glob(pattern))])


def _written(path: Path) -> tuple[str, int, int]:
    about = path.stat()
    return str(path), about.st_size, about.st_mtime_ns
