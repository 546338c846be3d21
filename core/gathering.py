"""A person's images read once into a file of pixels, with a report on what is odd among them.

What is read is a draft: core.ownsets makes a data set of it once the report has been seen.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import numpy as np
import numpy.typing as npt

from core import alike, folders
from core.background import Progress
from core.config import DataError, ImageRejected
from core.images import Picture, read_image, to_array
from core.imagesets import Rejected
from core.offers import Offer
from core.ownsets import own_dir
from core.preparation import Steps, prepare, suggest, working_copy

Manner = Literal["crop", "pad", "digit"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
SIDES = range(16, 513)  # what models take
COMMON = (28, 32, 48, 64, 96, 128)  # sizes that networks are often given
SAMPLED = 12  # images that are looked at to suggest a form
DRAFT = ".draft-"
DRAFT_SECONDS = 24 * 3600  # after which a draft that nobody finished is thrown away
SPARE_BYTES = 256 << 20  # of the disk that stay free


@dataclass(frozen=True)
class Form:
    """What images are brought to.

    size: (H, W), each 16 to 512.  channels: 1 = grey, 3 = colour.
    manner: "crop" cuts the middle out, "pad" fills up the edges, "digit" does what MNIST's makers
    did with handwriting: see core.preparation.
    Raises DataError outside these bounds.
    """

    size: tuple[int, int]
    channels: int = 3
    manner: Manner = "crop"

    def __post_init__(self) -> None:
        if not all(side in SIDES for side in self.size):
            raise DataError("Images can be brought to 16 to 512 pixels a side: choose such a size.")
        if self.channels not in (1, 3) or self.manner not in MANNERS:
            raise DataError("Images are grey (1 channel) or in colour (3), and crop, pad or digit.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.channels, *self.size


@dataclass(frozen=True)
class Draft:
    """Images that have been read, and what is known about them.

    folder: holds the pixels.  source: where they came from, in words.  names: (n,) unique.
    sides: (n, 2) height and width as offered.  equal, near: (n,) for each image the first one it is
    equal, or almost equal, to; itself if none.  rejected: the files that could not be read.
    """

    folder: Path
    source: str
    form: Form
    names: tuple[str, ...]
    sides: npt.NDArray[np.int32]
    equal: npt.NDArray[np.int64]
    near: npt.NDArray[np.int64]
    rejected: tuple[Rejected, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_offered(self) -> int:
        return len(self.names) + len(self.rejected)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(n, C, H, W), read from the disk as it is used."""
        shape = (len(self), *self.form.shape)
        return np.memmap(self.folder / "pixels", np.uint8, "r", shape=shape)

    def repeats(self) -> npt.NDArray[np.bool_]:
        """(n,): equal to an image before it."""
        return np.asarray(self.equal != np.arange(len(self)))

    def near_repeats(self) -> npt.NDArray[np.bool_]:
        """(n,): almost equal to an image before it, but not equal to any."""
        return np.asarray((self.near != np.arange(len(self))) & ~self.repeats())

    def small(self) -> npt.NDArray[np.bool_]:
        """(n,): less than half as high or wide as it has been made."""
        return np.asarray((2 * self.sides < np.array(self.form.size)).any(axis=1))

    def discard(self) -> None:
        """Throw the pixels away."""
        shutil.rmtree(self.folder, ignore_errors=True)


def gather(
    offers: Sequence[Offer], form: Form, source: str, progress: Progress | None = None
) -> Draft:
    """Read every image among `offers` once, bring it to `form`, and compare them all.

    The memory used does not depend on how large the pictures are together.  progress: told after
    every file.
    Raises DataError if none can be read, or the disk is full; nothing is then left on it.
    """
    _forget_old_drafts()
    with _draft_folder() as folder:
        ordered = sorted(offers, key=lambda offer: offer.name)
        _check_disk(folder, len(ordered), form)
        with open(folder / "pixels", "wb") as file:
            found = _Gathering(form, file)
            for done, offer in enumerate(ordered, start=1):
                found.add(offer)
                if progress is not None:
                    progress(done, len(ordered))
        if not found.names:
            why = f" The first of them: {found.rejected[0].reason}" if found.rejected else ""
            raise DataError(
                f"None of the {len(ordered):,} files is an image that can be read.{why}"
            )
        return found.draft(folder, source)


@dataclass
class _Gathering:
    """What is known of the images so far; their pixels are in the file."""

    form: Form
    file: BinaryIO
    names: list[str] = field(default_factory=list)
    sides: list[tuple[int, int]] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    thumbnails: bytearray = field(default_factory=bytearray)
    rejected: list[Rejected] = field(default_factory=list)

    def add(self, offer: Offer) -> None:
        """Take the image in, or note why not."""
        try:
            self._check_name(offer.name)
            picture = read_image(offer.read(), "It")
        except ImageRejected as refusal:
            self.rejected.append(Rejected(offer.name[: folders.MAX_NAME], str(refusal)))
            return
        x = formed(picture, self.form)
        self.file.write(x.tobytes())
        self.names.append(offer.name)
        self.sides.append(picture.size)
        self.digests.append(alike.digest(x))
        self.thumbnails += alike.thumbnail(x).tobytes()

    def draft(self, folder: Path, source: str) -> Draft:
        """Compare the images with each other."""
        thumbnails = np.frombuffer(self.thumbnails, np.uint8).reshape(len(self.names), -1)
        return Draft(
            folder,
            source,
            self.form,
            tuple(self.names),
            np.array(self.sides, np.int32),
            alike.equal(self.digests),
            alike.near(thumbnails),
            tuple(self.rejected),
        )

    def _check_name(self, name: str) -> None:
        if self.names and self.names[-1] == name:  # they come in order
            raise ImageRejected("Its name comes twice.")
        if len(name) > folders.MAX_NAME or "\0" in name:
            raise ImageRejected(f"Its name has more than {folders.MAX_NAME} characters, or a NUL.")


def suggest_form(offers: Sequence[Offer]) -> Form:
    """A form that suits the first images that can be read: their size or a common one below it,
    grey if all are.
    """
    every = max(1, len(offers) // SAMPLED)
    pictures = []
    for offer in offers[::every][:SAMPLED]:
        with contextlib.suppress(ImageRejected):
            pictures.append(read_image(offer.read()))
    if not pictures:
        return Form((64, 64))
    side = float(np.median([min(picture.size) for picture in pictures]))
    fitting = max(size for size in COMMON if size <= max(side, COMMON[0]))
    colour = any(picture.image.mode != "L" for picture in pictures)
    return Form((fitting, fitting), 3 if colour else 1)


def formed(picture: Picture, form: Form) -> npt.NDArray[np.uint8]:
    """The picture as an image of the set: (C, H, W)."""
    if form.manner == "crop":
        return to_array(picture, form.channels, form.size)
    if form.manner == "pad":
        return prepare(picture, form.shape, Steps(frame="pad")).x
    picture = working_copy(picture)
    return prepare(picture, form.shape, suggest(picture, form.shape, "digit")).x


@contextmanager
def _draft_folder() -> Iterator[Path]:
    """A new folder, gone again if the block fails; a disk that refuses is a DataError."""
    try:
        own_dir().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=own_dir(), prefix=DRAFT))
    except OSError as error:
        raise _no_room(error) from error
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _no_room(error) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _no_room(error: OSError) -> DataError:
    return DataError(
        f"The images cannot be kept in {own_dir()} ({error.strerror}): free some space, or set "
        "HOURGLASS_HOME to a folder that can be written."
    )


def _check_disk(folder: Path, n_files: int, form: Form) -> None:
    channels, height, width = form.shape
    needed = 2 * n_files * channels * height * width  # the draft and the set made of it
    if shutil.disk_usage(folder).free < needed + SPARE_BYTES:
        raise DataError(
            f"{n_files:,} images of this size may need {needed / 1e9:.1f} GB and the disk has not "
            "as much: choose a smaller size or free some space."
        )


def _forget_old_drafts() -> None:
    for folder in own_dir().glob(f"{DRAFT}*"):
        try:
            age = time.time() - folder.stat().st_mtime
        except OSError:
            continue
        if age > DRAFT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
