"""The JSON document in a checkpoint's header: its fields, their types and their bounds.

A document that breaks one of them is refused before anything is made of it.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from core.config import CheckpointError
from core.noise import Kind, Noise

FORMAT: Literal[1] = 1
N_QUANTILES = 201  # 0, 0.5, ... 100 %

Text = Annotated[str, Meta(max_length=300)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
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
        """What is stored, to be used."""
        return Noise(self.kind, self.sigma, self.mu, self.clip)


class TrainingRecord(Struct, frozen=True):
    """How the weights were trained.  seconds: wall time of the training itself."""

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: Positive
    seed: Count
    noise: NoiseRecord
    n_images: Count
    seconds: Positive
    device: Text = "cpu"
    threads: Count = 1


class EpochRecord(Struct, frozen=True):
    """One epoch.

    train_loss: mean of what was minimised.  test_mse: on clean test images, pixels in [0, 1].
    """

    epoch: Count
    train_loss: Finite
    test_mse: Positive
    seconds: Positive
    images_per_second: Positive


class MetricsRecord(Struct, frozen=True):
    """Mean quality on the whole test split, clean input.  psnr in dB."""

    dataset: Text
    split: Text
    n: Count
    mse: Positive
    psnr: Finite
    ssim: Annotated[float, Meta(ge=-1, le=1)]


class Document(Struct, frozen=True):
    """Everything that a checkpoint says about itself."""

    format: Literal[1]
    architecture: Text
    options: dict[str, Any]
    input_shape: tuple[Side, Side, Side]
    dataset: Text
    split: Text
    excluded_classes: Annotated[tuple[Text, ...], Meta(max_length=1000)]
    held_out: Text
    training: TrainingRecord
    history: Annotated[tuple[EpochRecord, ...], Meta(max_length=10_000)]
    metrics: MetricsRecord
    reference: Annotated[tuple[Positive, ...], Meta(min_length=N_QUANTILES, max_length=N_QUANTILES)]
    explained_variance: Annotated[tuple[Share, ...], Meta(max_length=4096)]
    versions: Annotated[dict[Text, Text], Meta(max_length=50)]
    date: Text
    sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""


def to_json(document: Document) -> str:
    """One line of JSON."""
    return msgspec.json.encode(document).decode()


def from_json(text: str) -> Document:
    """The document, or CheckpointError that names the first thing wrong with it."""
    try:
        document = msgspec.json.decode(text, type=Document)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CheckpointError(f"its description is not ours ({error})") from error
    if any(a > b for a, b in zip(document.reference, document.reference[1:], strict=False)):
        raise CheckpointError("its reference quantiles are not in order")
    return document
