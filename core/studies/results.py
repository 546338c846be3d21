"""Results of a study: a file for each model, and all of them as one tidy table."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from core.anomaly import rankings
from core.checkpoints import Card
from core.config import HourglassError, data_dir
from core.data import catalogue
from core.files import write_atomically
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.inference.evaluation import qualities
from core.noise import Noise
from core.runs import Run
from core.runs.series import Wanted
from core.studies.plan import NOISES, OPTIONS, TRAINING, Study
from core.training.config import TrainConfig, learning_rate

RESULTS = "results"
# Columns of the table, in this order: what was trained, how it was tested, what came of it.
TESTED = ("test_noise_kind", "test_noise_std", "test_noise_mean", "test_noise_clip", "test_seed")
METRICS = (
    "mse", "psnr", "ssim", "noisy_mse", "mse_excluded", "auroc_excluded", "pca_mse",
    "mean_image_mse", "output_dependence", "dead_units", "posterior_collapse", "train_loss",
)  # fmt: skip
RUN = (
    "n_test", "n_excluded", "n_parameters", "epochs_done", "seconds", "state", "reason", "warning",
    "model", "sha256", "versions",
)  # fmt: skip
SETTING_COLUMNS = ("dataset", "arch", "excluded_classes", *NOISES, *TRAINING, *OPTIONS)
COLUMNS = ("study", *SETTING_COLUMNS, *TESTED, *METRICS, *RUN)


def folder(name: str) -> Path:
    """Where a study and its results are kept."""
    return data_dir() / "studies" / name


def path(study: Study, model: Wanted) -> Path:
    """The file of a model's result, which is there as soon as the model is done."""
    return folder(study.name) / RESULTS / f"{study.key(model)}.json"


def keep(study: Study, model: Wanted, rows: list[dict[str, Any]]) -> None:
    """Write a model's rows, whole or not at all."""
    write_atomically(path(study, model), msgspec.json.encode(rows))


def is_done(study: Study, model: Wanted) -> bool:
    """Whether a model's result is there."""
    return path(study, model).exists()


def n_done(study: Study) -> int:
    """How many of the study's models have a result."""
    return sum(is_done(study, model) for model in study.models)


def table(study: Study) -> pd.DataFrame:
    """All results so far: a row for each model and each noise that it was tested with.

    Columns: COLUMNS, without options that no architecture of the study has; missing values where
    there is nothing.
    """
    rows: list[dict[str, Any]] = []
    for model in study.models:
        try:
            rows += msgspec.json.decode(path(study, model).read_bytes(), type=list[dict[str, Any]])
        except (OSError, msgspec.DecodeError):
            continue
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    unused = [name for name in OPTIONS if found[name].isna().all()]
    return found.drop(columns=unused).convert_dtypes()


def of_failed(study: Study, model: Wanted, run: Run) -> list[dict[str, Any]]:
    """The row of a model that could not be trained."""
    row = settings_of_model(study, model.config)
    return [row | {"state": run.state, "reason": run.status.reason, "model": model.name}]


def measured(
    study: Study, model: Wanted, autoencoder: Autoencoder, data_root: Path | None = None
) -> list[dict[str, Any]]:
    """The rows of a trained model: tested on clean images, then with each noise of the study.

    mse, psnr, ssim: on the test images of the classes that it was trained on; mse_excluded: on
    those of the classes that were left out; auroc_excluded: how well the error tells these from the
    others.
    """
    config, card = model.config, autoencoder.card
    tested = catalogue.load(config.dataset, "test", data_root)
    usual = tested.without_classes(config.exclude_classes)
    left_out = _only(tested, config.exclude_classes)
    shared = settings_of_model(study, config) | _of_card(card, len(usual), len(left_out))
    seed, rows = study.tests.seed, []
    for noises in ((Noise(),), *study.tests.of(config.noise).values()):
        known = qualities(autoencoder, usual, noises, seed)
        other = qualities(autoencoder, left_out, noises, seed) if len(left_out) else None
        for i, noise in enumerate(noises):
            row = shared | _of_noise(noise, seed) | known.means(i)
            if not noise:
                row["noisy_mse"] = None
            if other is not None:
                row |= _of_left_out(known.mse[i], other.mse[i])
            rows.append(row)
    return rows


def settings_of_model(study: Study, config: TrainConfig) -> dict[str, Any]:
    """What a model is trained with, by the names of the columns; None where it has none."""
    from core.models import architecture

    spec = architecture(config.arch)
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {"study": study.name, "dataset": config.dataset, "arch": config.arch}
    row["excluded_classes"] = ", ".join(config.exclude_classes) or None
    if not spec.closed_form:
        row |= {name: getattr(config.noise, ours) for name, ours in NOISES.items()}
        if not config.noise:
            row["noise_kind"] = None
    row |= {name: getattr(config, name) for name in TRAINING}
    row["learning_rate"] = None if spec.closed_form else learning_rate(config, spec)
    for name, value in config.options.items():
        row[name] = ",".join(map(str, value)) if isinstance(value, list | tuple) else value
    return row


def _of_card(card: Card, n_test: int, n_excluded: int) -> dict[str, Any]:
    record = card.document.training
    health = {} if card.health is None else msgspec.structs.asdict(card.health)
    health.pop("mse", None)
    last = card.document.history[-1] if card.document.history else None
    return health | {
        "n_train": record.n_images,
        "device": record.device,
        "train_loss": last.train_loss if last else None,
        "n_test": n_test,
        "n_excluded": n_excluded,
        "n_parameters": card.n_parameters,
        "epochs_done": card.epochs,
        "seconds": round(card.seconds, 3),
        "state": "finished",
        "warning": card.warning or None,
        "model": card.name,
        "sha256": card.sha256,
        "versions": _words(card.document.versions),
    }


def _of_noise(noise: Noise, seed: int) -> dict[str, Any]:
    said = dataclasses.astuple(noise) if noise else (None, 0.0, None, None)
    return dict(zip(TESTED, (*said, seed if noise else None), strict=True))


def _of_left_out(usual: Any, left_out: Any) -> dict[str, float]:
    scores = np.concatenate([usual, left_out])
    truth = np.arange(len(scores)) >= len(usual)
    return {
        "mse_excluded": float(left_out.mean()),
        "auroc_excluded": rankings.curves(scores, truth).auroc,
    }


def _only(images: ImageSet, classes: tuple[str, ...]) -> ImageSet:
    return images.without_classes(set(images.class_names) - set(classes)) if classes else (
        images.take(slice(0, 0))
    )  # fmt: skip


def _words(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def trained_already(model: Wanted) -> Autoencoder | None:
    """The model, if an earlier call has trained it; its name tells of all its settings."""
    from core.checkpoints import trained_on

    try:
        found = Autoencoder.load(model.name)
    except HourglassError:
        return None
    return found if trained_on.is_measured_here(found.card) else None
