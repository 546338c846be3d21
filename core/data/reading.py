"""The pictures among files that a person offers, and why the other files are none."""

from collections.abc import Iterator, Sequence

from core.background import Progress
from core.config import ImageRejected
from core.data.imagesets import Rejected
from core.data.offers import Offer
from core.images import Picture, read_image

MAX_NAME = 400  # characters


def pictures(
    offers: Sequence[Offer], rejected: list[Rejected], progress: Progress | None = None
) -> Iterator[tuple[str, Picture]]:
    """The name and the picture of each file that is an image, in the order offered.

    rejected: gets every other file, with its reason.  progress: told after every file how many are
    done, of how many.
    """
    taken: set[str] = set()
    for done, offer in enumerate(offers, start=1):
        try:
            _check_name(offer.name, taken)
            picture = read_image(offer.read(), "It")
        except ImageRejected as refusal:
            rejected.append(Rejected(offer.name[:MAX_NAME], str(refusal)))
        else:
            taken.add(offer.name)
            yield offer.name, picture
        if progress is not None:
            progress(done, len(offers))


def _check_name(name: str, taken: set[str]) -> None:
    """ImageRejected for a name that cannot be an id."""
    if name in taken:
        raise ImageRejected("Its name comes twice.")
    if len(name) > MAX_NAME or "\0" in name:
        raise ImageRejected(f"Its name has more than {MAX_NAME} characters, or a NUL.")
