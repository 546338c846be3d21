"""What is offered instead of a model that is worth little."""

import shlex
from collections.abc import Sequence
from typing import Any

import click
import pytest

from core.checkpoints.document import EpochRecord, HealthRecord
from core.cli.train import arch_options, train
from core.models import architecture
from core.noise import Noise
from core.settings import settings_of
from core.training.config import TrainConfig
from core.training.remedies import command, remedies
from tests.core.models_for_tests import tiny_checkpoint

SOUND = HealthRecord(0.01, 0.05, 0.02, 0.9, 0.0, 0.0)
WORSE_THAN_PCA = HealthRecord(0.04, 0.05, 0.02, 0.9, 0.0, 0.0)
WORSE_THAN_MEAN = HealthRecord(0.06, 0.05, None, 0.9, 0.0, 0.0)
COLLAPSED = HealthRecord(0.01, 0.05, None, 0.9, 0.0, 0.9)


def offered(
    arch: str, health: HealthRecord, errors: Sequence[float] = (), **config: Any
) -> list[str]:
    """errors: on the test images, after each epoch."""
    history = tuple(EpochRecord(i, 0.1, mse, 1.0, 1.0) for i, mse in enumerate(errors, start=1))
    checkpoint = tiny_checkpoint(arch, health=health, history=history)
    options = checkpoint.card.options | config.pop("options", {})
    asked = TrainConfig("own:x", arch, options, **config)
    return [one.words for one in remedies(asked, checkpoint.card)]


def test_sound_model_needs_no_remedy() -> None:
    assert offered("dense", SOUND) == []


@pytest.mark.parametrize("health", [WORSE_THAN_PCA, WORSE_THAN_MEAN])
def test_model_that_is_worse_than_pca_or_the_mean_is_trained_longer_or_replaced(
    health: HealthRecord,
) -> None:
    dim = tiny_checkpoint("dense").card.latent_dim
    words = offered("dense", health, epochs=10)
    assert words == [
        "Train 4 times as long",
        f"Double the code, D' = {2 * dim}",
        f"Use PCA, D' = {dim}",
    ]


def test_model_that_has_learnt_its_training_images_by_heart_is_trained_for_less_long() -> None:
    rising = [0.05, 0.02, 0.03, 0.04]
    assert offered("dense", WORSE_THAN_PCA, rising, epochs=4)[0] == "Train 2 epochs only"
    falling = [0.05, 0.04, 0.041, 0.0405]
    assert offered("dense", WORSE_THAN_PCA, falling, epochs=4)[0] == "Train 4 times as long"


def test_training_that_cannot_be_longer_gets_smaller_steps() -> None:
    assert (
        offered("dense", WORSE_THAN_PCA, epochs=9_000)[0] == "Train with a learning rate of 0.001"
    )


def test_variational_model_whose_code_says_nothing_gets_a_smaller_beta() -> None:
    assert offered("vae", COLLAPSED, options={"beta": 1.0})[0] == "Train with beta = 0.1"


def test_pca_is_not_replaced_by_itself_nor_trained_longer() -> None:
    words = offered("pca", WORSE_THAN_MEAN)
    assert all(one.startswith("Double the code") for one in words)


def test_each_remedy_is_a_training_that_can_be_built() -> None:
    checkpoint = tiny_checkpoint("dense", health=WORSE_THAN_PCA)
    asked = TrainConfig("own:x", "dense", checkpoint.card.options, exclude_classes=("5",))
    for one in remedies(asked, checkpoint.card):
        spec = architecture(one.config.arch)
        assert spec.plan(checkpoint.card.input_shape, one.config.options).n_parameters() > 0
        assert one.config.exclude_classes == ("5",)


def test_command_line_of_a_training_is_that_training() -> None:
    asked = TrainConfig(
        "own:my set",
        "dense",
        {"latent_dim": 8, "widths": [16, 4], "batch_norm": False},
        Noise("salt_and_pepper", 0.25, clip=True),
        ("a b", "$(x)"),
        epochs=7,
        learning_rate=0.02,
        half=True,
    )
    words = shlex.split(command(asked))
    assert words[:4] == ["python", "-m", "core", "train"]
    said = train.make_context("train", words[4:], resilient_parsing=False).params
    assert (said["dataset"], said["arch"]) == ("own:my set", "dense")
    spec = architecture("dense")
    options = arch_options(spec, said["settings"], said["latent_dim"])
    assert spec.check(options) == spec.check(asked.options)
    for setting in settings_of(asked):
        assert said[setting.name] == getattr(asked, setting.name), setting.name
    for setting in settings_of(asked.noise):
        assert said[f"noise_{setting.name}"] == getattr(asked.noise, setting.name), setting.name
    assert said["exclude_classes"] == ("a b", "$(x)")
    assert isinstance(train, click.Command)
