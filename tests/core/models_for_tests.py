"""Small models with random weights, for tests that need some model and not a good one."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy

from core.checkpoints import Card, Checkpoint
from core.checkpoints import document as documents
from core.checkpoints.document import (
    FORMAT,
    N_QUANTILES,
    Document,
    MetricsRecord,
    NoiseRecord,
    TrainingRecord,
)
from core.models import architecture
from core.streaming.scoring import Line

SMALL: dict[str, dict[str, Any]] = {
    "pca": {"latent_dim": 3},
    "dense": {"latent_dim": 3, "widths": [8]},
    "conv": {"latent_dim": 0, "widths": [4, 5]},
    "repair": {"widths": [4, 5, 5]},
    "vae": {"latent_dim": 2, "widths": [8]},
}
SHAPE = (1, 16, 17)
Tensors = dict[str, np.ndarray]


def tiny_document(arch: str, shape: tuple[int, int, int] = SHAPE, **changes: Any) -> Document:
    """The document of a model that was never trained; changes replace its fields."""
    fields: dict[str, Any] = {
        "format": FORMAT,
        "architecture": arch,
        "options": architecture(arch).check(SMALL.get(arch, {})),
        "input_shape": shape,
        "dataset": "mnist-5k",
        "split": "train",
        "excluded_classes": (),
        "held_out": "",
        "training": TrainingRecord(1, 8, 0.01, 0.0, 0, NoiseRecord(), 10, 1.0),
        "history": (),
        "metrics": MetricsRecord("mnist-5k", "test", 10, 0.1, 10.0, 0.1),
        "reference": tuple(np.linspace(0.0, 0.2, N_QUANTILES).tolist()),
        "explained_variance": (),
        "versions": {"torch": "2"},
        "date": "2026-01-01T00:00:00+00:00",
    }
    return Document(**(fields | changes))


def error_line(limit: float = 0.15) -> Line:
    """A line on the error, for tests in which it does not matter how it was drawn."""
    usual = np.linspace(0.0, 0.2, 100)
    return Line(score="mse", threshold=limit, how="", usual=usual, calibration="x", rate=0.25)


def tiny_tensors(document: Document, seed: int = 0) -> Tensors:
    """Random weights that fit the document; running variances are positive."""
    rng = np.random.default_rng(seed)
    plan = architecture(document.architecture).plan(document.input_shape, document.options)
    return {
        name: (np.abs if "running_var" in name else np.asarray)(
            0.1 + 0.2 * rng.standard_normal(shape)
        ).astype(np.float32)
        for name, shape in plan.tensors().items()
    }


def tiny_checkpoint(arch: str, shape: tuple[int, int, int] = SHAPE, **changes: Any) -> Checkpoint:
    """A checkpoint in memory, never trained."""
    document = tiny_document(arch, shape, **changes)
    plan = architecture(arch).plan(shape, document.options)
    return Checkpoint(Card(f"tiny-{arch}", Path(), False, document, plan), tiny_tensors(document))


def version_1(document: Document, tensors: Mapping[str, np.ndarray]) -> bytes:
    """A checkpoint file as it was written before format 2: a check sum of the numbers alone."""
    plain = safetensors.numpy.save(dict(tensors))
    numbers = plain[8 + int.from_bytes(plain[:8], "little") :]
    digest = hashlib.sha256(numbers).hexdigest()
    document = msgspec.structs.replace(document, format=1, sha256=digest)
    return safetensors.numpy.save(dict(tensors), {"hourglass": documents.to_json(document)})


def overflowing(dark: float, shape: tuple[int, int, int] = SHAPE) -> tuple[Document, Tensors]:
    """A model with finite weights whose output is not finite for images of a mean above `dark`.

    dark: -1 for all images.  Darker ones come back as the decoder's bias.
    """
    options = {"latent_dim": 3, "widths": [8], "activation": "relu"}
    options = options | {"batch_norm": False, "bounded": False}
    document = tiny_document("dense", shape, options=architecture("dense").check(options))
    tensors = tiny_tensors(document)
    first, second = (name for name in tensors if name[:7] == "encoder" and "weight" in name)
    tensors[first][:] = 1e30 / np.prod(shape)
    tensors[first.replace("weight", "bias")][:] = -1e30 * dark
    tensors[second][:] = 1e10
    return document, tensors
