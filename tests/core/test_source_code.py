"""Show me the code: the script, run by itself, ends in the weights of the checkpoint."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from core.checkpoints import Checkpoint
from core.learning.recipes import TrainConfig
from core.noise import KINDS, Noise
from core.source_code import script
from tests.core.test_training import blobs, config, finished


def run(checkpoint: Checkpoint, folder: Path, n: int = 100) -> dict[str, np.ndarray]:
    """What the script saves, run where there is no Hourglass."""
    (folder / "model.py").write_text(script(checkpoint.card))
    np.save(folder / "images.npy", blobs(n, "train").images)
    result = subprocess.run(
        [sys.executable, "-I", "model.py", "images.npy", "weights.npz"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    with np.load(folder / "weights.npz") as found:
        return {name: found[name] for name in found.files}


def assert_same(checkpoint: Checkpoint, found: dict[str, np.ndarray]) -> None:
    for name, tensor in checkpoint.tensors.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)


def trained(settings: TrainConfig) -> Checkpoint:
    torch.set_num_threads(1)
    return finished(settings, n=100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arch", "changes"),
    [
        ("dense", {"noise": Noise(sigma=0.4, mu=0.1), "seed": 3}),
        ("conv", {"noise": Noise("salt_and_pepper", 0.3)}),
        ("vae", {"exclude_classes": ()}),
        ("dense", {"options": {"latent_dim": 3, "widths": [], "batch_norm": False,
                               "bounded": False, "activation": "tanh"}}),
    ],
)  # fmt: skip
def test_script_ends_in_the_very_same_weights(
    arch: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint = trained(config(arch, **changes))
    assert_same(checkpoint, run(checkpoint, tmp_path))


def test_script_of_pca_finds_the_same_components(tmp_path: Path) -> None:
    checkpoint = trained(config("pca"))
    found = run(checkpoint, tmp_path)
    w = checkpoint.tensors["encoder.1.weight"]
    np.testing.assert_allclose(np.abs(found["w"]), np.abs(w), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clip", [False, True])
def test_script_for_every_noise_is_python_and_short(kind: Any, clip: bool) -> None:
    checkpoint = trained(config("conv", epochs=1, noise=Noise(kind, 0.3, clip=clip)))
    text = script(checkpoint.card)
    compile(text, "script.py", "exec")
    assert len(text.splitlines()) < 150
    assert "core" not in text.split('"""', 2)[2], "it needs no Hourglass"


def test_script_names_the_classes_left_out() -> None:
    card = trained(config("dense", epochs=1)).card
    document = msgspec.structs.replace(card.document, excluded_classes=("5", "9"))
    assert "['5', '9']" in script(replace(card, document=document))
