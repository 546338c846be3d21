"""A person's own images as a data set: a folder or a zip archive, flat or a folder a class.

Every file offered is either an image of the set or on its list of rejected files, with a reason.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.config import DataError, ImageRejected
from core.data.downloads import Progress
from core.data.imagesets import ImageSet, Rejected
from core.data.offers import Offer, in_folder
from core.data.zips import open_zip
from core.images import Picture, read_image, to_array

Size = tuple[int, int]
Pixels = npt.NDArray[np.uint8]
DEFAULT_SIZE = (64, 64)
ALIKE = range(8, 129)  # pixels a side; images all of one such size keep it
SIDES = range(8, 513)
MAX_BYTES = 2 << 30
MAX_NAME = 400
TEST_SHARE = 0.2


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

    Ids are names.  Each name falls into the test split with probability 0.2, by its hash, whatever
    other files there are.  progress: told after every file how many are done, of how many.
    Raises DataError if none can be read or if they are too many for the memory.
    """
    gathered = _Gathered(choice.size)
    ordered = sorted(offers, key=lambda offer: (draw(offer.name, choice.seed), offer.name))
    for done, offer in enumerate(ordered, start=1):
        gathered.add(offer)
        if progress is not None:
            progress(done, len(ordered))
    if not gathered.names:
        why = f", the first because: {gathered.rejected[0].reason}" if gathered.rejected else "."
        raise DataError(f"{id} has no image that can be read of {len(ordered):,} files{why}")
    labels, class_names = classes_of(gathered.names)
    ids = np.array(gathered.names, dtype=np.str_)
    rejected = tuple(sorted(gathered.rejected))
    whole = ImageSet(
        id, choice.split, gathered.images(), labels, class_names, ids, rejected=rejected
    )
    return whole.take(_chosen(gathered.names, choice))


@dataclass
class _Gathered:
    """Images as they come in, kept at their own size for as long as they are all alike."""

    size: Size | None
    names: list[str] = field(default_factory=list)
    pixels: list[Pixels] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.may_differ = self.size is not None
        self.seen: set[str] = set()

    def add(self, offer: Offer) -> None:
        """Take the image in, or note why not."""
        try:
            self._check_name(offer.name)
            picture = read_image(offer.read(), "It")
        except ImageRejected as refusal:
            self.rejected.append(Rejected(offer.name[:MAX_NAME], str(refusal)))
        else:
            self.pixels.append(self._fitted(picture))
            self.names.append(offer.name)
            self._check_memory()

    def images(self) -> Pixels:
        """All of them: (N, C, H, W), grey only if all are."""
        channels = max(len(x) for x in self.pixels)
        return np.stack([np.broadcast_to(x, (channels, *x.shape[1:])) for x in self.pixels])

    def _check_name(self, name: str) -> None:
        if name in self.seen:
            raise ImageRejected("Its name comes twice.")
        self.seen.add(name)
        if len(name) > MAX_NAME or "\0" in name:
            raise ImageRejected(f"Its name has more than {MAX_NAME} characters, or a NUL.")

    def _fitted(self, picture: Picture) -> Pixels:
        if self.size is None:
            small = all(side in ALIKE for side in picture.size)
            self.size = picture.size if small else DEFAULT_SIZE
            self.may_differ = self.size != picture.size
        elif not self.may_differ and picture.size != self.size:
            self.size, self.may_differ = DEFAULT_SIZE, True
            self.pixels[:] = [_array(_picture(x), DEFAULT_SIZE) for x in self.pixels]
        return _array(picture, self.size)

    def _check_memory(self) -> None:
        _, height, width = self.pixels[-1].shape
        if len(self.pixels) * 3 * height * width > MAX_BYTES:
            raise DataError("The images need more than 2 GB: choose fewer, or a smaller size.")


def _array(picture: Picture, size: Size) -> Pixels:
    return to_array(picture, 1 if picture.image.mode == "L" else 3, size)


def _picture(x: Pixels) -> Picture:
    return Picture(Image.fromarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0).copy()))


def classes_of(names: Sequence[str]) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """A class for each folder, without the folders that all share; no labels if there is but one.

    Files beside the folders are of the class "(none)".
    """
    folders = [name.split("/")[:-1] for name in names]
    shared = len(os.path.commonprefix(folders))  # noqa: RUF071  # lists of parts, not strings
    words = ["/".join(folder[shared:]) or "(none)" for folder in folders]
    class_names, labels = np.unique(np.array(words, dtype=np.str_), return_inverse=True)
    if len(class_names) == 1:
        return None, ()
    return labels.astype(np.int64), tuple(class_names.tolist())


def _chosen(names: Sequence[str], choice: Choice) -> npt.NDArray[np.bool_]:
    """Which images belong to the split; of two or more, neither split is left without any."""
    for_test = np.array([draw(name, choice.seed) < TEST_SHARE for name in names])
    if len(names) > 1:
        for_test[0], for_test[-1] = True, False  # names are in the order of their draws
    return (
        np.ones(len(names), bool) if choice.split == "all" else for_test == (choice.split == "test")
    )


def draw(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
