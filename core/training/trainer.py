"""Training as a stream of events.

The command line, background runs, tests and benchmarks all consume the same stream.
"""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from core import checkpoints
from core.checkpoints import Card, Checkpoint, trained_on
from core.checkpoints.document import (
    FORMAT,
    N_QUANTILES,
    Document,
    MetricsRecord,
    NoiseRecord,
    TrainingRecord,
    label,
)
from core.config import CheckpointError, TrainingError
from core.images import digests
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.inference.evaluation import qualities
from core.inference.health import examined
from core.models import ArchSpec, architecture
from core.models.layers import Plan
from core.settings import TrainSettings, settings_of
from core.training import divergence
from core.training.config import WEIGHT_DECAY, TrainConfig, learning_rate
from core.training.descent import Descent
from core.training.distributed import ALONE, Team
from core.training.events import Event, Finished, Saved
from core.training.fitting import Fitted, fit_by_gradient, fit_closed_form, fitted
from core.training.resume_state import State

Finish = Callable[[Checkpoint, ImageSet], Checkpoint]  # with the training images

# The document of a checkpoint: data, settings, history, versions, date.


def checkpoint_document(
    config: TrainConfig, spec: ArchSpec, train_set: ImageSet, fitted: Fitted
) -> Document:
    """The document of a model before testing: its metrics and reference are zeros."""
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
        metrics=MetricsRecord(
            dataset=label(train_set.id), split="test", n=0, mse=0.0, psnr=0.0, ssim=0.0
        ),
        reference=(0.0,) * N_QUANTILES,
        explained_variance=fitted.explained_variance,
        versions={name: version(name) for name in ("torch", "numpy", "safetensors")},
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        preparation=train_set.preparation,
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
        asked=TrainSettings(
            **{s.name: getattr(config, s.name) for s in settings_of(TrainSettings)}
        ),
    )


def train(
    config: TrainConfig,
    train_set: ImageSet,
    test_set: ImageSet,
    path: Path | None = None,
    start: State | None = None,
    team: Team = ALONE,
    finish: Finish | None = None,
) -> Iterator[Event]:
    """Train one model and yield events.

    Equal config and data give equal weights on the same machine with the same number of threads,
    also if the training was interrupted and resumed.
    train_set, test_set: uint8 images of one shape.  The model is tested on the test images of the
    classes that it was trained on.  path: of the checkpoint, None to save none.
    start: state to resume from.  team: the processes that train together; only rank 0 saves a
    checkpoint.  finish: what is done to the trained checkpoint before it is saved.
    Raises TrainingError if the settings do not fit the data, Diverged if the loss or the test error
    becomes too large or NaN, OptionError if an option is out of bounds.
    """
    test_set = test_set.without_classes(config.exclude_classes)
    spec, plan = _planned(config, train_set, test_set)
    if spec.closed_form:
        fit = yield from fit_closed_form(plan, train_set, test_set)
    else:
        descent = Descent(config, plan, train_set, team)
        fit = yield from fit_by_gradient(descent, test_set, start)
    if team.rank == 0:
        yield from _kept(config, (train_set, test_set), fit, path, finish)


def keep(
    config: TrainConfig,
    train_set: ImageSet,
    test_set: ImageSet,
    path: Path | None,
    state: State,
    finish: Finish | None = None,
) -> Iterator[Event]:
    """Test and save the model at `state`, as train() does at its end.

    Raises Diverged if it is worse than any blank image.
    """
    test_set = test_set.without_classes(config.exclude_classes)
    _, plan = _planned(config, train_set, test_set)
    descent = Descent(config, plan, train_set)
    descent.restore(state)
    yield from _kept(config, (train_set, test_set), fitted(descent), path, finish)


def _planned(config: TrainConfig, train_set: ImageSet, test_set: ImageSet) -> tuple[ArchSpec, Plan]:
    spec = architecture(config.arch)
    plan = spec.plan(train_set.shape, config.options)
    _check(config, spec, plan, train_set, test_set)
    return spec, plan


def _kept(
    config: TrainConfig,
    sets: tuple[ImageSet, ImageSet],
    fit: Fitted,
    path: Path | None,
    finish: Finish | None,
) -> Iterator[Event]:
    train_set, test_set = sets
    spec, plan = _planned(config, train_set, test_set)
    try:
        checkpoint = judged(
            checkpoint_document(config, spec, train_set, fit), plan, fit.tensors, test_set
        )
        checkpoint = with_health(checkpoint, train_set, test_set)
    except CheckpointError:  # if its output is not finite
        divergence.check_model(config, math.nan, len(fit.history))
        raise
    divergence.check_model(config, checkpoint.card.metrics["mse"], len(fit.history))
    if finish is not None:
        checkpoint = finish(checkpoint, train_set)
    if path is not None:
        seen = digests.of(train_set.images)
        card = checkpoints.save(path, checkpoint.card.document, fit.tensors, seen)
        trained_on.note(card, config.dataset)
        checkpoint = Checkpoint(card, checkpoint.tensors, digests.in_order(seen))
        yield Saved(path)
    yield Finished(checkpoint)


def judged(
    unjudged: Document, plan: Plan, tensors: dict[str, npt.NDArray[Any]], test_set: ImageSet
) -> Checkpoint:
    """The checkpoint with metrics and reference distribution measured on test_set.

    tensors: as they are stored, float32 or float16.
    Raises CheckpointError if the output for some test image is not finite.
    """
    stored = {name: np.asarray(t, np.float32) for name, t in tensors.items()}
    unsaved = Checkpoint(
        Card(name="unsaved", path=Path(), shipped=False, document=unjudged, plan=plan), stored
    )
    found = qualities(Autoencoder(unsaved), test_set)
    means = found.means(0)
    full = msgspec.structs.replace(
        unjudged,
        metrics=MetricsRecord(
            dataset=label(test_set.id),
            split=test_set.split,
            n=len(test_set),
            mse=means["mse"],
            psnr=means["psnr"],
            ssim=means["ssim"],
        ),
        reference=tuple(np.quantile(found.mse[0], np.linspace(0, 1, N_QUANTILES)).tolist()),
    )
    return Checkpoint(
        Card(name="unsaved", path=Path(), shipped=False, document=full, plan=plan), stored
    )


def with_health(checkpoint: Checkpoint, train_set: ImageSet, test_set: ImageSet) -> Checkpoint:
    """The checkpoint with its health measured; see core.inference.health."""
    card = checkpoint.card
    found = examined(Autoencoder(checkpoint), train_set, test_set)
    document = msgspec.structs.replace(card.document, health=found)
    return Checkpoint(
        Card(name=card.name, path=card.path, shipped=False, document=document, plan=card.plan),
        checkpoint.tensors,
    )


def _check(
    config: TrainConfig, spec: ArchSpec, plan: Plan, train_set: ImageSet, test_set: ImageSet
) -> None:
    if train_set.shape != test_set.shape:
        raise TrainingError(
            "Training and test images have different shapes: make them one size first."
        )
    least = plan.latent_dim if spec.closed_form else 2
    if len(train_set) < least or not len(test_set):
        raise TrainingError(
            f"{spec.title} needs at least {least} training images and one test image: add images."
        )
    n_pixels = math.prod(train_set.shape)
    if spec.closed_form and plan.latent_dim > n_pixels:
        raise TrainingError(
            f"PCA has at most as many components as pixels: choose D' up to {n_pixels}."
        )
    if spec.closed_form and config.noise:
        raise TrainingError("PCA is fitted in closed form on clean images: leave the noise out.")
