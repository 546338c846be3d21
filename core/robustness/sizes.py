"""Test error against code size D', from existing checkpoints, and which models are missing."""

import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pandas as pd

from core import checkpoints
from core.checkpoints import Card, trained_on
from core.checkpoints.document import label
from core.config import OptionError, python, runs_dir
from core.data import catalogue
from core.runs import series
from core.runs.series import Background, Wanted
from core.text import listed
from core.training.config import TrainConfig

SIZES = (2, 4, 8, 16, 32, 64, 128)
FAMILIES = ("pca", "dense", "conv")
DEFAULT_FAMILIES = ("pca", "dense")  # conv takes many times as long
SEEN = {"pca": 1, "dense": 600_000, "conv": 240_000}  # about how many images a training processes
MOST_EPOCHS = 30
LARGEST = 1024  # D' of a size study


def study(cards: Sequence[Card], dataset: str) -> tuple[Card, ...]:
    """Models that can be compared by size: trained on all classes of `dataset`, without noise.

    Hourglass has tested all of them on the same images, the clean test split of that set.
    """
    return tuple(card for card in _alike(cards, dataset) if trained_on.is_measured_here(card))


def left_out(cards: Sequence[Card], dataset: str) -> tuple[Card, ...]:
    """Models otherwise like those of study(), but whose errors are only stated by their authors."""
    return tuple(card for card in _alike(cards, dataset) if not trained_on.is_measured_here(card))


def _alike(cards: Sequence[Card], dataset: str) -> Iterator[Card]:
    called = label(dataset)
    for card in cards:
        same = card.dataset == card.metrics["dataset"] == called
        if same and card.architecture.name in FAMILIES:
            of_all = card.document.training.settings()["n_train"] is None
            if of_all and not (card.noise or card.excluded_classes):
                yield card


def words_of_left_out(cards: Sequence[Card]) -> str:
    """A sentence about left_out(); "" for none."""
    if not cards:
        return ""
    them = "1 model is" if len(cards) == 1 else f"{len(cards):,} models are"
    names = listed([card.name for card in cards])
    return f"{them} left out, because Hourglass has not measured their errors: {names}."


def table(cards: Sequence[Card]) -> pd.DataFrame:
    """A table with a row for each model, in order of family and size.

    gain: error of the PCA with the same D' divided by the model's, NaN without such a PCA.  best:
    whether the model has the smallest error of its family and size.
    """
    rows = [
        {
            "family": card.architecture.name,
            "latent_dim": card.latent_dim,
            "name": card.name,
            "mse": card.metrics["mse"],
            "n_parameters": card.n_parameters,
            "seconds": card.seconds,
            "n_test": card.metrics["n"],
        }
        for card in cards
    ]
    columns = ["family", "latent_dim", "name", "mse", "n_parameters", "seconds", "n_test"]
    found = pd.DataFrame(rows, columns=columns)
    pca = found[found["family"] == "pca"].groupby("latent_dim")["mse"].min()
    found["gain"] = found["latent_dim"].map(pca).astype(float) / found["mse"].astype(float)
    least = found.groupby(["family", "latent_dim"])["mse"].transform("min")
    found["best"] = found["mse"] == least
    order = found["family"].map({name: i for i, name in enumerate(FAMILIES)})
    by = found.assign(order=order).sort_values(["order", "latent_dim", "mse"])
    return by.drop(columns="order").reset_index(drop=True)


def missing(
    cards: Sequence[Card],
    dataset: str,
    families: Sequence[str] = DEFAULT_FAMILIES,
    latent_dims: Sequence[int] = SIZES,
    epochs: int | None = None,
) -> tuple[Wanted, ...]:
    """Models that are not trained yet, in order of families as given, then of code size.

    epochs: of the networks; None = as many as process about SEEN images.
    Raises OptionError for an unknown family or invalid size, DataError for an unknown data set.
    """
    _check(families, latent_dims)
    there = {(card.architecture.name, card.latent_dim) for card in study(cards, dataset)}
    n_train = _n_train(dataset) if epochs is None else 0
    return tuple(
        Wanted(_name(dataset, family, k), _config(dataset, family, k, epochs, n_train))
        for family in families
        for k in sorted(set(latent_dims))
        if (family, k) not in there
    )


def _check(families: Collection[str], latent_dims: Collection[int]) -> None:
    if unknown := set(families) - set(FAMILIES):
        raise OptionError(
            f"There is no size study of {min(unknown)!r}: choose {', '.join(FAMILIES)}."
        )
    if not all(1 <= k <= LARGEST for k in latent_dims):
        raise OptionError(f"Choose sizes D' from 1 to {LARGEST:,}.")


def _config(dataset: str, family: str, k: int, epochs: int | None, n_train: int) -> TrainConfig:
    if epochs is None:
        epochs = min(MOST_EPOCHS, max(1, round(SEEN[family] / n_train)))
    return TrainConfig(
        dataset, family, {"latent_dim": k}, epochs=1 if family == "pca" else epochs, half=True
    )


def _n_train(dataset: str) -> int:
    known = {info.id: info.n_train for info in catalogue.catalogue()}
    return known[dataset] if dataset in known else len(catalogue.load(dataset, "train"))


def _name(dataset: str, family: str, k: int) -> str:
    """Name of the checkpoint; different for folders with equal names."""
    stem = re.sub(r"[^a-z0-9]+", "-", dataset.rpartition("/")[2].lower()).strip("-")[:30]
    mark = f"-{zlib.crc32(dataset.encode()):08x}" if ":" in dataset else ""
    return f"size-{stem}{mark}-{family}-{k}"


# In the background: one process that trains what is missing; see core.runs.series.


def begin(
    dataset: str,
    families: Sequence[str] = DEFAULT_FAMILIES,
    latent_dims: Sequence[int] = SIZES,
    data_root: Path | None = None,
) -> Background:
    """Start to train the missing models in the background.

    Raises OptionError if a study is already under way or no model is missing.
    """
    names = [one.name for one in missing(checkpoints.available(), dataset, families, latent_dims)]
    if not names:
        raise OptionError("Nothing is missing: all models of this study exist.")
    command = python("core", "sizes", "--dataset", dataset)
    command += ["--arch", *families, "--latent-dim", *map(str, latent_dims)]
    command += [] if data_root is None else ["--data-root", str(data_root.resolve())]
    return series.begin(folder(), command, names, "A size study")


def folder() -> Path:
    """Folder of the study among the runs; without settings, so it is not listed as a run."""
    return runs_dir() / "size-study"
