"""Imports of a person's images in the background: a folder each, as runs have them.

import.json    what is read, and how           status.json, request, launch.json, log.txt, .lock:
files/         what was uploaded: 0, 1, ...                   as of a run, see core.runs
draft/         the images as far as they are read, and what is known of them

An import that is read is a draft of a data set, until the set is made of it or it is removed.
"""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated

import msgspec
from msgspec import Meta, Struct

from core.config import NAME_PATTERN, DataError, HourglassError, data_dir
from core.data.own import draft as drafts
from core.data.own.draft import Draft, Form
from core.data.own.make_set import slug
from core.files import write_atomically
from core.runs.status import LIVE, RunState, Whole, WorkStatus, true_as, write_status

IMPORT, FILES, DRAFT = "import.json", "files", "draft"
Text = Annotated[str, Meta(max_length=5_000)]


class ImportConfig(Struct, frozen=True):
    """What is read, and how.

    source: what the images are called together, printable.  created: seconds since 1970.
    files: names of the uploaded files, in order; none if they lie at `path` on this machine.
    encoding: of file names, see core.data.offered.gate.Terms.
    """

    source: Text
    created: float
    form: Form
    files: tuple[Text, ...] = ()
    path: Text = ""
    encoding: Text = ""


class ImportStatus(WorkStatus, frozen=True):
    """The status of an import.  n_done: files that were read, of n_files (0 = not known yet)."""

    n_done: Whole = 0
    n_files: Whole = 0


@dataclass(frozen=True)
class Import:
    """An import in its current state."""

    folder: Path
    config: ImportConfig
    status: ImportStatus

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def state(self) -> RunState:
        """The state in the status, which read() has verified."""
        return self.status.state

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_read(self) -> bool:
        """Whether all files were read: there is a draft."""
        return self.state == "finished"

    @property
    def share_done(self) -> float:
        """The share of the files that was read, 0 to 1."""
        return min(1.0, self.status.n_done / max(1, self.status.n_files))

    @property
    def written(self) -> int:
        """When its status was last written, in nanoseconds: another time for another draft."""
        try:
            return (self.folder / "status.json").stat().st_mtime_ns
        except OSError:
            return 0

    def draft(self) -> Draft:
        """The images that were read.  Raises DataError if they cannot be opened any more."""
        return drafts.saved(self.folder / DRAFT, self.config.form, self.config.source)


def imports_dir() -> Path:
    """The folder with the folders of all imports."""
    return data_dir() / "imports"


def create(config: ImportConfig, files: Sequence[IO[bytes]] = ()) -> Import:
    """Create an import to be started.  files: the contents of config.files, which are copied.

    Raises DataError if the disk refuses; nothing is then left on it.
    """
    folder = imports_dir()
    try:
        folder = _new_folder(config)
        _fill(folder, config, files)
    except OSError as error:
        if folder != imports_dir():
            shutil.rmtree(folder, ignore_errors=True)
        raise drafts.no_room(error) from error
    return read(folder)


def _new_folder(config: ImportConfig) -> Path:
    """A folder whose name says when and what."""
    stamp = f"{datetime.fromtimestamp(config.created).astimezone():%Y%m%d-%H%M%S}"
    stem = f"{stamp}-{slug(config.source)}"[:58]
    for end in ("", *(f"-{i}" for i in range(1, 1000))):
        folder = imports_dir() / f"{stem}{end}"
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise DataError("Too many imports were started in this second: wait a moment.")


def _fill(folder: Path, config: ImportConfig, files: Sequence[IO[bytes]]) -> None:
    (folder / FILES).mkdir()
    for i, file in enumerate(files):
        file.seek(0)
        with open(folder / FILES / str(i), "wb") as copy:
            shutil.copyfileobj(file, copy)
    write_status(folder, ImportStatus())
    write_config(folder, config)


def write_config(folder: Path, config: ImportConfig) -> None:
    """Replace what is read, and how; OSError if the disk refuses."""
    write_atomically(folder / IMPORT, msgspec.json.encode(config))


def found() -> tuple[Import, ...]:
    """All imports, the newest first; folders that cannot be read are left out."""
    folders = imports_dir().glob("[!.]*") if imports_dir().is_dir() else ()
    every = [one for folder in folders if (one := _listed(folder)) is not None]
    return tuple(sorted(every, key=lambda one: one.config.created, reverse=True))


def get(id: str) -> Import:  # noqa: A002  # as of a run
    """The import with that id.  Raises DataError if there is none."""
    if not NAME_PATTERN.fullmatch(id):
        raise DataError(f"There is no import {ascii(id)[:80]}.")
    return read(imports_dir() / id)


def read(folder: Path) -> Import:
    """The import in a folder, with its verified state.  Raises DataError if it cannot be read."""
    try:
        config = msgspec.json.decode((folder / IMPORT).read_bytes(), type=ImportConfig)
    except (OSError, ValueError, RecursionError, HourglassError) as error:
        raise DataError(
            f"The import {folder.name} is not there any more: read its files again."
        ) from error
    return Import(folder, config, true_as(ImportStatus, folder))


def _listed(folder: Path) -> Import | None:
    try:
        return read(folder)
    except DataError:
        return None
