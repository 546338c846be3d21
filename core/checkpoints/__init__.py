"""Checkpoints by name: one .safetensors file each, listed, validated, written atomically.

The content of a file: core.checkpoints.fileformat. Its description: core.checkpoints.card.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checkpoints.card import Card, Checkpoint
from core.checkpoints.document import Document
from core.checkpoints.fileformat import TRAINING_DIGESTS, Content, packed, unpacked
from core.config import (
    COMMAND,
    NAME_PATTERN,
    CheckpointError,
    OptionError,
    checked_name,
    local_checkpoints_dir,
    shipped_checkpoints_dir,
)
from core.files import write_atomically
from core.images import digests
from core.text import natural

__all__ = [
    "Card",
    "Checkpoint",
    "available",
    "broken",
    "find",
    "load",
    "local_path",
    "of",
    "read",
    "read_bytes",
    "save",
]

SUFFIX = ".safetensors"
MAX_FILE_BYTES = 512 * 2**20
PICKLED = {".pt", ".pth", ".pkl", ".ckpt", ".bin", ".joblib"}


def available() -> tuple[Card, ...]:
    """The cards of all sound checkpoints, by name, the shipped ones first; see broken()."""
    return tuple(card for card, _ in _listing() if card is not None)


def broken() -> tuple[str, ...]:
    """A sentence for each file in the checkpoint folders that available() leaves out."""
    return tuple(reason for card, reason in _listing() if card is None)


def load(name_or_path: str | Path) -> Checkpoint:
    """The checkpoint with that name in checkpoints/ or checkpoints/local/, or in that file.

    Raises CheckpointError with one sentence if there is none or it cannot be trusted.
    """
    return read(find(name_or_path))


def find(name_or_path: str | Path) -> Path:
    """The file of a checkpoint given by name or path; CheckpointError if there is none."""
    text = str(name_or_path)
    if NAME_PATTERN.fullmatch(text):
        for folder in (shipped_checkpoints_dir(), local_checkpoints_dir()):
            if (path := folder / f"{text}{SUFFIX}").is_file() and not path.is_symlink():
                return path
    elif "\0" not in text and Path(text).suffix and Path(text).is_file():
        return Path(text)
    raise CheckpointError(
        f"There is no checkpoint {ascii(text)[:80]}: `{COMMAND} checkpoints` lists them."
    )


def read(path: Path) -> Checkpoint:
    """The checkpoint in a file, everything about it checked first; CheckpointError otherwise."""
    if path.suffix.lower() in PICKLED:
        raise CheckpointError(
            f"{path.name} is a pickled file, which can run code when it is opened: "
            f"save it as {SUFFIX} instead."
        )
    try:
        _check_size(path)
        return read_bytes(path, path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror}).") from error


def read_bytes(path: Path, data: bytes) -> Checkpoint:
    """The checkpoint in `data`, the content of the file `path`, which need not be there yet.

    Raises CheckpointError if it cannot be trusted.
    """
    try:
        content = unpacked(data)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path.name} cannot be used: {error}. Choose another checkpoint."
        ) from error
    return _checkpoint(path, content)


def of(card: Card) -> Checkpoint:
    """The checkpoint that a card is of; CheckpointError if its file now holds another."""
    found = read(card.path)
    if found.card.sha256 != card.sha256:
        raise CheckpointError(f"{card.name} has been replaced by another model: reload the page.")
    return found


def save(
    path: Path,
    document: Document,
    tensors: Mapping[str, npt.NDArray[Any]],
    training_digests: npt.NDArray[np.uint8] | None = None,
) -> Card:
    """Write a checkpoint atomically and return its card.

    tensors: those of the architecture's plan, float32, or float16 for half the size.
    training_digests: (n, 8) of the images it was trained on; not stored if there are none or more
    than core.images.digests.MOST.
    Raises CheckpointError if they do not fit the document or cannot be written; an existing file
    then stays unchanged.
    """
    try:
        data, content = packed(document, tensors, _meta(training_digests))
    except CheckpointError as error:
        raise CheckpointError(f"{path.name} cannot be saved: {error}.") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be written ({error.strerror}).") from error
    return _card(path, content)


def _meta(training_digests: npt.NDArray[np.uint8] | None) -> dict[str, npt.NDArray[Any]]:
    if training_digests is None or not 0 < len(training_digests) <= digests.MOST:
        return {}
    return {TRAINING_DIGESTS: digests.in_order(training_digests)}


def _checkpoint(path: Path, content: Content) -> Checkpoint:
    return Checkpoint(_card(path, content), content.tensors, content.meta.get(TRAINING_DIGESTS))


def local_path(name: str) -> Path:
    """The path of the user's checkpoint `name`.

    Raises CheckpointError if a shipped one has that name.
    """
    if (shipped_checkpoints_dir() / f"{checked_name(name)}{SUFFIX}").exists():
        raise CheckpointError(
            f"{name} is a checkpoint included with Hourglass: choose another name."
        )
    return local_checkpoints_dir() / f"{name}{SUFFIX}"


def _check_size(path: Path) -> None:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise CheckpointError(
            f"{path.name} cannot be used: it has {size:,} bytes and the limit is "
            f"{MAX_FILE_BYTES:,}. Choose another checkpoint."
        )


def _card(path: Path, content: Content) -> Card:
    shipped = path.parent == shipped_checkpoints_dir()
    return Card(
        name=path.stem,
        path=path,
        shipped=shipped,
        document=content.document,
        plan=content.plan,
        sha256=content.sha256,
    )


def _listing() -> list[tuple[Card | None, str]]:
    found = []
    for folder in (shipped_checkpoints_dir(), local_checkpoints_dir()):
        for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: natural(path.stem)):
            try:
                status = path.lstat()
            except FileNotFoundError:  # somebody deleted or renamed it since
                continue
            written = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)
            found.append(_listed(path, written))
    return found


@lru_cache(maxsize=4096)
def _listed(path: Path, _written: tuple[int, ...]) -> tuple[Card | None, str]:
    """The card of a sound file, or what is wrong with it; read again only when it changes."""
    try:
        checked_name(path.stem)
        if path.is_symlink():
            return None, f"{path.name} is a link, not a file."
        return read(path).card, ""
    except (CheckpointError, OptionError) as error:
        return None, str(error)
