"""A person's images read once into a file of pixels, with a report on what is odd among them.

What is read is a draft: core.data.own.store makes a data set of it once the report has been seen.
"""

import contextlib
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from core.background import Progress
from core.config import DataError, ImageRejected
from core.data.offered.files import Offer, Offers
from core.data.offered.gate import Offered
from core.data.own import draft as drafts
from core.data.own import layouts
from core.data.own.draft import Draft, Form
from core.data.own.originals import Keeper
from core.data.own.prepared import Watch
from core.data.own.upload import WithoutTables, read_again, readable
from core.images import duplicates
from core.images.imagesets import Rejected
from core.images.parts import done
from core.images.preparation import Survey, changes, prepare
from core.images.reading import Facts, Raw, content_of, picture_of, read_raw

Index = npt.NDArray[np.int64]
COMMON = (28, 32, 48, 64, 96, 128)  # sizes that networks are often given
PIXELS, SMALL = "pixels", "thumbnails"  # files of a draft
PREPARING, COMPARING = "preparing the images in one range of values", "comparing the images"
SAMPLE_SIDE = 384  # pixels of the longer side of images that a preview is made of
SAMPLED = 12  # images that are looked at to suggest a form


def gather(
    offers: Offers,
    form: Form,
    source: str,
    progress: Progress | None = None,
    at: Path | None = None,
) -> Draft:
    """Read every image among `offers` once, bring it to `form`, and compare them all.

    The memory used does not depend on how large the pictures are together, nor what is made on
    their order.  progress: told after every file; later stages report to core.images.parts.
    at: the folder of the draft; None for one that goes with this process.
    Raises DataError if none can be read, or the disk is full; nothing is then left on it.
    """
    drafts.forget_abandoned_drafts()
    with drafts.draft_folder(at) as (folder, lock):
        drafts.check_disk(folder, len(offers), form)
        rejected: list[Rejected] = []
        kept = Keeper(folder, offers.root if isinstance(offers, Offered) else None)
        with (
            open(folder / PIXELS, "w+b") as file,
            open(folder / SMALL, "w+b") as small,
            contextlib.closing(kept),
        ):
            found, pictures = _Gathering(form, file, small), WithoutTables(offers, kept.watched)
            for offer, raw in readable(pictures, rejected, progress):
                found.add(offer, raw)
                kept.add(offer.name, raw, found.how)
            found.settle(pictures)
        if not found.names:
            first = "" if len(rejected) == 1 else "The first of them: "
            why = f" {first}{min(rejected).reason}" if rejected else ""
            files = "The file" if len(rejected) == 1 else f"None of the {len(rejected):,} files"
            isnt = "is no image" if len(rejected) == 1 else "is an image"
            raise DataError(f"{files} {isnt} that can be read.{why}")
        kept.write(found.sort(folder))
        notes = (*(offers.notes if isinstance(offers, Offered) else ()), *kept.notes)
        draft = found.draft(folder, source)
        (folder / SMALL).unlink()
        refused, sheets = tuple(sorted(rejected)), tuple(pictures.sheets)
        return replace(draft, rejected=refused, notes=notes, sheets=sheets, lock=lock)


@dataclass
class _Gathering:
    """What is known of the images so far; their pixels and thumbnails are in the files.

    sides: two numbers for each image.  digests: duplicates.DIGEST bytes for each.
    """

    form: Form
    file: BinaryIO
    thumbnails: BinaryIO
    names: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    sides: "array[int]" = field(default_factory=lambda: array("i"))
    digests: bytearray = field(default_factory=bytearray)
    facts: list[Facts] = field(default_factory=list)
    survey: Survey = field(default_factory=Survey)
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.how = self.form.provisional()

    def add(self, offer: Offer, raw: Raw) -> None:
        """Take an image in; OSError if the disk takes no more."""
        x = prepare(raw, self.how)
        self.file.write(x.tobytes())
        is_image = not layouts.may_be_mask(offer.name)
        self.watch.add(offer.name, raw, x, self.how, is_image)
        if is_image:
            self.survey.add(raw)
        self.names.append(offer.name)
        self.labels.append(offer.label)
        self.sides.extend(raw.size)
        self.facts.append(raw.facts)
        self.digests += duplicates.digest(x)
        self.thumbnails.write(duplicates.thumbnail(x).tobytes())

    def settle(self, offers: Offers) -> None:
        """Prepare anew what another range or ground suits, now that all files have been seen."""
        before, self.how = self.how, self.form.settled(self.survey)
        positions = {
            name: i
            for i, (name, file) in enumerate(zip(self.names, self.facts, strict=True))
            if changes(file, before, self.how)
        }
        for n_done, (name, raw) in enumerate(read_again(offers, positions)):
            done(PREPARING, n_done, len(positions))
            i, x = positions[name], prepare(raw, self.how)
            self.file.seek(i * x.size)
            self.file.write(x.tobytes())
            self.watch.again(i, x)
            size, small = duplicates.DIGEST, duplicates.thumbnail(x)
            self.digests[i * size : (i + 1) * size] = duplicates.digest(x)
            self.thumbnails.seek(i * small.size)
            self.thumbnails.write(small.tobytes())

    def sort(self, folder: Path) -> list[int]:
        """Put the images, and what the files in the draft's folder hold, in the order of their
        names.

        Returns that order, as positions among those read.
        """
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        if order == list(range(len(order))):
            return order
        columns: tuple[list[Any], ...] = (
            self.names, self.labels, self.facts, self.watch.further,
        )  # fmt: skip
        for column in columns:
            column[:] = [column[i] for i in order]
        at = np.array(order)
        self.sides = array("i", _rows(self.sides, np.int32)[at].ravel().tolist())
        self.digests = bytearray(_rows(self.digests, np.uint8, duplicates.DIGEST)[at].tobytes())
        self.watch.tones = bytearray(_rows(self.watch.tones, np.uint8)[at].tobytes())
        _sort_file(folder / PIXELS, at, math.prod(self.form.shape))
        _sort_file(folder / SMALL, at, self._small)
        return order

    @property
    def _small(self) -> int:
        """Bytes of a thumbnail."""
        return self.form.channels * duplicates.SIDE**2

    def draft(self, folder: Path, source: str) -> Draft:
        """Compare the images with each other, but not with masks of defects among them."""
        done(COMPARING, 0, 0)
        is_image = ~layouts.arranged(self.names, self.labels).is_mask
        return Draft(
            folder=folder,
            source=source,
            form=self.form,
            preparation=self.how,
            names=tuple(self.names),
            sides=_rows(self.sides, np.int32).copy(),
            equal=_among(is_image, self._equal),
            near=_among(is_image, lambda chosen: self._near(folder, chosen)),
            rejected=(),
            labels=tuple(self.labels),
            looks=self.watch.looks(self.names, self.facts, self.survey),
        )

    def _equal(self, chosen: Index) -> Index:
        return duplicates.equal(_rows(self.digests, np.uint8, duplicates.DIGEST)[chosen])

    def _near(self, folder: Path, chosen: Index) -> Index:
        shape = (len(self.names), self._small)
        mapped = np.memmap(folder / SMALL, np.uint8, "r", shape=shape)
        thumbnails = mapped if len(chosen) == len(mapped) else np.asarray(mapped[chosen])
        limit = duplicates.limit_for(thumbnails)
        return duplicates.near(thumbnails, limit, partial(done, COMPARING))


def _rows(values: "array[int] | bytearray", kind: type[np.generic], size: int = 2) -> Any:
    """Numbers that follow each other as rows of so many: (n, size)."""
    return np.frombuffer(values, kind).reshape(-1, size)


def _sort_file(path: Path, order: Index, size: int) -> None:
    """Put the rows of a file, of `size` bytes each, in this order."""
    sorted_path = path.with_name("sorted")
    with open(sorted_path, "wb") as file:
        file.writelines(
            drafts.rows_of(path, part, size).data for part in drafts.blocks(order, size)
        )
    sorted_path.replace(path)


def _among(chosen: npt.NDArray[np.bool_], leaders: Callable[[Index], Index]) -> Index:
    """The leader of each image; each of the others is its own."""
    at, found = np.flatnonzero(chosen), np.arange(len(chosen), dtype=np.int64)
    if len(at):
        found[at] = at[leaders(at)]
    return found


def suggest_form(offers: Offers) -> Form:
    """A form that suits a sample of the images: their size or a common one below it, grey if all
    are.  64 x 64 in colour if none of the sample can be read.
    """
    return form_for([(raw.size, raw) for _, raw in _sample(offers)])


def form_for(sample: Sequence[tuple[tuple[int, int], Raw]]) -> Form:
    """suggest_form() of some images.  sample: each with its size (H, W) in the file."""
    if not sample:
        return Form((64, 64))
    side = float(np.median([min(size) for size, _ in sample]))
    fitting = max(size for size in COMMON if size <= max(side, COMMON[0]))
    colour = any(picture_of(raw).image.mode != "L" for _, raw in sample)
    return Form((fitting, fitting), 3 if colour else 1)


def _sample(offers: Offers) -> Iterator[tuple[str, Raw]]:
    """Some of the images, evenly spread."""
    every = max(1, len(offers) // SAMPLED)
    for offer in islice(offers, 0, every * SAMPLED, every):
        with contextlib.suppress(ImageRejected):
            yield offer.name, read_raw(content_of(offer.read()))


def first_look(offers: Offers) -> tuple[Form, tuple[tuple[str, Raw], ...]]:
    """A form that suits a sample of the images, and the sample: names and small copies."""
    found, sizes = [], []
    for name, raw in _sample(offers):
        found.append((name, raw.reduced(SAMPLE_SIDE)))
        sizes.append(raw.size)
    return form_for([(size, raw) for size, (_, raw) in zip(sizes, found, strict=True)]), tuple(
        found
    )
