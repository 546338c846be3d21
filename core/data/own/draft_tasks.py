"""Reading a person's images in another process: what was offered as files, a draft as arrays."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from core.arraycache import Arrays
from core.data.offered import gate
from core.data.offered.gate import Terms
from core.data.own.draft import DRAFT, Draft, Form, no_room
from core.data.own.import_images import gather
from core.data.own.layouts import Sheet
from core.data.own.prepared import Looks
from core.data.own.store import own_dir
from core.images.imagesets import Rejected
from core.images.parts import done
from core.images.preparation import Preparation

Files = tuple[tuple[str, str], ...]  # what each is called, and where it is


@contextlib.contextmanager
def on_disk(files: Sequence[tuple[str, IO[bytes]]]) -> Iterator[Files]:
    """Files that were handed over, as files of their own as long as the block lasts.

    Raises DataError if the disk refuses.
    """
    folder: Path | None = None
    try:
        own_dir().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=own_dir(), prefix=f"{DRAFT}upload-"))
        for i, (_, file) in enumerate(files):
            file.seek(0)
            with open(folder / str(i), "wb") as copy:
                shutil.copyfileobj(file, copy)
    except OSError as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise no_room(error) from error
    try:
        yield tuple((name, str(folder / str(i))) for i, (name, _) in enumerate(files))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read(files: Files, path: str, form: Form, encoding: str, source: str, visit: str) -> Arrays:
    """A task: the draft made of files, or of what lies at a path if there are none; see gather().

    encoding: of file names, as core.data.offered.gate.Terms has it.  visit: another text each time,
    since a folder may have other images by then, and a draft is thrown away.
    """
    del visit
    terms, tell = Terms(encoding=encoding), partial(_tell, f"Reading {source}")
    if not files:
        return _as_arrays(gather(gate.at_path(Path(path), terms), form, source, tell))
    with ExitStack() as opened:
        given = [(name, opened.enter_context(open(at, "rb"))) for name, at in files]
        return _as_arrays(gather(gate.in_files(given, terms), form, source, tell))


def as_draft(found: Arrays, form: Form, source: str) -> Draft:
    """The draft from the arrays that read() gives."""
    labels = zip(found["labels"].tolist(), found["is_labelled"].tolist(), strict=True)
    return Draft(
        folder=Path(str(found["folder"])),
        source=source,
        form=form,
        preparation=msgspec.json.decode(str(found["preparation"]), type=Preparation),
        names=tuple(found["names"].tolist()),
        sides=found["sides"],
        equal=found["equal"],
        near=found["near"],
        rejected=tuple(Rejected(*row) for row in found["rejected"].tolist()),
        labels=tuple(label if is_labelled else None for label, is_labelled in labels),
        notes=tuple(found["notes"].tolist()),
        sheets=tuple(
            Sheet(name=name, content=found[f"sheet{i}"].tobytes())
            for i, name in enumerate(found["sheets"].tolist())
        ),
        looks=Looks.from_arrays(found),
    )


def _as_arrays(draft: Draft) -> Arrays:
    return {
        "folder": np.asarray(str(draft.folder)),
        "preparation": np.asarray(msgspec.json.encode(draft.preparation).decode()),
        "names": np.array(draft.names, np.str_),
        "sides": draft.sides,
        "equal": draft.equal,
        "near": draft.near,
        "rejected": np.array(draft.rejected, np.str_).reshape(-1, 2),
        "labels": np.array([label or "" for label in draft.labels], np.str_),
        "is_labelled": np.array([label is not None for label in draft.labels], np.bool_),
        "notes": np.array(draft.notes, np.str_),
        "sheets": np.array([sheet.name for sheet in draft.sheets], np.str_),
        **draft.looks.as_arrays(),
    } | {
        f"sheet{i}": np.frombuffer(sheet.content, np.uint8) for i, sheet in enumerate(draft.sheets)
    }


def _tell(title: str, n_done: int, total: int | None) -> None:
    done(title, n_done, total or 0)
