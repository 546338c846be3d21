"""Sources of images too large for the memory, cut into shards that are read one after the other.

A folder or zip of images is cut by names. A folder of .tar files (WebDataset: files of one sample
share the name up to its first dot) or of .parquet files (a column `image` of bytes, or of Hugging
Face's structs with bytes; `label` and `id` if there are) has a shard a file. Nothing is extracted.
"""

import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from core.config import DataError, ImageRejected
from core.data.offers import Offer, in_folder
from core.data.splits import classes_of
from core.data.zips import open_zip
from core.images import MAX_BYTES

IMAGES = ("png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif")
LABELS = ("cls", "txt")
COLUMNS = ("id", "image", "label")  # of a Parquet file
ROWS = 64  # of a Parquet file in memory at a time
MAX_LABEL = 200


class Sample(NamedTuple):
    """One image that is offered.  read: gives its bytes or path, or raises ImageRejected."""

    id: str
    label: str
    read: Callable[[], bytes | str | Path]


@dataclass(frozen=True)
class Shard:
    """A part of a source.  samples: begins to read it anew.  n: how many, if it is known."""

    name: str
    samples: Callable[[], Iterator[Sample]]
    n: int | None = None


def shards(path: Path, size: int) -> tuple[Shard, ...]:
    """The source in shards, always the same.

    size: images in a shard of a folder or zip.  Raises DataError if it is none of the above.
    """
    if files := _files(path):
        kinds = {".tar": _tar, ".parquet": _parquet}
        return tuple(Shard(f.name, partial(kinds[f.suffix.lower()], f)) for f in files)
    if path.is_dir():
        names = sorted(offer.name for offer in in_folder(path))
        return _cut(names, size, partial(_from_folder, path))
    with open_zip(path, str(path)) as offers:
        names = sorted(offer.name for offer in offers)
    return _cut(names, size, partial(_from_zip, path))


def _files(path: Path) -> list[Path]:
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    return [f for f in found if f.suffix.lower() in (".tar", ".parquet") and f.is_file()]


def _cut(
    names: list[str],
    size: int,
    samples: Callable[[dict[str, str]], Iterator[Sample]],
) -> tuple[Shard, ...]:
    """Shards of so many names each; classes are told by the folders of all of them together."""
    if not names:
        raise DataError("There are no files in it: give a folder or zip of images.")
    if len(set(names)) < len(names):
        raise DataError("Some names in it come twice: mend the archive.")
    labels, classes = classes_of(names)
    known = [""] * len(names) if labels is None else [classes[int(i)] for i in labels]
    labelled = list(zip(names, known, strict=True))
    parts = [dict(labelled[i : i + size]) for i in range(0, len(names), size)]
    return tuple(Shard(next(iter(part)), partial(samples, part), len(part)) for part in parts)


def _from_folder(path: Path, labels: dict[str, str]) -> Iterator[Sample]:
    for name, label in labels.items():
        yield Sample(name, label, partial(os.path.join, path, name))


def _from_zip(path: Path, labels: dict[str, str]) -> Iterator[Sample]:
    with open_zip(path, str(path)) as offers:
        by_name: dict[str, Offer] = {offer.name: offer for offer in offers}
        for name, label in labels.items():
            yield Sample(name, label, by_name[name].read)


def _tar(path: Path) -> Iterator[Sample]:
    """In the order of the archive; the files of a sample stand next to each other."""
    key, files = "", dict[str, bytes | str]()
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if not member.isfile():
                    continue
                folder, _, base = member.name.rpartition("/")
                stem, _, kind = base.partition(".")
                if (name := f"{folder}/{stem}" if folder else stem) != key:
                    yield from _tar_sample(path, key, files)
                    key, files = name, {}
                files[kind.lower()] = _content(archive, member)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path.name} is no tar archive that can be read ({error}).") from error
    yield from _tar_sample(path, key, files)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | str:
    """A file's bytes; a sentence if it is too large."""
    if member.size > MAX_BYTES:
        return f"It is larger than {MAX_BYTES >> 20} MB."
    file = archive.extractfile(member)
    return b"" if file is None else file.read()


def _tar_sample(path: Path, key: str, files: dict[str, bytes | str]) -> Iterator[Sample]:
    label = next((text for kind in LABELS if isinstance(text := files.get(kind), bytes)), b"")
    for kind, content in files.items():
        if kind.rpartition(".")[2] in IMAGES:
            words = label.decode("utf-8", "replace").strip()[:MAX_LABEL]
            yield Sample(f"{path.name}/{key}.{kind}", words, partial(_given, content))


def _parquet(path: Path) -> Iterator[Sample]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            wanted = [n for n in COLUMNS if n in file.schema_arrow.names]
            if "image" not in wanted:
                raise DataError(f"{path.name} has no column called image.")
            row = 0
            for batch in file.iter_batches(batch_size=ROWS, columns=wanted):
                known = (batch[n].to_pylist() if n in wanted else repeat(None) for n in COLUMNS)
                for cells in zip(*known, range(row, row + len(batch)), strict=False):
                    yield _parquet_sample(path.name, *cells)
                row += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} is no Parquet file that can be read ({error}).") from error


def _parquet_sample(file: str, name: Any, image: Any, label: Any, row: int) -> Sample:
    content = image.get("bytes") if isinstance(image, dict) else image
    return Sample(
        f"{file}/{row if name is None else name}",
        "" if label is None else str(label)[:MAX_LABEL],
        partial(_given, content if isinstance(content, bytes) else "It has no bytes."),
    )


def _given(content: bytes | str) -> bytes:
    if isinstance(content, str):
        raise ImageRejected(content)
    return content
