"""What a person has just handed over, as pictures to be looked at one by one."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from core.background import Progress
from core.config import ImageRejected
from core.data.offered.files import TWICE, Offer, Offers
from core.data.offered.names import MAX_NAME, printable
from core.data.own.layouts import Sheet, is_table
from core.images.fast import read_file
from core.images.imagesets import Rejected
from core.images.reading import Picture, Raw, content_of, read_image
from core.images.steps import WORKING_SIDE, working_copy

WORKING_BYTES = 192 << 20  # what the working copies of all pictures may take, and their files
MOST = 1_000
MOST_TABLES = 8  # of labels, that are kept


@dataclass(frozen=True)
class Given:
    """A picture that could be read.  name: unique among those given with it; an outsider's words.

    picture: a working copy.  size: (H, W) of the file's own picture.  content: the file itself, as
    long as all together are not too large; b"" of others, and of drawings.
    """

    name: str
    picture: Picture
    size: tuple[int, int]
    content: bytes = field(default=b"", repr=False)

    def raw(self) -> Raw:
        """What is in the file; of one that is not kept, its working copy."""
        return read_file(self.content) if self.content else Raw(self.picture.image)


def read_pictures(
    offers: Offers, progress: Progress | None = None
) -> tuple[list[Given], list[Rejected]]:
    """The pictures among the offers and the files that are none, each once, in the given order.

    Pictures are kept smaller the more there are, so that together they take at most WORKING_BYTES;
    what comes after MOST pictures is rejected.  progress: told after every file.
    """
    side = min(WORKING_SIDE, int((WORKING_BYTES / 3 / max(1, min(MOST, len(offers)))) ** 0.5))
    given: list[Given] = []
    rejected: list[Rejected] = []
    names: set[str] = set()
    held = 0
    for done, offer in enumerate(offers, start=1):
        try:
            if len(given) >= MOST:
                raise ImageRejected(
                    f"Only {MOST:,} pictures are looked at one by one: make a data set of more."
                )
            content = content_of(offer.read())
            picture = read_image(content, "It")
        except ImageRejected as refusal:
            rejected.append(Rejected(unique(offer.name, set()), str(refusal)))
        else:
            name = unique(offer.name, names)
            names.add(name)
            held += len(content)
            kept = content if held <= WORKING_BYTES else b""
            given.append(Given(name, working_copy(picture, side), picture.size, kept))
        if progress is not None:
            progress(done, max(done, len(offers)))
    return given, rejected


def unique(name: str, taken: set[str]) -> str:
    """`name`, cut to 200 characters, with a number if it is taken."""
    name = printable(name)[:200] or "without a name"
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


# The images among files that a person offers, and why the other files are none.


def readable(
    offers: Offers, rejected: list[Rejected], progress: Progress | None = None
) -> Iterator[tuple[Offer, Raw]]:
    """The offer and the content of each file that is an image, in the order offered.

    rejected: gets every other file, with its reason.  progress: told after every file how many are
    done, of how many.
    """
    taken: set[str] = set()
    for done, offer in enumerate(offers, start=1):
        try:
            _check_name(offer.name, taken)
            raw = read_file(offer.read())
        except ImageRejected as refusal:
            rejected.append(Rejected(offer.name[:MAX_NAME], str(refusal)))
        else:
            taken.add(offer.name)
            yield offer, raw
        if progress is not None:
            progress(done, max(done, len(offers)))


@dataclass
class WithoutTables:
    """The offers but for tables of labels, which are kept aside.

    watched: what iterates over the offers.  sheets: the tables met so far.
    """

    offers: Offers
    watched: Callable[[Offers], Iterator[Offer]] = iter
    sheets: list[Sheet] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.offers)

    def __iter__(self) -> Iterator[Offer]:
        self.sheets.clear()
        for offer in self.watched(self.offers):
            sheet = sheet_in(offer) if len(self.sheets) < MOST_TABLES else None
            if sheet is None:
                yield offer
            else:
                self.sheets.append(sheet)


def sheet_in(offer: Offer) -> Sheet | None:
    """The table that a file is, by its name; None if it is none, or cannot be read."""
    if not is_table(offer.name):
        return None
    try:
        return Sheet(name=offer.name, content=content_of(offer.read()))
    except (ImageRejected, OSError):
        return None


def read_again(offers: Offers, names: Iterable[str]) -> Iterator[tuple[str, Raw]]:
    """Those of the files that readable() has given before whose names are asked for."""
    missing = set(names)
    for offer in offers if missing else ():
        if offer.name in missing:
            with contextlib.suppress(ImageRejected):
                yield offer.name, read_file(offer.read())
                missing.remove(offer.name)
        if not missing:
            return


def _check_name(name: str, taken: set[str]) -> None:
    """ImageRejected for a name that cannot be an id."""
    if name in taken:
        raise ImageRejected(TWICE)
    if len(name) > MAX_NAME or "\0" in name:
        raise ImageRejected(f"Its name has more than {MAX_NAME} characters, or a NUL.")
