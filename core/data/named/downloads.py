"""Downloads files over HTTP, verified by checksum and stored atomically.

Imports only core.background and core.config.
"""

import contextlib
import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.background import Progress
from core.config import DataError

TIMEOUT = 20.0  # seconds without a byte
MAX_BYTES = 1 << 30
BLOCK = 1 << 16


@dataclass(frozen=True)
class Resource:
    """One file, equal at each of `urls`.  size: in bytes, only for the progress bar."""

    filename: str
    md5: str
    urls: tuple[str, ...]
    size: int | None = None


def fetch_all(
    title: str, resources: Sequence[Resource], folder: Path, progress: Progress | None = None
) -> None:
    """Download every resource missing in `folder`, each stored atomically after verification.

    title: of the download, for messages.  progress: called after every block with bytes done and
    bytes in all.
    Raises DataError if one cannot be downloaded from any of its urls, or cannot be stored.
    """
    missing = [resource for resource in resources if not (folder / resource.filename).exists()]
    bar = _Bar(progress, [resource.size for resource in missing])
    with _temporary_in(title, folder) as temporary:
        for resource in missing:
            path = temporary / resource.filename
            if reason := _fetch(resource, path, bar):
                raise DataError(
                    f"{title} could not be downloaded, because {reason}: try again later, or put "
                    f"{_listed([one.filename for one in resources])} into {folder} yourself."
                )
            os.replace(path, folder / resource.filename)


class _Failed(Exception):
    """A failed download; str() is the reason."""


class _Bar:
    """The progress of several files as one."""

    def __init__(self, progress: Progress | None, sizes: Sequence[int | None]) -> None:
        self.progress, self.done = progress, 0
        self.total = None if None in sizes else sum(size or 0 for size in sizes)

    def advance(self, n_bytes: int) -> None:
        self.done += n_bytes
        if self.progress is not None:
            self.progress(self.done, self.total and max(self.total, self.done))


@contextlib.contextmanager
def _temporary_in(title: str, folder: Path) -> Iterator[Path]:
    """A temporary folder inside `folder`.  Raises DataError if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
            yield Path(temporary)
    except OSError as error:
        raise DataError(
            f"{title} cannot be kept in {folder} ({error.strerror}): free some space, or set "
            "HOURGLASS_HOME to a folder that can be written."
        ) from error


def _fetch(resource: Resource, path: Path, bar: _Bar) -> str:
    """Try each url until `path` holds the verified resource: "", or why the last one failed."""
    reason = "there is no address to fetch it from"
    for url in resource.urls:
        before = bar.done
        bar.advance(0)  # so that a cancelled download tries no other address
        try:
            _download(url, resource.md5, path, bar)
        except _Failed as failure:
            reason, bar.done = str(failure), before
        else:
            return ""
    return reason


def _download(url: str, md5: str, path: Path, bar: _Bar) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "wb") as file:
        for block in _blocks(url):
            file.write(block)
            digest.update(block)
            bar.advance(len(block))
    if digest.hexdigest() != md5:
        raise _Failed(f"the data from {url} are damaged")


def _blocks(url: str) -> Iterator[bytes]:
    """Blocks of the data at `url`.  Raises _Failed if it fails, ends early or is endless."""
    if not url.startswith(("http://", "https://")):
        raise _Failed(f"{url} is no web address")
    with _network(url):
        response = urllib.request.urlopen(url, timeout=TIMEOUT)  # noqa: S310  # checked above
    with response:
        expected, done, block = response.length, 0, b"more"
        while block:
            with _network(url):
                block = response.read(BLOCK)
            done += len(block)
            if done > MAX_BYTES:
                raise _Failed(f"the data from {url} do not end")
            yield block
    if expected is not None and done < expected:
        raise _Failed(f"{url} broke off after {done:,} of {expected:,} bytes")


@contextlib.contextmanager
def _network(url: str) -> Iterator[None]:
    """Context that turns network errors into _Failed; it contains no access to the disk."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise _Failed(f"{url} answered {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise _Failed(f"{url} sent nothing for {TIMEOUT:g} seconds") from error
        raise _Failed(f"{url} cannot be reached") from error


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


# Addresses and checksums of the public sets, from torchvision's lists.

CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"  # torchvision's own is pickled, so this one instead
CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
SIZES = {
    "mnist": (9_912_422, 28_881, 1_648_877, 4_542),
    "fashion-mnist": (26_421_880, 29_515, 4_422_102, 5_148),
    "kmnist": (18_165_135, 29_497, 3_041_136, 5_120),
    "cifar10": (170_052_171,),
    "svhn": (182_040_794, 64_275_384),
}


def megabytes(dataset_id: str) -> float:
    """Size of a public set's download in megabytes."""
    return sum(SIZES[dataset_id]) / 1e6


def resources(dataset_id: str) -> tuple[Resource, ...]:
    """The files of a public set.

    HOURGLASS_MIRROR, if set, replaces the original addresses: MIRROR/fashion-mnist/FILE.
    """
    return tuple(
        Resource(filename, md5, _addresses(dataset_id, filename, bases), size)
        for (filename, md5, bases), size in zip(
            _published(dataset_id), SIZES[dataset_id], strict=True
        )
    )


def _addresses(dataset_id: str, filename: str, bases: list[str]) -> tuple[str, ...]:
    mirror = os.environ.get("HOURGLASS_MIRROR")
    homes = [f"{mirror.rstrip('/')}/{dataset_id}/"] if mirror else bases
    return tuple(home + filename for home in homes)


def _published(dataset_id: str) -> list[tuple[str, str, list[str]]]:
    """(file name, md5, addresses of its folder) of each file."""
    from torchvision import datasets  # seconds, and only a download needs it

    if dataset_id == "cifar10":
        return [(CIFAR_ARCHIVE, CIFAR_MD5, [_folder(datasets.CIFAR10.url)])]
    if dataset_id == "svhn":
        files = [datasets.SVHN.split_list[split] for split in ("train", "test")]
        return [(filename, md5, [_folder(url)]) for url, filename, md5 in files]
    family = {
        "mnist": datasets.MNIST,
        "fashion-mnist": datasets.FashionMNIST,
        "kmnist": datasets.KMNIST,
    }[dataset_id]
    return [(filename, md5, list(family.mirrors)) for filename, md5 in family.resources]


def _folder(url: str) -> str:
    return url.rpartition("/")[0] + "/"
