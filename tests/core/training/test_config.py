"""Settings that are suggested for images that nobody has trained on."""

import math

import pytest

from core.models import architecture
from core.settings import TrainSettings
from core.training.config import (
    BATCHES,
    CODES,
    EPOCHS,
    FEW,
    FEW_SMALL,
    STEPS,
    TrainConfig,
    adapted,
    network,
    suggested,
)

SHAPES = [(1, 28, 28), (3, 64, 64), (3, 128, 128), (1, 16, 300), (3, 512, 512)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_train", [1, 2, 31, 1_000, 70_000, 10**7])
def test_suggested_settings_can_be_built_and_keep_to_their_bounds(
    shape: tuple[int, int, int], n_train: int
) -> None:
    for config in (suggested("own:x", shape, n_train), network("own:x", shape, n_train)):
        check(config, shape, n_train)


def check(config: TrainConfig, shape: tuple[int, int, int], n_train: int) -> None:
    assert config.dataset == "own:x"
    assert not config.noise
    assert config.epochs >= EPOCHS[0]
    steps = config.epochs * math.ceil(n_train / config.batch_size)
    assert steps >= STEPS
    assert config.epochs <= EPOCHS[1] or steps < STEPS + n_train / config.batch_size + 1
    assert CODES[0] <= config.options["latent_dim"] <= CODES[1]
    assert BATCHES[0] <= config.batch_size <= BATCHES[1]
    spec = architecture(config.arch)
    assert spec.plan(shape, spec.check(config.options)).input_shape == shape


def test_few_or_small_images_are_seen_more_often_and_in_small_batches() -> None:
    few, many = (network("x", (1, 28, 28), n) for n in (500, 5_000))
    large = network("x", (3, 128, 128), 500)
    assert few.epochs > many.epochs
    assert few.epochs > large.epochs
    assert few.batch_size < many.batch_size
    assert 500 / few.batch_size >= 10, "steps an epoch"


def test_code_of_a_network_is_an_eighth_of_few_images() -> None:
    sizes = [network("x", (3, 64, 64), n).options["latent_dim"] for n in (10, 140, 300, 10_000)]
    assert sizes == [8, 16, 32, 64]


def test_few_images_are_given_to_pca_with_less_numbers_than_images() -> None:
    for shape in ((1, 64, 64), (3, 64, 64)):
        enough = FEW * shape[0]
        assert suggested("x", shape, enough).arch == "conv"
        few = suggested("x", shape, enough - 1)
        assert (few.arch, few.options) == ("pca", {"latent_dim": 64})
    assert suggested("x", (3, 64, 64), 100).options == {"latent_dim": 16}
    assert suggested("x", (1, 28, 28), FEW_SMALL).arch == "conv"
    assert suggested("x", (1, 28, 28), FEW_SMALL - 1).arch == "pca"


@pytest.mark.parametrize("n_train", [8, 60, 500])
def test_preset_for_few_images_takes_enough_steps(n_train: int) -> None:
    settings = adapted(TrainSettings(epochs=10, batch_size=128, seed=3), (1, 64, 64), n_train)
    assert settings.epochs * math.ceil(n_train / settings.batch_size) >= STEPS
    assert settings.seed == 3
