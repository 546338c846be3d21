"""A person's own images as a data set: a folder, archive or file, flat or a folder a class.

Every file offered is either an image of the set or on its list of rejected files, with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace
from PIL import Image

from core.background import Progress
from core.config import DataError
from core.data.offered.files import Offer, Offers
from core.data.offered.gate import Offered, Terms, in_file, in_folder
from core.data.offered.names import printable
from core.data.own import layouts
from core.data.own.layouts import Arrangement
from core.data.own.upload import WithoutTables, read_again, readable
from core.images.imagesets import TEST_SHARE, ImageSet, Rejected, hash_fraction
from core.images.modes import grey_if_equal
from core.images.preparation import Preparation, Survey, changes, developed, placed, prepare
from core.images.reading import Facts, Raw, from_array
from core.text import counted

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
    128 a side, else 64 x 64.  seed: of the split.  preparation: how all are prepared, whatever
    their size; None for grey if all are, one range of values, and the ground that suits them.
    Raises DataError outside these bounds.
    """

    split: str = "all"
    size: Size | None = None
    seed: int = 0
    encoding: str = ""
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        if self.split not in ("train", "test", "all"):
            raise DataError(f"There is no split {self.split!r}: choose train, test or all.")
        if self.size is not None and not all(side in SIDES for side in self.size):
            raise DataError("Images can be brought to 8 to 512 pixels a side: choose such a size.")


def load_path(
    id: str,  # noqa: A002  # as in core.data.catalogue
    choice: Choice,
    progress: Progress | None = None,
) -> ImageSet:
    """The images of folder:PATH, of zip:PATH or of file:PATH, which is an archive or an image.

    Raises DataError if there are none, or no such folder or file.
    """
    kind, _, path = id.partition(":")
    terms = Terms(encoding=choice.encoding)
    if kind == "folder":
        return from_offers(id, in_folder(Path(path), terms), choice, progress)
    return from_offers(id, in_file(Path(path), terms), choice, progress)


def from_offers(
    id: str,  # noqa: A002  # as in core.data.catalogue
    offers: Offers,
    choice: Choice,
    progress: Progress | None = None,
) -> ImageSet:
    """The images among `offers`, in an order that depends on their names and the seed alone.

    Ids are names.  Each name falls into the test split with probability TEST_SHARE, by its hash,
    whatever other files there are.  progress: told after every file how many are done, of how many.
    Raises DataError if none can be read or if they are too many for the memory.
    """
    gathered, rejected = _Gathered(choice.size, choice.preparation), list[Rejected]()
    pictures = WithoutTables(offers)
    for offer, raw in readable(pictures, rejected, progress):
        gathered.add(offer, raw)
    if not gathered.names:
        why = f", the first because: {min(rejected).reason}" if rejected else "."
        raise DataError(
            f"{printable(id)} has no image that can be read of "
            f"{counted(len(rejected), 'file')}{why}"
        )
    how = gathered.settle(pictures)
    fractions = [(hash_fraction(name, choice.seed), name) for name in gathered.names]
    order = sorted(range(len(fractions)), key=fractions.__getitem__)
    names = [gathered.names[i] for i in order]
    stated = [gathered.labels[i] for i in order]
    laid = layouts.arranged(names, stated, sheets=pictures.sheets)
    labels, class_names = layouts.labels_of(laid, names, stated)
    whole = ImageSet(
        id=id,
        split=choice.split,
        images=gathered.images(order, how.channels),
        labels=labels,
        class_names=class_names,
        ids=np.array(names, dtype=np.str_),
        rejected=tuple(sorted(rejected)),
        notes=(
            *(offers.notes if isinstance(offers, Offered) else ()),
            *laid.notes,
            *_what_a_set_would_give(laid),
        ),
        preparation=how,
    )
    return whole.take(_chosen(names, choice, laid.parts) & ~laid.is_mask)


def _what_a_set_would_give(laid: Arrangement) -> tuple[str, ...]:
    """A sentence where there is more to know than images at a path are asked for."""
    n = int(laid.is_mask.sum())
    if not n:
        return ()
    said = (
        f"{counted(n, 'mask')} of defects {'is' if n == 1 else 'are'} left out. A data set made of "
        "these files (`import`, or the page Your images) keeps masks, and calibrates."
    )
    return (said,)


@dataclass
class _Gathered:
    """Images as they come in, kept at their own size for as long as they are all alike.

    given: how they are prepared, if that is known before they are seen.
    """

    size: Size | None
    given: Preparation | None
    names: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    pixels: list[Pixels] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    survey: Survey = field(default_factory=Survey)

    def __post_init__(self) -> None:
        self.may_differ = self.size is not None

    def add(self, offer: Offer, raw: Raw) -> None:
        """Take an image in; DataError if there is no room for it."""
        self.pixels.append(prepare(raw, self.given) if self.given else self._fitted(raw))
        self.names.append(offer.name)
        self.labels.append(offer.label)
        if self.given is None:
            self.facts.append(raw.facts)
            self.survey.add(raw)
        _, height, width = self.pixels[-1].shape
        if len(self.pixels) * 3 * height * width > MAX_BYTES:
            raise DataError("The images need more than 2 GB: choose fewer, or a smaller size.")

    def settle(self, offers: Offers) -> Preparation:
        """How all are prepared. What another range or ground suits is read and prepared anew."""
        if self.given is not None:
            return self.given
        assert self.size is not None
        before = Preparation(size=self.size)
        how = replace(self.survey.settled(before), ground=self.survey.ground())
        positions = {
            name: i
            for i, (name, file) in enumerate(zip(self.names, self.facts, strict=True))
            if changes(file, before, how)
        }
        for name, raw in read_again(offers, positions):
            self.pixels[positions[name]] = _prepared(raw, how)
        return replace(how, channels=max(len(x) for x in self.pixels))

    def images(self, order: Sequence[int], channels: int) -> Pixels:
        """All of them: (N, C, H, W).  order: their positions."""
        ordered = (self.pixels[i] for i in order)
        return np.stack([np.broadcast_to(x, (channels, *x.shape[1:])) for x in ordered])

    def _fitted(self, raw: Raw) -> Pixels:
        if self.size is None:
            small = all(side in ALIKE for side in raw.size)
            self.size = raw.size if small else DEFAULT_SIZE
            self.may_differ = self.size != raw.size
        elif not self.may_differ and raw.size != self.size:
            self.size, self.may_differ = DEFAULT_SIZE, True
            how = Preparation(size=DEFAULT_SIZE)
            self.pixels[:] = [_placed(from_array(x).image, how) for x in self.pixels]
        return _prepared(raw, Preparation(size=self.size))


def _prepared(raw: Raw, how: Preparation) -> Pixels:
    return _placed(grey_if_equal(developed(raw, how)), how)


def _placed(image: Image.Image, how: Preparation) -> Pixels:
    """(1, H, W) of a grey image, (3, H, W) of one in colour."""
    return placed(image, replace(how, channels=1 if image.mode == "L" else 3))


def _chosen(names: Sequence[str], choice: Choice, parts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which images belong to the split; of two or more, neither split is left without any.

    names: in the order of their fractions.  parts: what folders or a table say of each; where they
    name images to train and others, these decide, and where none is to test on, those to calibrate.
    """
    if choice.split == "all":
        return np.ones(len(names), bool)
    said = np.array(parts, np.str_)
    for_test = np.array([hash_fraction(name, choice.seed) < TEST_SHARE for name in names])
    if tested := next((one for one in ("test", "calibration") if (said == one).any()), ""):
        if (said == "train").any():
            is_free = said == ""
            wanted = tested if choice.split == "test" else "train"
            return np.asarray((said == wanted) | is_free & (for_test == (choice.split == "test")))
    if len(names) > 1:
        for_test[0], for_test[-1] = True, False
    return np.asarray(for_test == (choice.split == "test"))
