"""Where a training stands, as one file: enough to go on from there to the very same weights.

Nothing else is needed, as the order of the images and all noise are functions of seed, epoch and
step. The file is safetensors with one JSON document in its header; nothing is ever unpickled.
"""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.numpy
from msgspec import Struct
from safetensors import SafetensorError

from core.config import TrainingError
from core.documents import EpochRecord
from core.files import write_atomically

KEY = "hourglass-state"
BAD_LOSS = (
    1.0  # what a network that draws nothing would have; a good state is below, or near its best
)
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class State:
    """A training between two steps.

    epoch: the one that is under way, from 1.  step: how many of its steps are done.  total: the sum
    of their losses.  seconds: spent on them.  history: the epochs that are done.  data: a
    fingerprint of the training images.  tensors: weights and the optimizer's averages, float32,
    under the names that core.learning.descent gives.
    """

    epoch: int
    step: int
    total: float
    seconds: float
    history: tuple[EpochRecord, ...]
    data: str
    tensors: Arrays

    @property
    def is_good(self) -> bool:
        """Whether going on from here, or keeping it, makes sense: finite, and not exploding."""
        best = min((record.train_loss for record in self.history), default=0.0)
        mean = self.total / max(1, self.step)
        near = np.isfinite(mean) and mean <= max(BAD_LOSS, 10 * best)
        return bool(near) and all(np.isfinite(t).all() for t in self.tensors.values())


class _Header(Struct, frozen=True):
    """All of a State but its tensors, as it is written down.  crc: of the tensors."""

    format: Literal[1]
    epoch: int
    step: int
    total: float
    seconds: float
    history: tuple[EpochRecord, ...]
    data: str
    crc: int


def fingerprint(images: npt.NDArray[np.uint8]) -> str:
    """What tells one set of training images from another."""
    return f"{len(images)}-{zlib.crc32(np.ascontiguousarray(images).data):08x}"


def to_bytes(state: State) -> bytes:
    """The state as the content of a file."""
    names = sorted(state.tensors)
    tensors = {name: np.ascontiguousarray(state.tensors[name]) for name in names}
    fields = {name: getattr(state, name) for name in _Header.__struct_fields__[1:-1]}
    header = _Header(format=1, **fields, crc=_crc(tensors))
    return safetensors.numpy.save(tensors, {KEY: msgspec.json.encode(header).decode()})


def from_bytes(content: bytes) -> State:
    """The state in a file's content; TrainingError if it is damaged."""
    try:
        length = int.from_bytes(content[:8], "little")
        document = json.loads(content[8 : 8 + length])["__metadata__"][KEY]
        header = msgspec.json.decode(document, type=_Header)
        tensors = safetensors.numpy.load(content)
    except (ValueError, KeyError, TypeError, MemoryError, SafetensorError) as error:
        raise TrainingError("The saved state is damaged: start the run anew.") from error
    if header.crc != _crc(tensors):
        raise TrainingError("The saved state is damaged: start the run anew.")
    fields = {name: getattr(header, name) for name in _Header.__struct_fields__[1:-1]}
    return State(**fields, tensors=tensors)


def save(path: Path, state: State) -> None:
    """Keep the state in a file, whole or not at all; OSError if the disk refuses."""
    write_atomically(path, to_bytes(state))


def load(path: Path) -> State | None:
    """The state in a file, None if there is no file; TrainingError if it is damaged."""
    try:
        return from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None


def _crc(tensors: Arrays) -> int:
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(np.ascontiguousarray(tensors[name]).data, zlib.crc32(name.encode(), crc))
    return crc
