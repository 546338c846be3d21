"""Settings of a training, checked before data are loaded or the network is built."""

import math
from dataclasses import dataclass, field
from typing import Any

from core.checkpoints.document import MAX_CLASSES, MAX_TEXT
from core.config import TrainingError
from core.models import ArchSpec
from core.noise import Noise
from core.settings import TrainSettings

WEIGHT_DECAY = 1e-4
PIXELS_SEEN = 150_000 * 28 * 28  # by a network with suggested settings, about
EPOCHS, BATCHES = (10, 200), (8, 128)  # suggested, at least and at most


@dataclass(frozen=True)
class TrainConfig(TrainSettings):
    """One training: its settings, and what is trained on what.

    options: of the architecture; missing ones take their defaults.  noise: put on the input, while
    the target stays clean.  Raises OptionError if a setting is out of bounds, TrainingError if a
    checkpoint could not say what it was trained on.
    """

    dataset: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict)
    noise: Noise = Noise()
    exclude_classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_names(self.dataset, self.exclude_classes)


def _check_names(dataset: str, classes: tuple[str, ...]) -> None:
    """Check that names of data set and classes can be stored in a checkpoint."""
    if len(classes) > MAX_CLASSES or any(len(name) > MAX_TEXT for name in classes):
        raise TrainingError(
            f"Choose at most {MAX_CLASSES:,} classes to leave out, with names of at most "
            f"{MAX_TEXT} characters."
        )
    try:
        "".join((dataset, *classes)).encode()
    except UnicodeEncodeError:
        raise TrainingError(
            f"{ascii(dataset)[:100]} or a class in it has a name that is not text: rename its "
            "files or folders."
        ) from None


def learning_rate(config: TrainConfig, spec: ArchSpec) -> float:
    """The peak learning rate: as configured, else the best one for 28 x 28 digits."""
    if config.learning_rate is not None:
        return config.learning_rate
    if spec.name == "conv":
        return 5e-3
    return 1e-2 if spec.name == "dense" and spec.check(config.options)["batch_norm"] else 3e-3


def suggested(dataset: str, input_shape: tuple[int, int, int], n_train: int) -> TrainConfig:
    """Settings that reconstruct most image sets well after one or two minutes on two cores.

    A convolutional network for any image size, with about PIXELS_SEEN pixels processed, within
    EPOCHS, and batches small enough for a dozen steps an epoch.
    input_shape: (C, H, W).  n_train: training images.
    """
    _, height, width = input_shape
    epochs = round(PIXELS_SEEN / (height * width * max(n_train, 1)))
    batch = 2 ** int(math.log2(max(n_train, 1) / 12 + 1))
    return TrainConfig(
        dataset,
        "conv",
        epochs=min(max(epochs, EPOCHS[0]), EPOCHS[1]),
        batch_size=min(max(batch, BATCHES[0]), BATCHES[1]),
    )


@dataclass(frozen=True)
class Preset:
    """Predefined settings and their purpose.  options: of the architecture."""

    name: str
    title: str
    explanation: str
    arch: str
    options: dict[str, Any]
    settings: TrainSettings
    noise: Noise = Noise()


PLANE = {"latent_dim": 2, "widths": [512, 256, 128], "activation": "gelu", "batch_norm": False}
PRESETS: tuple[Preset, ...] = (
    Preset(
        name="small-code",
        title="Small code",
        explanation="Dense, D' = 32 (numbers in the code): reconstructs well, trains in a minute.",
        arch="dense",
        options={"latent_dim": 32},
        settings=TrainSettings(epochs=10),
    ),
    Preset(
        name="map",
        title="Map",
        explanation="Dense, D' = 2: two numbers for each image, so that all codes can be drawn "
        "as a map.",
        arch="dense",
        options=PLANE,
        settings=TrainSettings(epochs=20),
    ),
    Preset(
        name="denoiser",
        title="Denoiser",
        explanation="Convolutional, trained with noise of σ = 0.5: removes noise from images.",
        arch="conv",
        options={},
        settings=TrainSettings(epochs=8),
        noise=Noise(sigma=0.5),
    ),
)
