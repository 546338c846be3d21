"""The button that downloads a public data set: nothing is downloaded before it is pressed."""

from core.background import Job
from core.data.named import downloads as public_downloads
from core.data.named.publicsets import BY_ID, PublicSet
from pages.ui import progress


def missing(name: str) -> PublicSet | None:
    """The public data set of this name if it is not downloaded yet, else None."""
    known = BY_ID.get(name)
    return None if known is None or known.is_here() else known


def offer(known: PublicSet) -> None:
    """Draw a button that downloads the set, or the progress of the download, for all visitors."""
    job = progress.jobs().get(key(known))
    again = job is not None and job.state == "failed"
    progress.offer_job(
        key(known),
        f"{'Try again' if again else 'Download'} ({public_downloads.megabytes(known.id):.0f} MB)",
        "Downloaded once and stored; you can use other pages meanwhile",
        lambda: start(known),
    )


def start(known: PublicSet) -> Job:
    """Start the download, or return the job that is under way."""
    return progress.jobs().start(
        key(known), f"Fetching {known.title}", lambda tell: known.fetch(progress=tell)
    )


def key(known: PublicSet) -> str:
    """The key of the download job of a set, the same for all visitors."""
    return f"download {known.id}"
