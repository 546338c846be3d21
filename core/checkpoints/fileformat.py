"""The content of a checkpoint file: a document and exactly the tensors of its plan.

Everything is checked before use, and nothing is ever unpickled. Errors are worded as the end of a
sentence: "its weights are not those it was saved with".
"""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError

from core.checkpoints import document as documents
from core.checkpoints.card import Tensors
from core.checkpoints.document import Document
from core.config import CheckpointError, OptionError
from core.images import digests
from core.models import architecture
from core.models.layers import Plan
from core.text import one_line

# The frame of a .safetensors file: its header, checked.

MAX_HEADER_BYTES = 2**22  # 10,000 epochs and 1,000 classes with long names take 3 MB
MAX_TENSORS = 2000


def read_header(data: bytes) -> dict[str, Any]:
    """The header of a whole file: a dict for each tensor by name, and one for "__metadata__".

    Raises CheckpointError, worded as the end of a sentence, if it is no sound header.
    """
    length = int.from_bytes(data[:8], "little") if len(data) >= 8 else 0
    if not 2 <= length <= min(MAX_HEADER_BYTES, len(data) - 8):
        raise CheckpointError("it is not a whole safetensors file")
    try:
        found = json.loads(data[8 : 8 + length], object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise CheckpointError("its header is not JSON") from error
    entries = [found, *found.values()] if isinstance(found, dict) else [None]
    if not all(isinstance(entry, dict) for entry in entries):
        raise CheckpointError("its header is not that of a safetensors file")
    if len(found) > MAX_TENSORS:
        raise CheckpointError(f"it has more than {MAX_TENSORS:,} tensors")
    return dict(found)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise CheckpointError("its header names something twice")
    return dict(pairs)


METADATA_KEY, DIGEST_KEY = "hourglass", "sha256"
META = "meta."  # what begins the names of arrays that are no weights
TRAINING_DIGESTS = "meta.training_digests"  # (n, 8) U8, see core.images.digests
MAX_ERROR = 200  # characters of what is wrong with a file
Arrays = Mapping[str, npt.NDArray[Any]]


class Content(NamedTuple):
    """The content of a file.

    plan: the layers that the document describes.  sha256: of the document's text and of each
    tensor's name, type, shape and numbers: files that differ in any of these have different ones.
    meta: arrays that are no weights, by name.
    """

    document: Document
    plan: Plan
    tensors: Tensors
    sha256: str
    meta: Arrays


def unpacked(data: bytes) -> Content:
    """The content of a file, tensors as float32.  Raises CheckpointError if it is invalid."""
    entries = read_header(data)
    metadata = entries.pop("__metadata__", {})
    text = str(metadata.get(METADATA_KEY, ""))
    document = documents.from_json(text)
    plan = plan_of(document)
    meta = {name: entries.pop(name) for name in list(entries) if name.startswith(META)}
    _check_meta(meta)
    _check_shapes(plan, {name: entry.get("shape") for name, entry in entries.items()})
    if dtypes := {str(entry.get("dtype")) for entry in entries.values()} - {"F32", "F16"}:
        raise CheckpointError(f"its numbers are {min(dtypes)[:20]} and must be F32 or F16")
    stored = _stored(data)
    sha256 = _digest(text, stored)
    if document.format == 1:
        if _digest_of_numbers(stored) != document.sha256:
            raise CheckpointError("its weights are not those it was saved with")
    elif metadata.get(DIGEST_KEY) != sha256:
        raise CheckpointError("its weights or its description are not those it was saved with")
    extra = {name: stored[name] for name in meta}
    if TRAINING_DIGESTS in extra and not digests.are_in_order(extra[TRAINING_DIGESTS]):
        raise CheckpointError("the digests of its training images are not in order")
    weights = {name: tensor for name, tensor in stored.items() if name not in meta}
    return Content(
        document=document, plan=plan, tensors=_finite(weights), sha256=sha256, meta=extra
    )


def packed(
    document: Document, tensors: Arrays, meta: Arrays = MappingProxyType({})
) -> tuple[bytes, Content]:
    """A whole file, and what is in it.

    tensors: what the architecture's plan names, float32 or float16.  meta: see Content.
    Raises CheckpointError if they do not fit the document, or if the file could not be read again.
    """
    _check_shapes(plan_of(document), {name: list(t.shape) for name, t in tensors.items()})
    arrays = {name: np.ascontiguousarray(t) for name, t in {**tensors, **meta}.items()}
    document = msgspec.structs.replace(document, format=documents.FORMAT, sha256="")
    text = documents.to_json(document)
    metadata = {METADATA_KEY: text, DIGEST_KEY: _digest(text, arrays)}
    data = safetensors.numpy.save(arrays, metadata)
    return data, unpacked(data)


def _digest(text: str, tensors: Arrays) -> str:
    """The checksum of a document and of its tensors with their names."""
    names = sorted(tensors)
    facts = [(name, tensors[name].dtype.name, tensors[name].shape) for name in names]
    digest = hashlib.sha256(json.dumps([text, facts]).encode())
    for name in names:
        digest.update(_little_endian(tensors[name]))
    return digest.hexdigest()


def _digest_of_numbers(tensors: Arrays) -> str:
    """The checksum of format 1: of the numbers alone, in the order of such files."""
    digest = hashlib.sha256()
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        digest.update(_little_endian(tensors[name]))
    return digest.hexdigest()


def _little_endian(tensor: npt.NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(tensor, tensor.dtype.newbyteorder("<")).data


def plan_of(document: Document) -> Plan:
    """The layers that a document describes; CheckpointError if its options are out of bounds."""
    try:
        return architecture(document.architecture).plan(document.input_shape, document.options)
    except OptionError as error:
        said = one_line(str(error), MAX_ERROR)
        raise CheckpointError(f"its settings are out of bounds ({said})") from error


def _stored(data: bytes) -> Arrays:
    """The tensors as they are in the file."""
    try:
        return safetensors.numpy.load(data)
    except (SafetensorError, ValueError) as error:
        said = one_line(str(error), MAX_ERROR)
        raise CheckpointError(f"its tensors are damaged ({said})") from error


def _finite(stored: Arrays) -> Tensors:
    """The stored tensors as float32.  Raises CheckpointError if a number is not finite."""
    tensors = {name: t.astype(np.float32) for name, t in stored.items()}
    if not all(np.isfinite(t).all() for t in tensors.values()):
        raise CheckpointError("it has weights that are not finite numbers")
    return tensors


def _check_meta(entries: Mapping[str, Any]) -> None:
    """Whether all arrays beside the weights are known, and of their kind and size."""
    for name, entry in entries.items():
        shape = entry.get("shape")
        sound = (
            name == TRAINING_DIGESTS
            and entry.get("dtype") == "U8"
            and isinstance(shape, list)
            and len(shape) == 2
            and shape[1] == digests.SIZE
            and 0 < shape[0] <= digests.MOST
        )
        if not sound:
            raise CheckpointError(f"its array {one_line(name)!r} is not as it should be")


def _check_shapes(plan: Plan, shapes: Mapping[str, Any]) -> None:
    expected = {name: list(shape) for name, shape in plan.tensors().items()}
    if shapes != expected:
        name = min(n for n in {*expected, *shapes} if expected.get(n) != shapes.get(n))
        raise CheckpointError(
            f"its tensor {one_line(name)!r} does not fit the architecture that it names"
        )
