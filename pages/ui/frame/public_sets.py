"""The button that downloads a public data set: nothing is downloaded before it is pressed."""

from core.background import Job
from core.data.named import downloads
from core.data.named.publicsets import BY_ID, PublicSet
from pages.ui import progress


def missing(name: str) -> PublicSet | None:
    """The public set of this name, if it has to be downloaded before it can be used."""
    known = BY_ID.get(name)
    return None if known is None or known.is_here() else known


def offer(known: PublicSet) -> None:
    """A button that downloads the set, or how far it is, for all visitors."""
    job = progress.jobs().get(key(known))
    again = job is not None and job.state == "failed"
    progress.offer_job(
        key(known),
        f"{'Try again' if again else 'Download'} ({downloads.megabytes(known.id):.0f} MB)",
        "It is fetched once and kept; other pages can be used meanwhile",
        lambda: start(known),
    )


def start(known: PublicSet) -> Job:
    """Begin the download, or join the one under way."""
    return progress.jobs().start(
        key(known), f"Fetching {known.title}", lambda tell: known.fetch(progress=tell)
    )


def key(known: PublicSet) -> str:
    """What the download of a set is known by, for all visitors."""
    return f"download {known.id}"
