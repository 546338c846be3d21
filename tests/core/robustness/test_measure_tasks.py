"""Measurements as tasks: the same numbers as without."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from core import checkpoints
from core.computing import stock
from core.computing.stock import SplitRef
from core.data import catalogue
from core.inference import Autoencoder
from core.noise import Noise
from core.robustness import copying, curves, measure_tasks
from core.robustness.curves import Scored
from tests.core.models_for_tests import tiny_document, tiny_tensors


@pytest.fixture
def model(tmp_path: Path) -> Autoencoder:
    document = tiny_document("dense", (1, 28, 28))
    path = tmp_path / "tiny.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    return Autoencoder.of(card)


@pytest.fixture(scope="module")
def ref() -> SplitRef:
    return SplitRef.of("mnist-5k", "test")


def test_curve_is_what_is_measured_of_a_model_or_of_the_noisy_image(
    ref: SplitRef, model: Autoencoder
) -> None:
    images, noise = curves.spread(catalogue.load("mnist-5k", "test"), 30), Noise("speckle")
    for one, sha256 in ((model, model.card.sha256), (curves.Untouched(), "")):
        found = measure_tasks.curve(ref, 30, noise, 2, 5, sha256)["values"]
        expected = curves.measure(one, images, noise, 2, curves.levels(5))
        np.testing.assert_allclose(found, expected.stacked(), rtol=1e-5, atol=1e-7)
    assert measure_tasks.curve(ref, 0, noise, 2, 2, "")["values"].shape[2] == 1_000


def test_score_has_the_fields_of_one_scored(ref: SplitRef, model: Autoencoder) -> None:
    found = Scored(*measure_tasks.score(ref, 30, Noise(sigma=0.5), 0, model.card.sha256)["values"])
    assert all(value > 0 for value in astuple(found))
    assert found.mse != found.noisy_mse


def test_copying_keeps_a_few_pictures_of_each_kind(ref: SplitRef, model: Autoencoder) -> None:
    found = measure_tasks.copying(ref, 30, 1, 4, model.card.sha256)
    x = curves.spread(catalogue.load("mnist-5k", "test"), 30).pixels()
    for i, copy in enumerate(copying.copies(model, x, 1)):
        assert found["kept"][i] == pytest.approx(copy.kept, rel=1e-5)
        np.testing.assert_allclose(found["mse"][i], copy.mse, rtol=1e-5)
        np.testing.assert_array_equal(found["x"][i], copy.x[:4])
    assert found["passed"] == pytest.approx(copying.noise_passed(model, x, 1), rel=1e-5)
