"""The state of a training as one file, from which it resumes to identical weights.

It needs no random state, because the order of the images and all noise are functions of seed, epoch
and step. The file is safetensors with one JSON document in its header; nothing is ever unpickled.
"""

import json
import zlib
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.numpy
from msgspec import Struct
from safetensors import SafetensorError

from core.checkpoints.document import EpochRecord
from core.config import TrainingError
from core.files import write_atomically

KEY = "hourglass-state"
BAD_LOSS = 1.0  # bound of the loss of a good state: worse than any blank image
Arrays = dict[str, npt.NDArray[Any]]


class _Place(Struct, frozen=True):
    """The position of a training, without tensors."""

    epoch: int
    step: int
    total: float
    seconds: float
    history: tuple[EpochRecord, ...]
    data: str


class State(_Place, frozen=True):
    """The state of a training between two steps.

    epoch: the current one, from 1.  step: its steps done.
    total: sum of their losses.  seconds: spent on them.  history: completed epochs.
    data: a fingerprint of the training images.
    tensors: weights and the optimizer's averages, float32, named as core.training.descent does.
    """

    tensors: Arrays

    @property
    def is_good(self) -> bool:
        """Whether all numbers are finite and the loss is small enough to resume from here."""
        losses = [record.train_loss for record in self.history]
        losses += [self.total / self.step] if self.step else []
        best, last = min(losses[:-1], default=0.0), (losses or [0.0])[-1]
        near = np.isfinite(last) and last <= max(BAD_LOSS, 10 * best)
        return bool(near) and all(np.isfinite(t).all() for t in self.tensors.values())


class _Header(_Place, frozen=True):
    """The JSON document stored beside the tensors.  crc: CRC-32 of their names and numbers."""

    format: Literal[1]
    crc: int


def fingerprint(images: npt.NDArray[np.uint8]) -> str:
    """A hash of the training images."""
    return f"{len(images)}-{zlib.crc32(np.ascontiguousarray(images).data):08x}"


def to_bytes(state: State) -> bytes:
    """The state as the content of a file."""
    names = sorted(state.tensors)
    tensors = {name: np.ascontiguousarray(state.tensors[name]) for name in names}
    header = _Header(**_place(state), format=1, crc=_crc(tensors))
    return safetensors.numpy.save(tensors, {KEY: msgspec.json.encode(header).decode()})


def from_bytes(content: bytes) -> State:
    """The state in a file's content.  Raises TrainingError if it is damaged."""
    try:
        length = int.from_bytes(content[:8], "little")
        document = json.loads(content[8 : 8 + length])["__metadata__"][KEY]
        header = msgspec.json.decode(document, type=_Header)
        tensors = safetensors.numpy.load(content)
    except (ValueError, KeyError, TypeError, MemoryError, SafetensorError) as error:
        raise TrainingError("The saved state is damaged: start the run anew.") from error
    if header.crc != _crc(tensors):
        raise TrainingError("The saved state is damaged: start the run anew.")
    return State(**_place(header), tensors=tensors)


def save(path: Path, state: State) -> None:
    """Write the state to a file atomically.  Raises OSError if the disk fails."""
    write_atomically(path, to_bytes(state))


def load(path: Path) -> State | None:
    """The state in a file, None without a file.  Raises TrainingError if it is damaged."""
    try:
        return from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None


def _place(found: _Place) -> dict[str, Any]:
    return {name: getattr(found, name) for name in _Place.__struct_fields__}


def _crc(tensors: Arrays) -> int:
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(np.ascontiguousarray(tensors[name]).data, zlib.crc32(name.encode(), crc))
    return crc
