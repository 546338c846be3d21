"""A draft of images made a data set: what is left out, what is to train and what to test on."""

import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError, OptionError
from core.data.own import originals, split, store
from core.data.own.draft import Draft, blocks
from core.data.own.layouts import Arrangement
from core.data.own.split import Members, Parts
from core.data.own.store import OwnSet, Rows, folder_of, own_dir
from core.images import digests, imagesets
from core.images.imagesets import Rejected
from core.text import counted, listed, natural

ARCHIVE = r"\.(zip|tar|tar\.gz|tgz|parquet|npy|npz|idx|gz)$"
RANKS = {"": 0, "train": 1, "calibration": 2, "test": 3}  # how far from training a part is
Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Keeping:
    """Which images of a draft become the set, and how it is split.

    repeats, near_repeats, small: whether those images are kept, see Draft.  conflicting: of equal
    pictures that stand under two classes, whether the first is kept.  across: whether images for
    training stay that almost equal an image of another part of the source's.  test_share: 0.01 to
    0.9; the source's own parts go before it.  seed: of the split, 0 to 2^32 - 1.  layout: see
    core.data.own.layouts; "" = the one that is recognised.  group_by: a regular expression on
    names, see core.data.own.split.keys_by.  outlier_classes: all whose images are outliers,
    beside those of the layout.  empty: whether images of one colour stay; pages: whether the first
    picture of a file that holds several does.  merged: whether classes that differ in capital
    letters or spaces alone are one.  Raises OptionError outside these bounds.
    """

    repeats: bool = False
    near_repeats: bool = True
    small: bool = True
    test_share: float = imagesets.TEST_SHARE
    seed: int = 0
    conflicting: bool = True
    across: bool = True
    layout: str = ""
    group_by: str = ""
    outlier_classes: tuple[str, ...] = ()
    empty: bool = True
    pages: bool = True
    merged: bool = False

    def __post_init__(self) -> None:
        if not 0.01 <= self.test_share <= 0.9 or not 0 <= self.seed < 2**32:
            raise OptionError(
                "The test part is 0.01 to 0.9 of the images, and the seed a whole number from 0 to "
                "4,294,967,295."
            )


def make(draft: Draft, name: str, keeping: Keeping, progress: Progress | None = None) -> OwnSet:
    """Make the images of a draft that are to be kept a set called `name`, whole or not at all.

    Images that are almost equal, or of one group, fall into the same part, so that the test part
    holds nothing that was trained on. The draft stays.
    Raises DataError if the name is taken, nothing is kept or the disk refuses.
    """
    check_free(name)
    planned = plan(draft, keeping)
    order = planned.order
    labels, class_names = planned.labels()
    rows = Rows(
        [draft.names[i] for i in order],
        labels,
        [(one.name, one.reason) for one in (*draft.rejected, *planned.left_out)],
    )
    parts = planned.parts
    own = OwnSet(
        format=2,
        name=name,
        shape=draft.form.shape,
        class_names=class_names,
        n_train=len(parts.train),
        n_test=len(parts.test),
        seed=keeping.seed,
        source=draft.source[:1000],
        n_left_out=len(rows.rejected),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        preparation=draft.preparation,
        n_calibration=len(parts.calibration),
        outlier_classes=tuple(c for c in class_names if c in planned.outlier_classes),
        layout=planned.arrangement.layout,
    )
    _write(own, rows, draft, planned, progress)
    return own


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a draft becomes.  kept: positions of its images that stay.  parts: positions in kept.

    outlier_classes: all whose images are outliers.  left_out: images that do not stay.
    warnings: sentences about what its owner should know before anything is trained.
    """

    draft: Draft
    arrangement: Arrangement
    kept: Index
    parts: Parts
    outlier_classes: tuple[str, ...]
    left_out: tuple[Rejected, ...]
    warnings: tuple[str, ...]

    @property
    def order(self) -> Index:
        """Positions in the draft, those for training first, those to test on last."""
        return self.kept[self.parts.order]

    def labels(self) -> tuple[list[int] | None, tuple[str, ...]]:
        """The class of each image in this order, and their names."""
        return _as_classes([self.arrangement.labels[i] for i in self.order])

    @property
    def has_masks(self) -> bool:
        return bool((self.arrangement.of >= 0).any())

    def masks(self, part: Index) -> npt.NDArray[np.bool_]:
        """Where the defects of some images of the draft are: (p, H, W)."""
        _, height, width = self.draft.form.shape
        found = np.zeros((len(part), height, width), np.bool_)
        pixels = self.draft.pixels()
        for row, i in enumerate(part.tolist()):
            for j in self._masks_of.get(i, ()):
                found[row] |= _as_mask(pixels[j])
        return found

    @cached_property
    def _masks_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for j in np.flatnonzero(self.arrangement.of >= 0).tolist():
            found.setdefault(int(self.arrangement.of[j]), []).append(j)
        return found


def plan(draft: Draft, keeping: Keeping) -> Planned:
    """What make() would make a set of, and what to warn of.  Raises DataError if nothing is kept,
    OptionError for a group_by that is none.
    """
    arrangement = draft.arranged(keeping.layout)
    if keeping.merged:
        one = alike(arrangement)
        arrangement = _merged(arrangement, one)
        chosen = tuple(one.get(name, name) for name in keeping.outlier_classes)
        keeping = replace(keeping, outlier_classes=chosen)
    out = _left_out(draft, keeping, arrangement)
    kept = np.flatnonzero(~(out | arrangement.is_mask))
    if len(kept) < 2:
        raise DataError("A data set needs at least two images, one of them to test: keep more.")
    words = [arrangement.labels[i] for i in kept]
    classes, class_names = _as_classes(words)
    outlier_classes = _outlier_classes(arrangement, keeping, class_names)
    parts = split.part(
        Members(
            names=[draft.names[i] for i in kept],
            classes=None if classes is None else np.array(classes, np.int64),
            groups=_groups(draft, kept, keeping),
            stated=[arrangement.parts[i] for i in kept],
            outliers=np.array([word in outlier_classes for word in words], np.bool_),
        ),
        keeping.test_share,
        keeping.seed,
    )
    return Planned(
        draft=draft,
        arrangement=arrangement,
        kept=kept,
        parts=parts,
        outlier_classes=outlier_classes,
        left_out=tuple(_reasons(draft, keeping, arrangement)),
        warnings=tuple(
            filter(
                None,
                (
                    _about_conflicts(draft, arrangement),
                    _about_across(draft, arrangement),
                    about_alike(arrangement),
                    *arrangement.notes,
                    *parts.notes,
                ),
            )
        ),
    )


def conflicting(draft: Draft, arrangement: Arrangement) -> Flags:
    """(n,): equal to another image that stands under another class."""
    classes: dict[int, set[str | None]] = {}
    for i, leader in enumerate(draft.equal.tolist()):
        if not arrangement.is_mask[i]:
            classes.setdefault(leader, set()).add(arrangement.labels[i])
    several = [len(classes.get(leader, ())) > 1 for leader in draft.equal.tolist()]
    return np.array(several, np.bool_) & ~arrangement.is_mask


def across(draft: Draft, arrangement: Arrangement) -> Flags:
    """(n,): almost equal to an image that the source puts in a part further from training.

    Such an image is one for training, or one that calibrates and almost equals a test image.
    """
    rank = np.array([RANKS[part] for part in arrangement.parts])
    furthest = rank.copy()
    np.maximum.at(furthest, draft.near, rank)
    np.maximum.at(furthest, draft.equal, rank)
    most = np.maximum(furthest[draft.near], furthest[draft.equal])
    return np.asarray((rank > 0) & (most > rank) & ~arrangement.is_mask)


def _about_conflicts(draft: Draft, arrangement: Arrangement) -> str:
    at = np.flatnonzero(conflicting(draft, arrangement))
    if not len(at):
        return ""
    first = at[0]
    other = next(
        i
        for i in at[1:]
        if draft.equal[i] == draft.equal[first]
        and arrangement.labels[i] != arrangement.labels[first]
    )
    return (
        f"{counted(len(at), 'image')} stand under two classes with equal pixels, such as "
        f"{draft.names[first]} and {draft.names[other]}: leave them out, or correct their classes."
    )


def _about_across(draft: Draft, arrangement: Arrangement) -> str:
    n = int(across(draft, arrangement).sum())
    if not n:
        return ""
    return (
        f"{counted(n, 'image')} for training or calibration equal or almost equal an image that "
        "models are tested on: leave them out, or the test says too much good."
    )


def alike(arrangement: Arrangement) -> dict[str, str]:
    """Classes that differ from an earlier one in capital letters or spaces alone, and that one."""
    known: dict[str, str] = {}
    found = {}
    for name in sorted({label for label in arrangement.labels if label}, key=natural):
        first = known.setdefault(" ".join(name.casefold().split()), name)
        if first != name:
            found[name] = first
    return found


def _merged(arrangement: Arrangement, one: Mapping[str, str]) -> Arrangement:
    """The arrangement with classes made one.  one: see alike()."""
    outliers = dict.fromkeys(one.get(name, name) for name in arrangement.outlier_classes)
    labels = tuple(label and one.get(label, label) for label in arrangement.labels)
    return replace(arrangement, labels=labels, outlier_classes=tuple(outliers))


def about_alike(arrangement: Arrangement) -> str:
    """A warning of such classes; "" if there are none."""
    pairs = [f"{first[:60]} and {name[:60]}" for name, first in alike(arrangement).items()]
    if not pairs:
        return ""
    return (
        f"Classes that differ in capital letters or spaces alone: {listed(pairs, 3)}. If they are "
        "one, merge them on the page, rename the folder or correct the table."
    )


def _groups(draft: Draft, kept: Index, keeping: Keeping) -> Index:
    """The group of each image that is kept: near-copies, and what group_by puts together."""
    names = [draft.names[i] for i in kept]
    position = {int(i): at for at, i in enumerate(kept)}
    first: dict[int, int] = {}
    for at, i in enumerate(kept.tolist()):
        first.setdefault(int(draft.near[i]), position.get(int(draft.near[i]), at))
    leaders = np.array([first[int(draft.near[i])] for i in kept], np.int64)
    keys = split.keys_by(keeping.group_by, names) if keeping.group_by else None
    return split.grouped(leaders, keys)


def _outlier_classes(
    arrangement: Arrangement, keeping: Keeping, class_names: tuple[str, ...]
) -> tuple[str, ...]:
    if unknown := set(keeping.outlier_classes) - set(class_names):
        known = listed(class_names, 20) or "none"
        raise DataError(f"There is no class {min(unknown)[:60]!r}: the classes are {known}.")
    return tuple(dict.fromkeys((*arrangement.outlier_classes, *keeping.outlier_classes)))


def _as_classes(words: Sequence[str | None]) -> tuple[list[int] | None, tuple[str, ...]]:
    """Indices into class names, and these; no labels if no image has a class."""
    class_names = sorted({word or imagesets.NO_CLASS for word in words}, key=natural)
    if class_names == [imagesets.NO_CLASS]:
        return None, ()
    index = {name: i for i, name in enumerate(class_names)}
    return [index[word or imagesets.NO_CLASS] for word in words], tuple(class_names)


def _as_mask(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where an image of a mask is nearer to its brightest than to black: (C, H, W) -> (H, W).

    Masks are drawn in 0 and 255, or in 0 and 1.
    """
    bright = x.max(axis=0)
    return np.asarray((2 * bright.astype(np.int16) > bright.max()) & (bright > 0))


def check_free(name: str) -> None:
    """DataError if there is or was a set of that name, OptionError if it cannot be a name."""
    if folder_of(name).exists():
        raise DataError(
            f"You have, or had, a data set called {name}: choose another name, as models and maps "
            "know a set by its name."
        )


def _left_out(draft: Draft, keeping: Keeping, arrangement: Arrangement) -> Flags:
    out = np.zeros(len(draft), bool)
    if not keeping.repeats:
        out |= draft.repeats()
    if not keeping.near_repeats:
        out |= draft.near_repeats()
    if not keeping.small:
        out |= draft.small()
    if not keeping.conflicting:
        out |= conflicting(draft, arrangement)
    if not keeping.across:
        out |= across(draft, arrangement)
    if not keeping.empty:
        out |= draft.looks.is_empty
    if not keeping.pages:
        out |= draft.looks.has_pages
    return out & ~arrangement.is_mask


def _reasons(draft: Draft, keeping: Keeping, arrangement: Arrangement) -> Iterator[Rejected]:
    two_classes, leaking = conflicting(draft, arrangement), across(draft, arrangement)
    for i in np.flatnonzero(_left_out(draft, keeping, arrangement)).tolist():
        if not keeping.conflicting and two_classes[i]:
            reason = "Its pixels stand under two classes."
        elif not keeping.repeats and draft.equal[i] != i:
            reason = f"It equals {draft.names[draft.equal[i]]}."
        elif not keeping.near_repeats and draft.near[i] != i:
            reason = f"It almost equals {draft.names[draft.near[i]]}."
        elif not keeping.across and leaking[i]:
            reason = "It almost equals an image of a part that models are tested on."
        elif not keeping.empty and draft.looks.is_empty[i]:
            reason = "It is of one colour."
        elif not keeping.pages and draft.looks.has_pages[i]:
            reason = f"It is {draft.looks.further[i]}."
        else:
            height, width = draft.sides[i]
            reason = f"It is very small: {width} x {height}."
        yield Rejected(draft.names[i], reason)


def _write(
    own: OwnSet, rows: Rows, draft: Draft, planned: Planned, progress: Progress | None
) -> None:
    try:
        own_dir().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=own_dir(), prefix=".making-") as temporary:
            folder = Path(temporary) / own.name
            folder.mkdir()
            _write_pixels(folder / store.IMAGES, own, draft, planned.order, progress)
            if planned.has_masks:
                _write_masks(folder / store.MASKS, own, planned)
            originals.hand_over(draft.folder, folder, planned.order, rows.ids)
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
        done, marks = 0, []
        for part in blocks(order, math.prod(own.shape)):
            x = draft.take(part)
            marks.append(digests.of(x))
            file.write(x.data)
            done += len(part)
            if progress is not None:
                progress(done, len(order))
        file.flush()
        os.fsync(file.fileno())
    np.save(path.with_name(store.DIGESTS), np.concatenate(marks))


def _write_masks(path: Path, own: OwnSet, planned: Planned) -> None:
    with open(path, "wb") as file:
        shape = (len(planned.order), *own.shape[1:])
        header = {"descr": "|b1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        parts = blocks(planned.order, math.prod(own.shape))
        file.writelines(planned.masks(part).tobytes() for part in parts)


def free_name(source: str) -> str:
    """A name nobody has used yet, made of what the images came from: "My cats.zip" -> my-cats."""
    stem = slug(source)
    number, name = 1, stem
    while folder_of(name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name


def slug(source: str) -> str:
    """What images come from as the beginning of a name: "My cats.zip" -> my-cats."""
    stem = re.sub(r"[^a-z0-9]+", "-", re.sub(ARCHIVE, "", source.lower())).strip("-")[:56]
    return stem.strip("-") or "images"
