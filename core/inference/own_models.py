"""Imports, renames and deletes a user's own checkpoints; shipped ones cannot be changed."""

import os
import re
from pathlib import PurePath

import numpy as np

from core import checkpoints
from core.checkpoints import (
    MAX_FILE_BYTES,
    PICKLED,
    SUFFIX,
    Card,
    Checkpoint,
    local_path,
    trained_on,
)
from core.config import CheckpointError
from core.files import write_atomically
from core.inference import Autoencoder

NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def suggested_name(file_name: str) -> str:
    """A name that a checkpoint may have: "My Model (2).safetensors" -> my-model-2."""
    stem = PurePath(file_name.replace("\\", "/")).name.lower().removesuffix(SUFFIX)
    return NOT_IN_NAMES.sub("-", stem).strip("-")[:64].strip("-") or "model"


def take_in(data: bytes, file_name: str, name: str) -> Card:
    """Keep the checkpoint in `data` as `name`, once everything about it has been checked.

    file_name: what it was called where it comes from; its ending tells pickled files.
    Raises CheckpointError if it cannot be trusted, is here already or the name is taken, and
    OptionError if that cannot be a name. Nothing is then written.
    """
    path = local_path(name)
    suffix = PurePath(file_name).suffix.lower()
    if suffix in PICKLED:
        raise CheckpointError(
            "A pickled file can run code when it is opened, so it is not: save the model as "
            f"{SUFFIX} instead."
        )
    if len(data) > MAX_FILE_BYTES:
        raise CheckpointError(f"It is larger than {MAX_FILE_BYTES >> 20} MB: no model here is.")
    if path.exists():
        raise CheckpointError(f"You have a checkpoint {name} already: choose another name.")
    found = checkpoints.read_bytes(path, data)
    _check_output(found)
    for card in checkpoints.available():
        if card.sha256 == found.card.sha256:
            raise CheckpointError(f"It is here already, as {card.name}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be written ({error.strerror}).") from error
    return found.card


def rename(card: Card, name: str) -> None:
    """Give an own checkpoint another name; CheckpointError if it is shipped or that is taken."""
    _check_own(card)
    target = local_path(name)
    try:
        with open(target, "xb"):  # fails if the name is taken, even since we looked
            pass
        os.replace(card.path, target)
    except FileExistsError:
        raise CheckpointError(
            f"You have a checkpoint {name} already: choose another name."
        ) from None
    except OSError as error:
        target.unlink(missing_ok=True)
        raise CheckpointError(f"{card.name} cannot be renamed ({error.strerror}).") from error


def is_here(sha256: str) -> bool:
    """Whether a model with this digest exists."""
    return any(card.sha256 == sha256 for card in checkpoints.available())


def delete(card: Card) -> None:
    """Delete an own checkpoint's file permanently.  Raises CheckpointError if it is shipped.

    See core.runs.removal for what else goes with it.
    """
    _check_own(card)
    try:
        card.path.unlink(missing_ok=True)
        if not is_here(card.sha256):
            trained_on.forget(card)
    except OSError as error:
        raise CheckpointError(f"{card.name} cannot be deleted ({error.strerror}).") from error


def _check_output(checkpoint: Checkpoint) -> None:
    """Raise CheckpointError unless the output is finite for uniform and for random images."""
    rng, shape = np.random.default_rng(0), checkpoint.card.input_shape
    plain = [np.full(shape, grey, np.float32) for grey in (0, 0.5, 1)]
    drawn = [rng.random(shape, np.float32), rng.standard_normal(shape, np.float32)]
    try:
        Autoencoder(checkpoint).reconstruct(np.stack(plain + drawn))
    except CheckpointError as error:
        raise CheckpointError(
            "Its output is not finite even for uniform images, so it cannot be used."
        ) from error


def _check_own(card: Card) -> None:
    if card.shipped or card.path != local_path(card.name):
        raise CheckpointError(f"{card.name} comes with Hourglass and stays as it is.")
