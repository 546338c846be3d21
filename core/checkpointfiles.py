"""The content of a checkpoint file: a document and exactly the tensors that its plan names.

Everything is checked before it is used, and nothing is ever unpickled. Errors are worded as the end
of a sentence: "its weights are not those it was saved with".
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError

from core import documents
from core.cards import Tensors
from core.config import CheckpointError, OptionError
from core.documents import Document
from core.models import architecture
from core.models.layers import Plan
from core.tensorfiles import data_section, header

METADATA_KEY = "hourglass"


class Content(NamedTuple):
    """What a file holds.  plan: the layers that the document describes."""

    document: Document
    plan: Plan
    tensors: Tensors


def unpacked(data: bytes) -> Content:
    """What a whole file holds, tensors as float32; CheckpointError if it cannot be trusted."""
    entries = header(data)
    document = documents.from_json(str(entries.pop("__metadata__", {}).get(METADATA_KEY, "")))
    plan = plan_of(document)
    _check_shapes(plan, {name: entry.get("shape") for name, entry in entries.items()})
    if dtypes := {str(entry.get("dtype")) for entry in entries.values()} - {"F32", "F16"}:
        raise CheckpointError(f"its numbers are {min(dtypes)[:20]} and must be F32 or F16")
    if hashlib.sha256(data_section(data)).hexdigest() != document.sha256:
        raise CheckpointError("its weights are not those it was saved with")
    return Content(document, plan, _tensors(data))


def packed(document: Document, tensors: Mapping[str, npt.NDArray[Any]]) -> tuple[bytes, Document]:
    """A whole file, and the document in it, which now has the tensors' sha256.

    tensors: what the architecture's plan names, float32 or float16.
    Raises CheckpointError if they do not fit the document.
    """
    _check_shapes(plan_of(document), {name: list(t.shape) for name, t in tensors.items()})
    arrays = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    digest = hashlib.sha256(data_section(safetensors.numpy.save(arrays))).hexdigest()
    document = msgspec.structs.replace(document, sha256=digest)
    return safetensors.numpy.save(arrays, {METADATA_KEY: documents.to_json(document)}), document


def plan_of(document: Document) -> Plan:
    """The layers that a document describes; CheckpointError if its options are out of bounds."""
    try:
        return architecture(document.architecture).plan(document.input_shape, document.options)
    except OptionError as error:
        raise CheckpointError(f"its settings are out of bounds ({error})") from error


def _tensors(data: bytes) -> Tensors:
    try:
        tensors = {n: t.astype(np.float32) for n, t in safetensors.numpy.load(data).items()}
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"its tensors are damaged ({error})") from error
    if not all(np.isfinite(t).all() for t in tensors.values()):
        raise CheckpointError("it has weights that are not finite numbers")
    return tensors


def _check_shapes(plan: Plan, shapes: Mapping[str, Any]) -> None:
    expected = {name: list(shape) for name, shape in plan.tensors().items()}
    if shapes != expected:
        name = min(n for n in {*expected, *shapes} if expected.get(n) != shapes.get(n))
        raise CheckpointError(
            f"its tensor {name[:60]!r} does not fit the architecture that it names"
        )
