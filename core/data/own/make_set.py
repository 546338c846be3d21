"""A draft of images made a data set: what is left out, what is to train and what to test on."""

import math
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError, OptionError
from core.data.own import store
from core.data.own.draft import Draft, blocks
from core.data.own.store import OwnSet, Rows, folder_of, own_dir
from core.images import imagesets
from core.images.imagesets import Rejected

ARCHIVE = r"\.(zip|tar|tar\.gz|tgz|parquet)$"
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Keeping:
    """Which images of a draft become the set, and how it is split.

    repeats, near_repeats, small: whether those images are kept, see Draft.  test_share: 0.01 to
    0.9.  seed: of the split, 0 to 2^32 - 1.  Raises OptionError outside these bounds.
    """

    repeats: bool = False
    near_repeats: bool = True
    small: bool = True
    test_share: float = imagesets.TEST_SHARE
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.01 <= self.test_share <= 0.9 or not 0 <= self.seed < 2**32:
            raise OptionError(
                "The test part is 0.01 to 0.9 of the images, and the seed a whole number from 0 to "
                "4,294,967,295."
            )


def make(draft: Draft, name: str, keeping: Keeping, progress: Progress | None = None) -> OwnSet:
    """Make the images of a draft that are to be kept a set called `name`, whole or not at all.

    Images that are almost equal fall into the same split, so that the test part holds nothing that
    was trained on. The draft stays.
    Raises DataError if the name is taken, nothing is kept or the disk refuses.
    """
    check_free(name)
    kept = np.flatnonzero(~_left_out(draft, keeping))
    if len(kept) < 2:
        raise DataError("A data set needs at least two images, one of them to test: keep more.")
    train, test = _split(draft, kept, keeping)
    order = np.concatenate([train, test])
    stated = [draft.labels[i] for i in order] if draft.labels else ()
    labels, class_names = imagesets.classes_of([draft.names[i] for i in order], stated)
    rejected = [*draft.rejected, *_reasons(draft, keeping)]
    rows = Rows(
        [draft.names[i] for i in order],
        None if labels is None else labels.tolist(),
        [(one.name, one.reason) for one in rejected],
    )
    own = OwnSet(
        format=2,
        name=name,
        shape=draft.form.shape,
        class_names=class_names,
        n_train=len(train),
        n_test=len(test),
        seed=keeping.seed,
        source=draft.source[:1000],
        n_left_out=len(rejected),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        preparation=draft.preparation,
    )
    _write(own, rows, draft, order, progress)
    return own


def check_free(name: str) -> None:
    """DataError if there is or was a set of that name, OptionError if it cannot be a name."""
    if folder_of(name).exists():
        raise DataError(
            f"You have, or had, a data set called {name}: choose another name, as models and maps "
            "know a set by its name."
        )


def _left_out(draft: Draft, keeping: Keeping) -> npt.NDArray[np.bool_]:
    out = np.zeros(len(draft), bool)
    if not keeping.repeats:
        out |= draft.repeats()
    if not keeping.near_repeats:
        out |= draft.near_repeats()
    if not keeping.small:
        out |= draft.small()
    return out


def _reasons(draft: Draft, keeping: Keeping) -> Iterator[Rejected]:
    for i in np.flatnonzero(_left_out(draft, keeping)).tolist():
        if not keeping.repeats and draft.equal[i] != i:
            reason = f"It equals {draft.names[draft.equal[i]]}."
        elif not keeping.near_repeats and draft.near[i] != i:
            reason = f"It almost equals {draft.names[draft.near[i]]}."
        else:
            height, width = draft.sides[i]
            reason = f"It is very small: {width} x {height}."
        yield Rejected(draft.names[i], reason)


def _split(draft: Draft, kept: Index, keeping: Keeping) -> tuple[Index, Index]:
    """The images for training and for testing, each in an order that depends on names and seed.

    Images that are almost equal share the lot of the first of them, and so their part.
    """
    lots = np.array(
        [imagesets.hash_fraction(draft.names[i], keeping.seed) for i in draft.near[kept]]
    )
    own_lots = np.array([imagesets.hash_fraction(draft.names[i], keeping.seed) for i in kept])
    order = np.lexsort((own_lots, lots))
    lots, shuffled = lots[order], kept[order]
    for_test = lots < keeping.test_share
    if not for_test.any() or for_test.all():  # neither part without any
        for_test = lots == lots[0]
    if for_test.all():  # they are all alike
        for_test[-1] = False
    return shuffled[~for_test], shuffled[for_test]


def _write(own: OwnSet, rows: Rows, draft: Draft, order: Index, progress: Progress | None) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=own_dir(), prefix=".making-") as temporary:
            folder = Path(temporary) / own.name
            folder.mkdir()
            _write_pixels(folder / store.IMAGES, own, draft, order, progress)
            (folder / store.ROWS).write_bytes(msgspec.json.encode(rows))
            (folder / store.DOCUMENT).write_bytes(msgspec.json.encode(own))
            check_free(own.name)  # since a folder may take the place of an empty one
            folder.rename(folder_of(own.name))
    except OSError as error:
        raise DataError(
            f"The data set cannot be kept in {own_dir()} ({error.strerror}): free some space, or "
            "choose another name."
        ) from error


def _write_pixels(
    path: Path, own: OwnSet, draft: Draft, order: Index, progress: Progress | None
) -> None:
    with open(path, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(order), *own.shape)}
        np.lib.format.write_array_header_1_0(file, header)
        done = 0
        for part in blocks(order, math.prod(own.shape)):
            # Mapped anew for each block, so that what was read does not pile up in memory.
            file.write(draft.pixels()[part].tobytes())
            done += len(part)
            if progress is not None:
                progress(done, len(order))
        file.flush()
        os.fsync(file.fileno())


def free_name(source: str) -> str:
    """A name nobody has used yet, made of what the images came from: "My cats.zip" -> my-cats."""
    stem = re.sub(r"[^a-z0-9]+", "-", re.sub(ARCHIVE, "", source.lower())).strip("-")[:56]
    stem = stem.strip("-") or "images"
    number, name = 1, stem
    while folder_of(name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name
