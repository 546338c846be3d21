"""A detector in one file: a zip, not compressed, with its model, its images and its settings.

The model is a checkpoint as all are; images and settings are checked before they are used, and
nothing in the file is run as code.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from core import checkpoints
from core.anomaly import choosing, scores
from core.anomaly.choosing import ChosenScore
from core.checkpoints import Checkpoint
from core.checkpoints.fileformat import packed
from core.config import CheckpointError
from core.files import replacing

if TYPE_CHECKING:
    from hourglass.detector import Detector

Pixels = npt.NDArray[np.uint8]
MODEL, IMAGES, SETTINGS = "model.safetensors", "images.safetensors", "detector.json"
PARTS = ("usual", "calibrating")


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of a detector, and the score it uses."""

    arch: str
    latent_dim: int
    noise_std: float
    epochs: int
    seed: int
    score: str | None
    rate: float
    held_out: float
    options: dict[str, int | float | bool | str | list[int]] | None
    used_score: str
    format: int = 1


@dataclass(frozen=True)
class Kept:
    """What was in the file.  usual, calibrating: (n, C, H, W).  settings: for the constructor."""

    checkpoint: Checkpoint
    usual: Pixels
    calibrating: Pixels
    settings: dict[str, Any]
    score: str
    choice: ChosenScore | None


def write(path: Path, detector: "Detector") -> Path:
    """Write a fitted detector; an existing file is replaced only by a whole one."""
    found = detector.model_.checkpoint
    document = found.card.document
    if detector.choice_ is not None:
        document = msgspec.structs.replace(document, choice=detector.choice_.record)
    settings = Settings(**detector.get_params(), used_score=str(detector.score_))
    parts = {
        MODEL: packed(document, found.tensors, {})[0],
        IMAGES: save(dict(zip(PARTS, detector.parts, strict=True))),
        SETTINGS: msgspec.json.encode(settings),
    }
    with replacing(path) as out, zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def read(path: Path) -> Kept:
    """What write() has written; CheckpointError with one sentence for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            model, images, said = (_content(archive, name) for name in (MODEL, IMAGES, SETTINGS))
        parts = load(images)
        settings = msgspec.json.decode(said, type=Settings)
        usual, calibrating = (parts[name] for name in PARTS)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}).") from error
    except (zipfile.BadZipFile, KeyError, SafetensorError, msgspec.MsgspecError) as error:
        raise _no_detector(path) from error
    checkpoint = checkpoints.read_bytes(Path(path.with_suffix("").name), model)
    shapes = {checkpoint.card.input_shape}
    if {part.shape[1:] for part in (usual, calibrating)} != shapes or not len(calibrating):
        raise _no_detector(path)
    scores.score(settings.used_score)
    given = msgspec.structs.asdict(settings)
    used = given.pop("used_score")
    del given["format"]
    return Kept(checkpoint, usual, calibrating, given, used, choosing.known(checkpoint.card))


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member that is not compressed, so that it is no larger than the file."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(name)
    return archive.read(entry)


def _no_detector(path: Path) -> CheckpointError:
    return CheckpointError(f"{path.name} is no detector that Detector.save() has written.")
