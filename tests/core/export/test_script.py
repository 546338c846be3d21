"""Show me the code: the script, run by itself, ends in the weights of the checkpoint."""

import ast
import io
import subprocess
import sys
import tokenize
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
import torch

from core.checkpoints import Card, Checkpoint
from core.checkpoints.document import Document, MetricsRecord, NoiseRecord, TrainingRecord
from core.checkpoints.fileformat import plan_of
from core.export.script import script
from core.models.onnx_export import to_onnx
from core.noise import KINDS, Noise
from core.text import visible
from core.training.config import TrainConfig
from tests.core.hostile_words_for_tests import HOSTILE_WORDS
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.core.training.test_training import blobs, config, finished


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
    assert len(text.splitlines()) < (400 if KINDS[kind].whole_module else 150)
    assert "core" not in ast.unparse(ast.parse(text)), "it needs no Hourglass"


# An architecture each, and the noise it was trained with.
KINDS_OF_SCRIPT = (("pca", "gaussian"), ("dense", "salt_and_pepper"), ("vae", "speckle"))


def card_that_says(words: str, arch: str, kind: Any) -> Card:
    """A card all of whose texts are these words."""
    noise = NoiseRecord(kind, 0.0 if arch == "pca" else 0.5)
    training = TrainingRecord(1, 8, 0.01, 0.0, 0, noise, 10, 1.0, device=words)
    document = tiny_document(
        arch,
        dataset=words,
        split=words,
        excluded_classes=(words, words),
        held_out=words,
        training=training,
        metrics=MetricsRecord(words, words, 1, 0.1, 1.0, 0.1),
        versions={words: words},
        date=words,
    )
    return Card(words, Path(), False, document, plan_of(document))


def tree_of(card: Card) -> str:
    """What Python makes of the script, from its bytes as a file has them."""
    content = script(card).encode()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    assert encoding == "utf-8"
    return ast.dump(ast.parse(content))


@pytest.mark.parametrize(("arch", "kind"), KINDS_OF_SCRIPT)
def test_script_runs_the_same_code_whatever_a_stranger_wrote_into_the_document(
    arch: str, kind: str
) -> None:
    harmless = tree_of(card_that_says("harmless", arch, kind))
    for words in HOSTILE_WORDS:
        for hostile in (words, f"a{words}b", words * 9):
            assert tree_of(card_that_says(hostile, arch, kind)) == harmless, hostile
            text = script(card_that_says(hostile, arch, kind))
            comments = [line for line in text.splitlines() if line.startswith("#")]
            assert len(comments) == 3
            assert len(max(comments, key=len)) < 300


def test_script_has_a_text_field_of_the_document_nowhere_but_in_comments() -> None:
    """If a field is added to the document, card_that_says() must know it."""
    fields = {f.name for f in msgspec.structs.fields(Document) if "str" in str(f.type)}
    known = {"architecture", "options", "sha256"}  # checked against what there is
    set_above = {"dataset", "split", "excluded_classes", "held_out", "versions", "date"}
    assert fields - known == set_above


def test_script_names_the_data_and_the_classes_left_out_and_how_to_have_the_images() -> None:
    card = trained(config("dense", epochs=1)).card
    document = msgspec.structs.replace(card.document, excluded_classes=("5", "9"))
    text = script(replace(card, document=document, name="my-model"))
    assert "# Dense, D' = 3, without 5, 9, trained on 'blobs'." in text
    assert "#     python -m core export my-model --out images.npy" in text


@pytest.mark.parametrize("arch", ["pca", "conv"])
def test_onnx_file_says_what_the_model_is_whatever_a_stranger_wrote(arch: str) -> None:
    for words in HOSTILE_WORDS:
        document = tiny_document(arch, dataset=words, excluded_classes=(words,))
        card = Card("a", Path(), False, document, plan_of(document))
        about = onnx.load_from_string(
            to_onnx(card.plan, tiny_tensors(document), "whole", card.title)
        ).doc_string
        assert about == card.title == visible(about)
