"""Sources of images too large for memory, divided into shards that are read one after the other.

All files pass the checks of core.data.offered.gate. Loose files and those of a zip are divided by
name. Each .tar (WebDataset), .parquet, .npy, .npz or IDX file is a shard. Nothing is extracted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from core.config import DataError
from core.data.offered import gate, zips
from core.data.offered.files import STREAMED, Offer, is_folder, opened, refused
from core.data.offered.gate import Archive, Terms
from core.data.offered.zips import Listed
from core.images.imagesets import classes_of


class Sample(NamedTuple):
    """One image that is offered.  read: gives its bytes or path, or raises ImageRejected."""

    id: str
    label: str
    read: Callable[[], bytes | str | Path]


@dataclass(frozen=True)
class Shard:
    """A part of a source.  samples: reads it from the start.  n: number of images, if known."""

    name: str
    samples: Callable[[], Iterator[Sample]]
    n: int | None = None


def streaming_terms(encoding: str = "") -> Terms:
    """The terms of reading a streamed source.  encoding: see gate.Terms."""
    return Terms(STREAMED, encoding)


def shards(path: Path, size: int, terms: Terms | None = None) -> tuple[Shard, ...]:
    """The source in shards, always the same: a folder, an archive or a single image.

    size: images in a shard of loose files or of a zip.  terms: see streaming_terms; its guesses are
    all there when the shards have been read.
    Raises DataError if it cannot be opened, is an archive that cannot be read or has no files.
    """
    path, terms = gate.expanded(path), terms or streaming_terms()
    found: list[Shard] = []
    if is_folder(path):
        loose, archives = gate.sources(path, terms)
        for archive in archives:
            found += _usable_shards(archive, size)
        found += _loose_shards(loose, size)
    elif kind := gate.kind_at(path):
        archive = gate.archive_at(path, kind, terms)
        if kind != "zip":
            with archive.opened():  # now rather than when all else is ready
                pass
        found += _archive_shards(archive, size)
    else:
        found += _loose_shards(tuple(gate.in_file(path, terms)), size)
    if not found:
        raise DataError("There are no files in it: give a folder or archive of images.")
    return tuple(found)


def _usable_shards(archive: Archive, size: int) -> list[Shard]:
    """The shards of one archive of several; a refusal, if it cannot be opened."""
    try:
        return _archive_shards(archive, size)
    except DataError as error:
        offers = (refused(archive.title, str(error)),)
        return [Shard(archive.title, partial(_samples, offers, ("",)), 1)]


def _archive_shards(archive: Archive, size: int) -> list[Shard]:
    if archive.kind != "zip":
        return [Shard(archive.title, partial(_streamed, archive))]
    limits, encoding = archive.terms.limits, archive.terms.encoding
    with opened(archive.source, archive.title) as file:
        found = zips.contents(file, archive.title, limits, encoding)
    archive.terms.note(found.reading)
    files = sorted(found.files, key=lambda one: (one.reason != "", one.name))
    parts = _cut([one.name for one in files if not one.reason], len(files), size)
    return [
        Shard(
            f"{archive.prefix}{files[part.start].name}",
            partial(_from_zip, archive, files[part], labels),
            len(labels),
        )
        for part, labels in parts
    ]


def _loose_shards(offers: Sequence[Offer], size: int) -> list[Shard]:
    parts = _cut([offer.name for offer in offers], len(offers), size)
    return [
        Shard(offers[part.start].name, partial(_samples, offers[part], labels), len(labels))
        for part, labels in parts
    ]


def _cut(names: Sequence[str], n: int, size: int) -> Iterator[tuple[slice, tuple[str, ...]]]:
    """N files in parts of so many, and the label of each.

    names: of those that are not refused, which come first; classes are told by the folders of all
    of them together.
    """
    indices, classes = classes_of(names) if names else (None, ())
    labels = [""] * n if indices is None else [classes[i] for i in indices.tolist()]
    labels += [""] * (n - len(labels))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        yield part, tuple(labels[part])


def _samples(offers: Sequence[Offer], labels: Sequence[str], prefix: str = "") -> Iterator[Sample]:
    for offer, label in zip(offers, labels, strict=True):
        yield Sample(f"{prefix}{offer.name}", label, offer.read)


def _from_zip(archive: Archive, files: Sequence[Listed], labels: Sequence[str]) -> Iterator[Sample]:
    with opened(archive.source, archive.title) as file:
        offers = zips.offers(file, files, archive.terms.limits)
        yield from _samples(offers, labels, archive.prefix)


def _streamed(archive: Archive) -> Iterator[Sample]:
    """In the order of the archive.  label: as it is stated, else the file's folder in it."""
    for offer in archive:
        label = offer.label
        if label is None:
            label = offer.name[len(archive.prefix) :].rpartition("/")[0]
        yield Sample(offer.name, label, offer.read)
