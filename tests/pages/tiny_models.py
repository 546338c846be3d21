"""Checkpoints for tests of the pages: right in form, never trained."""

from pathlib import Path

import pytest

from core import checkpoints
from core.checkpoints import trained_on
from core.checkpoints.document import NoiseRecord, TrainingRecord
from tests.core.models_for_tests import tiny_document, tiny_tensors

DIGITS = (1, 28, 28)
NOISE = NoiseRecord("gaussian", 0.5)


def save_tiny_models(folder: Path, home: Path | None = None) -> None:
    """Save tiny-denoising (dense, noise 0.5, not clipped), tiny-dense and tiny-pca, for digits.

    home: the HOURGLASS_HOME in which it is noted that they were trained there; the test's if None.
    """
    for name, arch, noise in (
        ("tiny-denoising", "dense", NOISE),
        ("tiny-dense", "dense", NoiseRecord()),
        ("tiny-pca", "pca", NoiseRecord()),
    ):
        training = TrainingRecord(1, 8, 0.01, 0.0, 0, noise, 10, 1.0)
        document = tiny_document(arch, DIGITS, training=training)
        tensors = tiny_tensors(document, seed=len(name))
        card = checkpoints.save(folder / f"{name}.safetensors", document, tensors)
        with pytest.MonkeyPatch.context() as patch:
            if home is not None:
                patch.setenv("HOURGLASS_HOME", str(home))
            trained_on.note(card, document.dataset)
