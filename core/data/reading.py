"""The pictures among files that a person offers, and why the other files are none."""

from collections.abc import Iterator

from core.background import Progress
from core.config import ImageRejected
from core.data.imagesets import Rejected
from core.data.names import MAX_NAME
from core.data.offers import TWICE, Offer, Offers
from core.images import Picture, read_image


def pictures(
    offers: Offers, rejected: list[Rejected], progress: Progress | None = None
) -> Iterator[tuple[Offer, Picture]]:
    """The offer and the picture of each file that is an image, in the order offered.

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
            yield offer, picture
        if progress is not None:
            progress(done, max(done, len(offers)))


def _check_name(name: str, taken: set[str]) -> None:
    """ImageRejected for a name that cannot be an id."""
    if name in taken:
        raise ImageRejected(TWICE)
    if len(name) > MAX_NAME or "\0" in name:
        raise ImageRejected(f"Its name has more than {MAX_NAME} characters, or a NUL.")
