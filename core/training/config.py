"""What is trained on what, and how: settings, checked before anything is loaded or built."""

import math
from dataclasses import dataclass, field
from typing import Any

from core.checkpoints.document import MAX_CLASSES, MAX_TEXT
from core.config import TrainingError
from core.models import ArchSpec
from core.noise import Noise

WEIGHT_DECAY = 1e-4
PIXELS_SEEN = 150_000 * 28 * 28  # by a network with suggested settings, about
EPOCHS, BATCHES = (10, 200), (8, 128)  # suggested, at least and at most


@dataclass(frozen=True)
class TrainConfig:
    """One training.

    options: of the architecture; missing ones take their defaults.  noise: put on the input, while
    the target stays clean.  learning_rate: the peak of the one-cycle schedule; None takes the
    architecture's recipe.  device: auto, cpu, cuda or mps.  half: store weights as float16 (the
    network is judged as stored).  Raises TrainingError if a number is out of bounds.
    """

    dataset: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict)
    noise: Noise = Noise()
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float | None = None
    exclude_classes: tuple[str, ...] = ()
    seed: int = 0
    device: str = "auto"
    half: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.epochs <= 10_000:
            raise TrainingError("Choose 1 to 10,000 epochs.")
        if not 2 <= self.batch_size <= 65_536:
            raise TrainingError("Choose batches of 2 to 65,536 images.")
        if not 0 <= self.seed < 2**32:
            raise TrainingError("Choose a seed from 0 to 4,294,967,295.")
        if self.learning_rate is not None and not 0 < self.learning_rate <= 10:
            raise TrainingError("Choose a learning rate above 0 and at most 10.")
        _check_names(self.dataset, self.exclude_classes)


def _check_names(dataset: str, classes: tuple[str, ...]) -> None:
    """That the checkpoint can say what it was trained on."""
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
    """The peak of the schedule: as configured, else what was best on 28 x 28 digits."""
    if config.learning_rate is not None:
        return config.learning_rate
    if spec.name == "conv":
        return 5e-3
    return 1e-2 if spec.name == "dense" and spec.check(config.options)["batch_norm"] else 3e-3


def suggested(dataset: str, input_shape: tuple[int, int, int], n_train: int) -> TrainConfig:
    """Settings that rebuild most sets of images well, in a minute or two on two cores.

    A convolutional network, whatever the size of the images; so many epochs that it sees about
    PIXELS_SEEN pixels, within EPOCHS; batches small enough for a dozen steps an epoch.
    input_shape: (C, H, W).  n_train: images it learns from.
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
    """A training to start from, and what it is good for.  options: of the architecture."""

    name: str
    title: str
    explanation: str
    arch: str
    options: dict[str, Any]
    epochs: int
    noise: Noise = Noise()


PLANE = {"latent_dim": 2, "widths": [512, 256, 128], "activation": "gelu", "batch_norm": False}
PRESETS: tuple[Preset, ...] = (
    Preset(
        "small-code",
        "Small code",
        "Dense, D' = 32: rebuilds well from 32 numbers, and trains in a minute.",
        "dense",
        {"latent_dim": 32},
        10,
    ),
    Preset(
        "map",
        "Map",
        "Dense, D' = 2: two numbers an image, so that all codes lie on a plane you can see.",
        "dense",
        PLANE,
        20,
    ),
    Preset(
        "denoiser",
        "Denoiser",
        "Convolutional, trained on noise of 0.5: gives the clean image for the noisy one.",
        "conv",
        {},
        8,
        Noise(sigma=0.5),
    ),
)
