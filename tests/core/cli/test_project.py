"""The commands `project` and `structure`."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import checkpoints
from core.cli.main import main
from core.cli.project import METHODS
from core.data import catalogue
from core.inference import Autoencoder
from core.latent import geometry, structure
from core.latent.projections import BY_NAME
from tests.core.models_for_tests import tiny_document, tiny_tensors


@pytest.fixture
def model(own_checkpoints: Path) -> str:
    document = tiny_document("dense", (1, 28, 28))
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    return "tiny"


def test_project_writes_the_place_of_each_image(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.parquet"
    assert main(["project", model, "mnist-5k", "--out", str(out), "--most", "90", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    table = pd.read_parquet(out)
    images = catalogue.load("mnist-5k")
    images = images.take(geometry.stratified(images.labels, len(images), 90, 0))
    z = Autoencoder.load(model).encode(images.pixels())
    assert table["id"].tolist() == images.ids.tolist()
    expected = geometry.plane(z).coordinates(z)
    np.testing.assert_allclose(table[["x", "y"]], expected, rtol=1e-3, atol=1e-5)
    assert (result["n"], result["method"]) == (90, "pca")
    trust = structure.trustworthiness(z, table[["x", "y"]])
    assert result["trustworthiness"] == pytest.approx(trust, abs=1e-3)


def test_methods_offered_are_those_there_are() -> None:
    assert set(METHODS) == set(BY_NAME)


def test_structure_measures_codes_pixels_and_pca(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["structure", model, "--most", "120", "--seed", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    images = catalogue.load("mnist-5k")
    images = images.take(geometry.stratified(images.labels, len(images), 120, 2))
    assert images.labels is not None
    assert result["n"] == 120
    assert [space["name"] for space in result["spaces"]] == ["codes", "pixels", "pca"]
    expected = structure.silhouette(images.pixels().reshape(120, -1), images.labels)
    assert result["spaces"][1]["silhouette"] == pytest.approx(expected, rel=1e-4)


def test_structure_without_classes_says_what_to_do(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    for name in "abc":
        Image.new("L", (28, 28), 9).save(tmp_path / f"{name}.png")
    assert main(["structure", model, "--dataset", str(tmp_path)]) == 2
    assert "no classes to compare: choose data" in capsys.readouterr().err
