"""A person's images read once into a file of pixels, with a report on what is odd among them.

What is read is a draft: core.data.ownsets makes a data set of it once the report has been seen.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError, ImageRejected
from core.data import alike, drafts
from core.data.drafts import Draft, Form
from core.data.imagesets import Rejected
from core.data.offers import Offer
from core.data.preparation import Steps, prepare, suggest, working_copy
from core.data.reading import pictures
from core.images import Picture, read_image, to_array

COMMON = (28, 32, 48, 64, 96, 128)  # sizes that networks are often given
SAMPLED = 12  # images that are looked at to suggest a form


def gather(
    offers: Sequence[Offer], form: Form, source: str, progress: Progress | None = None
) -> Draft:
    """Read every image among `offers` once, bring it to `form`, and compare them all.

    The memory used does not depend on how large the pictures are together.  progress: told after
    every file.
    Raises DataError if none can be read, or the disk is full; nothing is then left on it.
    """
    drafts.forget_old_drafts()
    with drafts.draft_folder() as folder:
        ordered = sorted(offers, key=lambda offer: offer.name)
        drafts.check_disk(folder, len(ordered), form)
        rejected: list[Rejected] = []
        with open(folder / "pixels", "wb") as file:
            found = _Gathering(form, file)
            for name, picture in pictures(ordered, rejected, progress):
                found.add(name, picture)
        if not found.names:
            why = f" The first of them: {rejected[0].reason}" if rejected else ""
            raise DataError(
                f"None of the {len(ordered):,} files is an image that can be read.{why}"
            )
        return found.draft(folder, source, rejected)


@dataclass
class _Gathering:
    """What is known of the images so far; their pixels are in the file."""

    form: Form
    file: BinaryIO
    names: list[str] = field(default_factory=list)
    sides: list[tuple[int, int]] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    thumbnails: bytearray = field(default_factory=bytearray)

    def add(self, name: str, picture: Picture) -> None:
        """Take an image in; OSError if the disk takes no more."""
        x = formed(picture, self.form)
        self.file.write(x.tobytes())
        self.names.append(name)
        self.sides.append(picture.size)
        self.digests.append(alike.digest(x))
        self.thumbnails += alike.thumbnail(x).tobytes()

    def draft(self, folder: Path, source: str, rejected: Sequence[Rejected]) -> Draft:
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
            tuple(rejected),
        )


def suggest_form(offers: Sequence[Offer]) -> Form:
    """A form that suits a sample of the images: their size or a common one below it, grey if all
    are.  64 x 64 in colour if none of the sample can be read.
    """
    every = max(1, len(offers) // SAMPLED)
    sample = []
    for offer in offers[::every][:SAMPLED]:
        with contextlib.suppress(ImageRejected):
            sample.append(read_image(offer.read()))
    if not sample:
        return Form((64, 64))
    side = float(np.median([min(picture.size) for picture in sample]))
    fitting = max(size for size in COMMON if size <= max(side, COMMON[0]))
    colour = any(picture.image.mode != "L" for picture in sample)
    return Form((fitting, fitting), 3 if colour else 1)


def formed(picture: Picture, form: Form) -> npt.NDArray[np.uint8]:
    """The picture as an image of the set: (C, H, W)."""
    if form.manner == "crop":
        return to_array(picture, form.channels, form.size)
    picture = working_copy(picture)  # a line of 20,000 pixels would be padded to a square of them
    if form.manner == "pad":
        return prepare(picture, form.shape, Steps(frame="pad")).x
    return prepare(picture, form.shape, suggest(picture, form.shape, "digit")).x
