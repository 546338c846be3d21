"""The JSON document in a checkpoint's header: its fields, their types and their bounds.

It is untrusted. Each text, number and list in it is bounded, and a document that breaks a bound is
refused before it is used. Texts are shown through core.text; none is code, and none is a path that
is opened (see core.checkpoints.trained_on).
"""

import dataclasses
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from core.config import CheckpointError, OptionError
from core.images.preparation import Preparation
from core.noise import Kind, Noise
from core.settings import TrainSettings, settings_of
from core.text import one_line

FORMAT: Literal[2] = 2
N_QUANTILES = 201  # 0, 0.5, ... 100 %
MAX_TEXT = 300  # characters
MAX_CLASSES = 1000  # that are left out of training
MAX_SCORES, MAX_KINDS, MAX_LABEL = 60, 20, 40  # of a choice; characters of their names
MAX_ERROR = 200  # characters of what is wrong with a document


def _most(name: str) -> float:
    """The upper bound of a setting of a training."""
    return next(setting.high for setting in settings_of(TrainSettings) if setting.name == name)


Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Label = Annotated[str, Meta(max_length=MAX_LABEL)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Epochs = Annotated[int, Meta(ge=0, le=_most("epochs"))]
BatchSize = Annotated[int, Meta(ge=0, le=_most("batch_size"))]
Rate = Annotated[float, Meta(ge=0, le=_most("learning_rate"))]
Seed = Annotated[int, Meta(ge=0, le=_most("seed"))]
Threads = Annotated[int, Meta(ge=0, le=4096)]
Positive = Annotated[float, Meta(ge=0, le=1e15)]
Finite = Annotated[float, Meta(ge=-1e15, le=1e15)]
Side = Annotated[int, Meta(ge=1, le=512)]


class NoiseRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A core.noise.Noise as it is stored."""

    kind: Kind = "gaussian"
    sigma: Share = 0.0
    mu: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    clip: bool = False

    def noise(self) -> Noise:
        """The stored noise as a core.noise.Noise."""
        return Noise(self.kind, self.sigma, self.mu, self.clip)


class TrainingRecord(Struct, frozen=True):
    """Settings and result of the training.

    epochs, learning_rate, device, threads: what they were in the end.  seconds: wall time of the
    training itself.  asked: the settings that were asked for; None in models of older versions.
    """

    epochs: Epochs
    batch_size: BatchSize
    learning_rate: Rate
    weight_decay: Rate
    seed: Seed
    noise: NoiseRecord
    n_images: Count
    seconds: Positive
    device: Text = "cpu"
    threads: Threads = 1
    asked: TrainSettings | None = None

    def settings(self) -> dict[str, Any]:
        """The settings by name: as they were asked for, and of these what became of them.

        What is not known of an older model has its default.
        """
        asked = dataclasses.asdict(self.asked or TrainSettings())
        done = {"epochs", "batch_size", "learning_rate", "seed"}
        return asked | {name: getattr(self, name) for name in done}


class EpochRecord(Struct, frozen=True):
    """One epoch.

    train_loss: mean of what was minimised.  test_mse: on clean test images, pixels in [0, 1].
    found: AUROC of planted defects, of networks that say where they repair.
    """

    epoch: Epochs
    train_loss: Finite
    test_mse: Positive
    seconds: Positive
    images_per_second: Positive
    found: Annotated[float, Meta(ge=0, le=1)] | None = None


class MetricsRecord(Struct, frozen=True):
    """Mean quality on the whole test split, clean input.  psnr in dB."""

    dataset: Text
    split: Text
    n: Count
    mse: Positive
    psnr: Finite
    ssim: Annotated[float, Meta(ge=-1, le=1)]


class HealthRecord(Struct, frozen=True):
    """Quality of a model, measured at the end of its training; see core.inference.health.

    mse, mean_image_mse, pca_mse: test errors of the model, of the mean training image, and of PCA
    with as many numbers (None where that has no meaning).  output_dependence: the variance of the
    outputs over that of the images.  dead_units, posterior_collapse: shares of the code's numbers.
    """

    mse: Positive
    mean_image_mse: Positive
    pca_mse: Positive | None
    output_dependence: Positive
    dead_units: Share
    posterior_collapse: Share


class ChoiceRecord(Struct, frozen=True):
    """Which score finds planted outliers best; see core.anomaly.choosing.

    auroc: score -> kind of outlier -> AUROC.  best: one of the scores.  n: usual images.  seed: of
    the planting.
    """

    auroc: Annotated[
        dict[Label, Annotated[dict[Label, Share], Meta(max_length=MAX_KINDS)]],
        Meta(max_length=MAX_SCORES),
    ]
    best: Label
    n: Count
    seed: Seed = 0


class Document(Struct, frozen=True):
    """Everything that a checkpoint says about itself.

    options: of the architecture, which knows their bounds.  dataset: the id of a set, or only a
    name for images that are not known here.
    preparation: how files became images of that set; None if it is not made of a person's files, or
    in files written before it was noted.
    health, choice: None in files written before they were measured; choice also in those of models
    that were not trained on a person's own set.
    sha256: of the numbers, in files of format 1; later ones have a digest beside the document.
    """

    format: Literal[1, 2]
    architecture: Text
    options: dict[str, Any]
    input_shape: tuple[Side, Side, Side]
    dataset: Text
    split: Text
    excluded_classes: Annotated[tuple[Text, ...], Meta(max_length=MAX_CLASSES)]
    held_out: Text
    training: TrainingRecord
    history: Annotated[tuple[EpochRecord, ...], Meta(max_length=10_000)]
    metrics: MetricsRecord
    reference: Annotated[tuple[Positive, ...], Meta(min_length=N_QUANTILES, max_length=N_QUANTILES)]
    explained_variance: Annotated[tuple[Share, ...], Meta(max_length=4096)]
    versions: Annotated[dict[Text, Text], Meta(max_length=50)]
    date: Text
    health: HealthRecord | None = None
    sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""
    preparation: Preparation | None = None
    choice: ChoiceRecord | None = None


def label(dataset: str) -> str:
    """The name of a data set in a document: its id, shortened in the middle if very long."""
    if len(dataset) <= MAX_TEXT:
        return dataset
    return f"{dataset[:20]}…{dataset[21 - MAX_TEXT :]}"


def to_json(document: Document) -> str:
    """One line of JSON."""
    return msgspec.json.encode(document).decode()


def from_json(text: str) -> Document:
    """The document, or CheckpointError that names the first thing wrong with it."""
    try:
        document = msgspec.json.decode(text, type=Document)
    except (msgspec.DecodeError, OptionError, UnicodeError, RecursionError) as error:
        said = one_line(str(error), MAX_ERROR)
        raise CheckpointError(f"its description is not ours ({said})") from error
    if any(a > b for a, b in zip(document.reference, document.reference[1:], strict=False)):
        raise CheckpointError("its reference quantiles are not in order")
    if document.preparation and document.preparation.shape != document.input_shape:
        raise CheckpointError("its images are prepared in another shape than it takes")
    return document
