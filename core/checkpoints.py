"""Checkpoints: one .safetensors file each, written atomically, read with suspicion. Nothing is ever
unpickled.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError

from core import documents
from core.config import (
    NAME_PATTERN,
    CheckpointError,
    OptionError,
    checked_name,
    local_checkpoints_dir,
    shipped_checkpoints_dir,
)
from core.documents import Document
from core.files import write_atomically
from core.models import ArchSpec, architecture
from core.models.layers import Plan
from core.noise import Noise
from core.tensorfiles import data_section, header

Tensors = dict[str, npt.NDArray[np.float32]]
SUFFIX = ".safetensors"
METADATA_KEY = "hourglass"
MAX_FILE_BYTES = 512 * 2**20
PICKLED = {".pt", ".pth", ".pkl", ".ckpt", ".bin", ".joblib"}


@dataclass(frozen=True)
class Card:
    """What a checkpoint says about itself, without its weights."""

    name: str
    path: Path
    shipped: bool
    document: Document
    plan: Plan

    @property
    def sha256(self) -> str:
        return self.document.sha256

    @property
    def architecture(self) -> ArchSpec:
        return architecture(self.document.architecture)

    @property
    def options(self) -> dict[str, Any]:
        return self.document.options

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self.plan.input_shape

    @property
    def latent_dim(self) -> int:
        return self.plan.latent_dim

    @property
    def n_parameters(self) -> int:
        return self.plan.n_parameters()

    @property
    def dataset(self) -> str:
        return self.document.dataset

    @property
    def excluded_classes(self) -> tuple[str, ...]:
        return self.document.excluded_classes

    @property
    def noise(self) -> Noise:
        """The noise it was trained with; false if none."""
        return self.document.training.noise.noise()

    @property
    def epochs(self) -> int:
        return self.document.training.epochs

    @property
    def seconds(self) -> float:
        """Wall time of the training."""
        return self.document.training.seconds

    @property
    def metrics(self) -> dict[str, Any]:
        """dataset, split, n, mse, psnr (dB), ssim on clean test images."""
        return msgspec.structs.asdict(self.document.metrics)

    @property
    def history(self) -> list[dict[str, Any]]:
        """An entry an epoch: epoch, train_loss, test_mse, seconds, images_per_second."""
        return [msgspec.structs.asdict(record) for record in self.document.history]

    @cached_property
    def reference(self) -> npt.NDArray[np.float64]:
        """(201,) quantiles of the test images' errors at 0, 0.5, ... 100 %, rising."""
        return np.asarray(self.document.reference)

    @property
    def title(self) -> str:
        """One readable line, e.g. "Denoising dense, D' = 1568, linear output (sigma 0.5)"."""
        kind = self.architecture.title
        if self.noise:
            kind = f"Denoising {kind[0].lower()}{kind[1:]}"
        shape = " x ".join(map(str, self.plan.code_shape))
        extra = f" (sigma {self.noise.sigma:g})" if self.noise else ""
        without = f", without {', '.join(self.excluded_classes)}" if self.excluded_classes else ""
        output = ", linear output" if self.options.get("bounded") is False else ""
        return f"{kind}, D' = {shape}{output}{extra}{without}"


@dataclass(frozen=True)
class Checkpoint:
    """A card and the weights that belong to it, float32."""

    card: Card
    tensors: Tensors


def available() -> tuple[Card, ...]:
    """The cards of all sound checkpoints, shipped ones first, each group by name. Broken files are
    left out.
    """
    return tuple(card for card, _ in _listing() if card is not None)


def broken() -> tuple[str, ...]:
    """A sentence for each file in the checkpoint folders that is not listed because it is not
    sound.
    """
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
        f"There is no checkpoint {ascii(text)[:80]}: `python -m core checkpoints` lists them."
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
    """The checkpoint in `data`, what the file `path` holds or is to hold; CheckpointError if it
    cannot be trusted.
    """
    try:
        return _read(path, data)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path.name} cannot be used: {error}. Choose another checkpoint."
        ) from error


def save(path: Path, document: Document, tensors: Mapping[str, npt.NDArray[Any]]) -> Card:
    """Writes a checkpoint whole or not at all, and returns its card.

    tensors: what the architecture's plan names, float32, or float16 to halve the file.
    Raises CheckpointError if they do not fit the document or the disk refuses; an old file then
    stays as it was.
    """
    plan = _plan(document)
    _check_shapes(plan, {name: list(t.shape) for name, t in tensors.items()})
    arrays = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    digest = hashlib.sha256(data_section(safetensors.numpy.save(arrays))).hexdigest()
    document = msgspec.structs.replace(document, sha256=digest)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(
            path, safetensors.numpy.save(arrays, {METADATA_KEY: documents.to_json(document)})
        )
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be written ({error.strerror}).") from error
    return Card(path.stem, path, path.parent == shipped_checkpoints_dir(), document, plan)


def local_path(name: str) -> Path:
    """Where the user's checkpoint `name` is kept.

    Raises CheckpointError if a shipped one has that name.
    """
    if (shipped_checkpoints_dir() / f"{checked_name(name)}{SUFFIX}").exists():
        raise CheckpointError(
            f"{name} is a shipped checkpoint and stays as it is: choose another name."
        )
    return local_checkpoints_dir() / f"{name}{SUFFIX}"


def _check_size(path: Path) -> None:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise CheckpointError(
            f"{path.name} cannot be used: it has {size:,} bytes and the limit is "
            f"{MAX_FILE_BYTES:,}. Choose another checkpoint."
        )


def _read(path: Path, data: bytes) -> Checkpoint:
    entries = header(data)
    document = documents.from_json(str(entries.pop("__metadata__", {}).get(METADATA_KEY, "")))
    plan = _plan(document)
    _check_shapes(plan, {name: entry.get("shape") for name, entry in entries.items()})
    if dtypes := {str(entry.get("dtype")) for entry in entries.values()} - {"F32", "F16"}:
        raise CheckpointError(f"its numbers are {min(dtypes)[:20]} and must be F32 or F16")
    if hashlib.sha256(data_section(data)).hexdigest() != document.sha256:
        raise CheckpointError("its weights are not those it was saved with")
    try:
        tensors = {n: t.astype(np.float32) for n, t in safetensors.numpy.load(data).items()}
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"its tensors are damaged ({error})") from error
    if not all(np.isfinite(t).all() for t in tensors.values()):
        raise CheckpointError("it has weights that are not finite numbers")
    shipped = path.parent == shipped_checkpoints_dir()
    return Checkpoint(Card(path.stem, path, shipped, document, plan), tensors)


def _plan(document: Document) -> Plan:
    try:
        return architecture(document.architecture).plan(document.input_shape, document.options)
    except OptionError as error:
        raise CheckpointError(f"its settings are out of bounds ({error})") from error


def _check_shapes(plan: Plan, shapes: Mapping[str, Any]) -> None:
    expected = {name: list(shape) for name, shape in plan.tensors().items()}
    if shapes != expected:
        name = min(n for n in {*expected, *shapes} if expected.get(n) != shapes.get(n))
        raise CheckpointError(
            f"its tensor {name[:60]!r} does not fit the architecture that it names"
        )


def _listing() -> list[tuple[Card | None, str]]:
    found = []
    for folder in (shipped_checkpoints_dir(), local_checkpoints_dir()):
        for path in (
            sorted(folder.glob(f"*{SUFFIX}"), key=lambda p: p.stem) if folder.is_dir() else ()
        ):
            status = path.lstat()
            found.append(_listed(path, status.st_mtime_ns, status.st_size))
    return found


@lru_cache(maxsize=4096)
def _listed(path: Path, _modified: int, _size: int) -> tuple[Card | None, str]:
    """The card of a file that was read whole and found sound; read again only when the file
    changes.
    """
    try:
        checked_name(path.stem)
        return (
            (None, f"{path.name} is a link, not a file.")
            if path.is_symlink()
            else (read(path).card, "")
        )
    except (CheckpointError, OptionError) as error:
        return None, str(error)
