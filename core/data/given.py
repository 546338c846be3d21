"""What a person has just handed over, files and zip archives mixed: as offers, and as pictures."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.background import Progress
from core.config import DataError, ImageRejected
from core.data.imagesets import Rejected
from core.data.offers import Offer, in_folder
from core.data.preparation import WORKING_SIDE, working_copy
from core.data.zips import open_zip
from core.images import Picture, read_image

ZIP = b"PK\x03\x04", b"PK\x05\x06"  # the second begins an empty archive
WORKING_BYTES = 192 << 20  # what the working copies of all pictures may take together
MOST = 1_000


@dataclass(frozen=True)
class Given:
    """A picture that could be read.  name: unique among those given with it; an outsider's words.

    picture: a working copy.  size: (H, W) of the file's own picture.
    """

    name: str
    picture: Picture
    size: tuple[int, int]


@contextlib.contextmanager
def opened(files: Sequence[tuple[str, IO[bytes]]]) -> Iterator[tuple[Offer, ...]]:
    """Every file, and every file in the zip archives among them, to be read while this lasts.

    files: names and contents. An archive is known by its content; one that cannot be opened is an
    offer that is rejected when it is read. Files of an archive that comes with others have its name
    before theirs.
    """
    with contextlib.ExitStack() as stack:
        offers: list[Offer] = []
        for name, file in files:
            file.seek(0)
            if file.read(4) in ZIP:
                prefix = f"{name}/" if len(files) > 1 else ""
                offers += _in_archive(stack, name, file, prefix)
            else:
                offers.append(Offer(name, _reading(file)))
        yield tuple(offers)


@contextlib.contextmanager
def opened_path(path: Path) -> Iterator[tuple[Offer, ...]]:
    """Every file of a folder or of a zip archive on this machine, to be read while this lasts.

    Raises DataError if it is neither.
    """
    path = path.expanduser()
    if path.is_dir():
        yield in_folder(path)
    else:
        with open_zip(path, path.name) as offers:
            yield offers


def read_pictures(
    offers: Sequence[Offer], progress: Progress | None = None
) -> tuple[list[Given], list[Rejected]]:
    """The pictures among the offers and the files that are none, each once, in the given order.

    Pictures are kept smaller the more there are, so that together they take at most WORKING_BYTES;
    what comes after MOST pictures is rejected.  progress: told after every file.
    """
    side = min(WORKING_SIDE, int((WORKING_BYTES / 3 / max(1, min(MOST, len(offers)))) ** 0.5))
    given: list[Given] = []
    rejected: list[Rejected] = []
    names: set[str] = set()
    for done, offer in enumerate(offers, start=1):
        name = unique(offer.name, names)
        try:
            if len(given) >= MOST:
                raise ImageRejected(
                    f"Only {MOST:,} pictures are looked at one by one: make a data set of more."
                )
            picture = read_image(offer.read(), "It")
        except ImageRejected as refusal:
            rejected.append(Rejected(name, str(refusal)))
        else:
            names.add(name)
            given.append(Given(name, working_copy(picture, side), picture.size))
        if progress is not None:
            progress(done, len(offers))
    return given, rejected


def unique(name: str, taken: set[str]) -> str:
    """`name`, cut to 200 characters, with a number if it is taken."""
    name = name.encode("utf-8", "replace").decode("utf-8")[:200] or "without a name"
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


def _in_archive(
    stack: contextlib.ExitStack, name: str, file: IO[bytes], prefix: str
) -> list[Offer]:
    try:
        offers = stack.enter_context(open_zip(file, name))
    except DataError as error:
        return [Offer(name, _refusing(str(error)))]
    if not offers:
        return [Offer(name, _refusing("It is an archive without files."))]
    return [Offer(f"{prefix}{offer.name}", offer.read) for offer in offers]


def _reading(file: IO[bytes]) -> Callable[[], bytes]:
    def read() -> bytes:
        file.seek(0)
        return file.read()

    return read


def _refusing(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise ImageRejected(reason)

    return read
