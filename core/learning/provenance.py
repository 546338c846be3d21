"""Where a model comes from, as its checkpoint says it: data, settings, history, versions, date."""

from datetime import UTC, datetime
from importlib.metadata import version

import torch

from core.data.imagesets import ImageSet
from core.documents import (
    FORMAT,
    N_QUANTILES,
    Document,
    MetricsRecord,
    NoiseRecord,
    TrainingRecord,
    label,
)
from core.learning.fitting import Fitted
from core.learning.recipes import WEIGHT_DECAY, TrainConfig, learning_rate
from core.models import ArchSpec


def document(config: TrainConfig, spec: ArchSpec, train_set: ImageSet, fitted: Fitted) -> Document:
    """The document of a model that is still to be judged: its metrics and reference are zeros."""
    return Document(
        format=FORMAT,
        architecture=spec.name,
        options=spec.check(config.options),
        input_shape=train_set.shape,
        dataset=label(train_set.id),
        split="train",
        excluded_classes=config.exclude_classes,
        held_out="the 1,000 test digits of mnist-5k" if train_set.id == "mnist" else "",
        training=_training_record(config, spec, len(train_set), fitted),
        history=fitted.history,
        metrics=MetricsRecord(label(train_set.id), "test", 0, 0.0, 0.0, 0.0),
        reference=(0.0,) * N_QUANTILES,
        explained_variance=fitted.explained_variance,
        versions={name: version(name) for name in ("torch", "numpy", "safetensors")},
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _training_record(
    config: TrainConfig, spec: ArchSpec, n_images: int, fitted: Fitted
) -> TrainingRecord:
    noise = config.noise
    return TrainingRecord(
        epochs=len(fitted.history),
        batch_size=config.batch_size,
        learning_rate=0.0 if spec.closed_form else learning_rate(config, spec),
        weight_decay=0.0 if spec.closed_form else WEIGHT_DECAY,
        seed=config.seed,
        noise=NoiseRecord(noise.kind, noise.sigma, noise.mu, noise.clip),
        n_images=n_images,
        seconds=fitted.seconds,
        device=fitted.device,
        threads=torch.get_num_threads(),
    )
