"""Settings of a training, checked before data are loaded or the network is built."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from core.checkpoints.document import MAX_CLASSES, MAX_TEXT
from core.config import TrainingError
from core.models import BY_NAME, MAX_PARAMETERS, ArchSpec
from core.noise import Noise
from core.settings import TrainSettings

WEIGHT_DECAY = 1e-4
# Suggested for a data set, at least and at most; python -m benchmarks.suggested measures them.
PIXELS_SEEN = 150_000 * 28 * 28  # by a network, about
EPOCHS, BATCHES, CODES = (3, 40), (8, 128), (8, 64)
FEW, FEW_SMALL = 1_000, 300  # images a channel; where PCA cannot have a larger code: see is_few()
STEPS = 300  # at least, however few images there are: fewer are no training
# The same for a network that learns to repair: each image has new defects every time.
REPAIRS_SEEN, REPAIR_EPOCHS, REPAIR_STEPS, REPAIR_BATCH = 600_000_000, (3, 400), 1_500, 16
OF_THE_COUNT = ("epochs", "batch_size")  # settings that go by the number of images


@dataclass(frozen=True)
class TrainConfig(TrainSettings):
    """One training: its settings, and what is trained on what.

    options: of the architecture; missing ones take their defaults.  noise: put on the input, while
    the target stays clean.  Raises OptionError if a setting is out of bounds, TrainingError if a
    checkpoint could not say what it was trained on.  Without noise the architecture's own is taken,
    which is none for all but "repair".
    """

    dataset: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict)
    noise: Noise = Noise()
    exclude_classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.noise and self.arch in BY_NAME:
            object.__setattr__(self, "noise", BY_NAME[self.arch].noise)
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
    if spec.name in ("conv", "repair"):
        return 5e-3
    return 1e-2 if spec.name == "dense" and spec.check(config.options)["batch_norm"] else 3e-3


def suggested(dataset: str, input_shape: tuple[int, int, int], n_train: int) -> TrainConfig:
    """Settings that suit a data set: those of network(), but PCA for few images.

    From few images PCA reconstructs unseen ones better, or as well, with a code that is as large as
    they allow, which a network cannot learn from them.
    input_shape: (C, H, W).  n_train: training images.
    """
    found = network(dataset, input_shape, n_train)
    if not is_few(input_shape, n_train):
        return found
    dim = _code_size(input_shape, n_train / 4)
    return replace(found, arch="pca", options={"latent_dim": dim})


def is_few(input_shape: tuple[int, int, int], n_train: int) -> bool:
    """Whether a network learns less from so many images of (C, H, W) than PCA.

    In small images PCA's code is no larger than the network's, which learns more from FEW_SMALL on.
    """
    is_small = math.prod(input_shape) < 16 * CODES[1]
    return n_train < (FEW_SMALL if is_small else FEW) * input_shape[0]


def network(dataset: str, input_shape: tuple[int, int, int], n_train: int) -> TrainConfig:
    """A convolutional network, whose code and steps go by the number and size of the images.

    D' is an eighth of the number of images: from few images a network learns a large code worse
    than PCA does.
    """
    epochs, batch_size = duration(input_shape, n_train)
    dim = _code_size(input_shape, n_train / 8)
    return TrainConfig(dataset, "conv", {"latent_dim": dim}, epochs=epochs, batch_size=batch_size)


def duration(
    input_shape: tuple[int, int, int], n_train: int, is_repair: bool = False
) -> tuple[int, int]:
    """Epochs and batch size that suit a number of images of (C, H, W).

    A dozen steps an epoch or more, within BATCHES; about PIXELS_SEEN pixels through the network,
    within EPOCHS, but at least STEPS steps.  is_repair: more, since defects are drawn anew each
    time, in batches of at most 16.
    """
    _, height, width = input_shape
    seen, bounds, steps = PIXELS_SEEN, EPOCHS, STEPS
    if is_repair:
        seen, bounds, steps = REPAIRS_SEEN, REPAIR_EPOCHS, REPAIR_STEPS
    n = max(n_train, 1)
    most = REPAIR_BATCH if is_repair else BATCHES[1]
    batch = min(max(2 ** int(math.log2(n / 12 + 1)), BATCHES[0]), most)
    epochs = min(max(round(seen / (height * width * n)), bounds[0]), bounds[1])
    return max(epochs, math.ceil(steps / math.ceil(n / batch))), batch


def _code_size(input_shape: tuple[int, int, int], most: float) -> int:
    """The power of two up to `most`, and up to a sixteenth of the numbers in an image of (C, H, W);
    within CODES, and so that PCA with as many has not too many parameters.
    """
    numbers = math.prod(input_shape)
    bound = max(1, min(most, numbers / 16, MAX_PARAMETERS / (3 * numbers)))
    return int(min(max(2 ** int(math.log2(bound)), CODES[0]), CODES[1]))


def adapted(
    settings: TrainSettings,
    input_shape: tuple[int, int, int],
    n_train: int,
    is_repair: bool = False,
) -> TrainSettings:
    """The settings with epochs and batch size that suit a data set; see duration()."""
    epochs, batch_size = duration(input_shape, n_train, is_repair)
    return replace(settings, epochs=epochs, batch_size=batch_size)


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
    Preset(
        name="repairer",
        title="Repairer",
        explanation="Trained with drawn defects: repairs images and says where it had to, which "
        "finds defects that it has never seen. Takes minutes.",
        arch="repair",
        options={},
        settings=TrainSettings(epochs=40, batch_size=16),
        noise=Noise("defects", 1.0),
    ),
)
