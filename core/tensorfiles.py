"""The frame of a .safetensors file: its header, checked.

The library itself accepts a header that names a tensor twice, and one of 200,000 tensors.
"""

import json
from typing import Any

from core.config import CheckpointError

MAX_HEADER_BYTES = 2**20
MAX_TENSORS = 2000


def header(data: bytes) -> dict[str, Any]:
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
