"""What a model is worth: collapse, the mean image and PCA are told apart from sound models."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core import checkpoints
from core.checkpoints import Checkpoint
from core.checkpoints.card import COLLAPSED, warning_of
from core.checkpoints.document import HealthRecord
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.inference.health import examined
from core.models import pca
from tests.core.models_for_tests import tiny_checkpoint, tiny_document, tiny_tensors

SHAPE = (1, 28, 28)
SOUND = HealthRecord(0.01, 0.07, 0.02, 0.9, 0.0, 0.0)


@pytest.fixture(scope="module")
def train() -> ImageSet:
    return catalogue.load("mnist-5k", "train").take(slice(0, 400))


@pytest.fixture(scope="module")
def test() -> ImageSet:
    return catalogue.load("mnist-5k", "test").take(slice(0, 200))


def fitted(train: ImageSet, latent_dim: int) -> Checkpoint:
    checkpoint = tiny_checkpoint("pca", SHAPE, options={"latent_dim": latent_dim})
    tensors, _ = pca.fit(train.pixels().reshape(len(train), -1), latent_dim)
    return replace(checkpoint, tensors=tensors)


def test_pca_is_as_good_as_pca_and_better_than_the_mean_image(
    train: ImageSet, test: ImageSet
) -> None:
    found = examined(Autoencoder(fitted(train, 20)), train, test)
    assert found.pca_mse == pytest.approx(found.mse, rel=1e-4)
    x = test.pixels()
    expected = np.square(x - train.pixels().mean(axis=0)).mean()
    assert found.mean_image_mse == pytest.approx(expected, rel=1e-4)
    assert COLLAPSED < found.output_dependence < 1
    assert (found.dead_units, found.posterior_collapse) == (0, 0)
    assert warning_of(found) == ""


def test_model_that_gives_the_mean_image_for_every_input_is_collapsed(
    train: ImageSet, test: ImageSet
) -> None:
    checkpoint = fitted(train, 20)
    tensors = dict(checkpoint.tensors)
    tensors["decoder.0.weight"] = np.zeros_like(tensors["decoder.0.weight"])
    found = examined(Autoencoder(replace(checkpoint, tensors=tensors)), train, test)
    assert found.output_dependence == pytest.approx(0, abs=1e-9)
    assert found.mse == pytest.approx(found.mean_image_mse, rel=1e-3)
    assert warning_of(found).startswith("Collapsed")


def test_untrained_model_is_worse_than_the_mean_image(train: ImageSet, test: ImageSet) -> None:
    found = examined(Autoencoder(tiny_checkpoint("dense", SHAPE)), train, test)
    assert found.mse > found.mean_image_mse
    assert warning_of(found)


def test_numbers_of_the_code_that_never_change_are_counted(train: ImageSet, test: ImageSet) -> None:
    checkpoint = fitted(train, 20)
    tensors = dict(checkpoint.tensors)
    weight = tensors["encoder.1.weight"].copy()
    weight[5:] = 0
    tensors["encoder.1.weight"] = weight
    found = examined(Autoencoder(replace(checkpoint, tensors=tensors)), train, test)
    assert found.dead_units == 0.75


def test_pca_of_as_many_numbers_as_pixels_is_no_baseline(test: ImageSet) -> None:
    few = test.take(slice(0, 3))
    assert examined(Autoencoder(tiny_checkpoint("dense", SHAPE)), few, test).pca_mse is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"output_dependence": 0.001}, "Collapsed"),
        ({"mse": 0.2}, "Worse than the mean image"),
        ({"mse": 0.03}, "Worse than PCA"),
        ({"mse": 0.0202}, ""),  # not to be told from PCA
        ({"mse": 0.03, "pca_mse": None}, ""),
        ({"mse": 5.9e-14, "pca_mse": 3.7e-14}, ""),  # both are exact
        ({"posterior_collapse": 0.6}, "Posterior collapse"),
        ({"dead_units": 0.5}, "50 % of the numbers"),
    ],
)
def test_one_sentence_says_the_worst(changes: dict[str, float], words: str) -> None:
    said = warning_of(msgspec.structs.replace(SOUND, **changes))
    assert said.startswith(words)
    assert bool(said) == bool(words)
    assert warning_of(None) == ""


def test_health_is_kept_in_the_file_and_marks_the_model(tmp_path: Path) -> None:
    ill = msgspec.structs.replace(SOUND, output_dependence=0.0)
    for health, expected in ((None, ""), (SOUND, ""), (ill, " ⚠")):
        document = tiny_document("dense", SHAPE, health=health)
        path = tmp_path / "m.safetensors"
        checkpoints.save(path, document, tiny_tensors(document))
        card = checkpoints.read(path).card
        assert card.health == health
        assert card.mark == expected


def test_health_of_every_shipped_model_is_known_and_none_has_a_defect() -> None:
    cards = [card for card in checkpoints.available() if card.shipped]
    assert len(cards) > 10
    for card in cards:
        assert card.health is not None
        assert card.health.mse == pytest.approx(card.metrics["mse"], rel=0.25)
        assert "mean image" in card.health_words
        assert card.warning == ""


def test_denoising_model_is_not_measured_by_pca() -> None:
    worse = replace_health(pca_mse=SOUND.mse / 2)
    assert "Worse than PCA" in warning_of(worse)
    assert warning_of(worse, denoises=True) == ""
    assert "Collapsed" in warning_of(replace_health(output_dependence=0.0), denoises=True)


def replace_health(**values: float) -> HealthRecord:
    return msgspec.structs.replace(SOUND, **values)
