"""A person's own images as a data set: a folder or a zip archive, flat or a folder a class.

Every file offered is either an image of the set or on its list of rejected files, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError
from core.data.imagesets import ImageSet, Rejected
from core.data.offers import Offer, in_folder
from core.data.reading import pictures
from core.data.splits import TEST_SHARE, classes_of, lot
from core.data.zips import open_zip
from core.images import Picture, from_array, to_array

Size = tuple[int, int]
Pixels = npt.NDArray[np.uint8]
DEFAULT_SIZE = (64, 64)
ALIKE = range(8, 129)  # pixels a side; images all of one such size keep it
SIDES = range(8, 513)
MAX_BYTES = 2 << 30


@dataclass(frozen=True)
class Choice:
    """How a person's own images become a set.

    split: "train", "test" or "all".  size: (H, W) to which all are brought, by cutting the middle
    out if need be, 8 to 512 pixels a side; None keeps theirs if they are all alike and at most
    128 a side, else 64 x 64.  seed: of the split.  Raises DataError outside these bounds.
    """

    split: str = "all"
    size: Size | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in ("train", "test", "all"):
            raise DataError(f"There is no split {self.split!r}: choose train, test or all.")
        if self.size is not None and not all(side in SIDES for side in self.size):
            raise DataError("Images can be brought to 8 to 512 pixels a side: choose such a size.")


def load_folder(path: Path, choice: Choice, progress: Progress | None = None) -> ImageSet:
    """The images in a folder and below it; DataError if there are none."""
    return from_offers(f"folder:{path}", in_folder(path.expanduser()), choice, progress)


def load_zip(
    source: Path | IO[bytes], name: str, choice: Choice, progress: Progress | None = None
) -> ImageSet:
    """The images in a zip archive, a file or an open one; DataError if there are none."""
    source = source.expanduser() if isinstance(source, Path) else source
    with open_zip(source, name) as offers:
        return from_offers(f"zip:{name}", offers, choice, progress)


def from_offers(
    id: str,  # noqa: A002  # as in core.datasets
    offers: Sequence[Offer],
    choice: Choice,
    progress: Progress | None = None,
) -> ImageSet:
    """The images among `offers`, in an order that depends on their names and the seed alone.

    Ids are names.  Each name falls into the test split with probability TEST_SHARE, by its hash,
    whatever other files there are.  progress: told after every file how many are done, of how many.
    Raises DataError if none can be read or if they are too many for the memory.
    """
    ordered = sorted(offers, key=lambda offer: (lot(offer.name, choice.seed), offer.name))
    gathered, rejected = _Gathered(choice.size), list[Rejected]()
    for name, picture in pictures(ordered, rejected, progress):
        gathered.add(name, picture)
    if not gathered.names:
        why = f", the first because: {rejected[0].reason}" if rejected else "."
        raise DataError(f"{id} has no image that can be read of {len(ordered):,} files{why}")
    labels, class_names = classes_of(gathered.names)
    whole = ImageSet(
        id,
        choice.split,
        gathered.images(),
        labels,
        class_names,
        np.array(gathered.names, dtype=np.str_),
        rejected=tuple(sorted(rejected)),
    )
    return whole.take(_chosen(gathered.names, choice))


@dataclass
class _Gathered:
    """Images as they come in, kept at their own size for as long as they are all alike."""

    size: Size | None
    names: list[str] = field(default_factory=list)
    pixels: list[Pixels] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.may_differ = self.size is not None

    def add(self, name: str, picture: Picture) -> None:
        """Take an image in; DataError if there is no room for it."""
        self.pixels.append(self._fitted(picture))
        self.names.append(name)
        _, height, width = self.pixels[-1].shape
        if len(self.pixels) * 3 * height * width > MAX_BYTES:
            raise DataError("The images need more than 2 GB: choose fewer, or a smaller size.")

    def images(self) -> Pixels:
        """All of them: (N, C, H, W), grey only if all are."""
        channels = max(len(x) for x in self.pixels)
        return np.stack([np.broadcast_to(x, (channels, *x.shape[1:])) for x in self.pixels])

    def _fitted(self, picture: Picture) -> Pixels:
        if self.size is None:
            small = all(side in ALIKE for side in picture.size)
            self.size = picture.size if small else DEFAULT_SIZE
            self.may_differ = self.size != picture.size
        elif not self.may_differ and picture.size != self.size:
            self.size, self.may_differ = DEFAULT_SIZE, True
            self.pixels[:] = [_array(from_array(x), DEFAULT_SIZE) for x in self.pixels]
        return _array(picture, self.size)


def _array(picture: Picture, size: Size) -> Pixels:
    return to_array(picture, 1 if picture.image.mode == "L" else 3, size)


def _chosen(names: Sequence[str], choice: Choice) -> npt.NDArray[np.bool_]:
    """Which images belong to the split; of two or more, neither split is left without any.

    names: in the order of their lots.
    """
    if choice.split == "all":
        return np.ones(len(names), bool)
    for_test = np.array([lot(name, choice.seed) < TEST_SHARE for name in names])
    if len(names) > 1:
        for_test[0], for_test[-1] = True, False
    return np.asarray(for_test == (choice.split == "test"))
