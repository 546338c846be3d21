"""Sources of images too large for memory, divided into shards that are read one after the other.

All files pass the checks of core.data.offered.gate. Loose files and those of a zip are divided by
name; how they are laid out says which class each has, and which are masks of defects and no images
(core.data.own.layouts). Each .tar (WebDataset), .parquet, .npy, .npz or IDX file is a shard.
Nothing is extracted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.config import DataError
from core.data.offered import gate, zips
from core.data.offered.files import MAX_FILES, STREAMED, Offer, is_folder, opened, refused
from core.data.offered.gate import Archive, Terms
from core.data.offered.tars import Tar
from core.data.offered.zips import Listed
from core.data.own import layouts
from core.data.own.layouts import Arrangement, Sheet, is_table
from core.data.own.upload import MOST_TABLES, WithoutTables, sheet_in
from core.text import counted


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
        found += _loose_shards(loose, size, terms)
    elif kind := gate.kind_at(path):
        archive = gate.archive_at(path, kind, terms)
        if kind != "zip":
            with archive.opened():  # now rather than when all else is ready
                pass
        found += _archive_shards(archive, size)
    else:
        found += _loose_shards(tuple(gate.in_file(path, terms)), size, terms)
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
        named = [one for one in found.files if not one.reason and is_table(one.name)][:MOST_TABLES]
        read = zip(named, map(sheet_in, zips.offers(file, named, limits)), strict=True)
        tables = {one.name: sheet for one, sheet in read if sheet is not None}
    archive.terms.note(found.reading)
    usable = [one for one in found.files if not one.reason and one.name not in tables]
    usable.sort(key=lambda one: one.name)
    refusals = [one for one in found.files if one.reason]
    laid = _laid([one.name for one in usable], tuple(tables.values()), archive.terms)
    files = [*(usable[i] for i in laid.kept), *refusals]
    return [
        Shard(
            f"{archive.prefix}{files[part.start].name}",
            partial(_from_zip, archive, files[part], labels),
            len(labels),
        )
        for part, labels in _cut(laid.labels, len(files), size)
    ]


def _loose_shards(offers: Sequence[Offer], size: int, terms: Terms) -> list[Shard]:
    pictures = WithoutTables(offers)
    images = tuple(pictures)
    laid = _laid([offer.name for offer in images], pictures.sheets, terms)
    kept = [images[i] for i in laid.kept]
    return [
        Shard(kept[part.start].name, partial(_samples, kept[part], labels), len(labels))
        for part, labels in _cut(laid.labels, len(kept), size)
    ]


class _Laid(NamedTuple):
    """The files that are images, by their positions, and the label of each; "" where none is."""

    kept: list[int]
    labels: list[str]


def _laid(names: Sequence[str], sheets: Sequence[Sheet], terms: Terms) -> _Laid:
    """What the layout of all files of a source says of them."""
    if not names:
        return _Laid([], [])
    found = layouts.arranged(names, sheets=sheets)
    indices, classes = layouts.labels_of(found, names)
    if n := int(found.is_mask.sum()):
        terms.told.append(f"{counted(n, 'mask')} of defects left out, as masks are no images.")
    terms.told.extend(found.notes)
    kept = np.flatnonzero(~found.is_mask).tolist()
    return _Laid(kept, [""] * len(kept) if indices is None else [classes[indices[i]] for i in kept])


def _cut(labels: list[str], n: int, size: int) -> Iterator[tuple[slice, tuple[str, ...]]]:
    """N files in parts of so many, and the label of each: those without one come last."""
    labels = labels + [""] * (n - len(labels))
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
    """In the order of the archive.  label: as it is stated, else the file's folder in it.

    The first file in a folder that may name a part, or hold masks, has all names looked through.
    """
    laid: Arrangement | None = None
    is_plain = archive.kind != "tar"
    for i, offer in enumerate(archive):
        name = offer.name[len(archive.prefix) :]
        if laid is None and not is_plain and layouts.may_name_part(name):
            laid = _looked_through(archive)
            is_plain = laid is None
        if laid is not None and laid.is_mask[i]:
            continue
        label = offer.label
        if label is None:
            label = laid.labels[i] if laid is not None else name.rpartition("/")[0]
        yield Sample(offer.name, label or "", offer.read)


def _looked_through(archive: Archive) -> Arrangement | None:
    """The layout of an archive whose folders name parts; None if they do not, or it is too long."""
    with archive.opened() as offers:
        assert isinstance(offers, Tar)
        found = offers.offers(with_content=False)
        names = [offer.name for offer in islice(found, MAX_FILES + 1)]
    if not names or len(names) > MAX_FILES:
        return None
    laid = layouts.arranged(names)
    if laid.layout not in ("splits", "defects"):
        return None
    if n := int(laid.is_mask.sum()):
        archive.terms.told.append(f"{counted(n, 'mask')} of defects left out of {archive.title}.")
    return laid
