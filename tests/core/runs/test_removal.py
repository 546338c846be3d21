"""Deleting models and own data sets: what was computed of them goes, what others need stays."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import checkpoints, derived, runs
from core.checkpoints import local_path
from core.checkpoints.card import Card
from core.computing import results
from core.computing.tasks import task
from core.config import CheckpointError, DataError, data_dir
from core.data import catalogue
from core.data.own import store
from core.data.own.make_set import Keeping, make
from core.reviews import Decision, Reviews, now
from core.runs import Run, RunConfig, removal
from core.runs.execute import execute
from core.runs.journal import Journal
from core.training.config import TrainConfig
from tests.core.data.own.test_make_set import drafted


@pytest.fixture
def own(home: Path) -> store.OwnSet:
    """A data set "mine" beside another, "other"."""
    for name in ("mine", "other"):
        make(drafted(), name, Keeping())
    return store.find("mine")


def run_on(dataset: str, name: str, seed: int = 0) -> Run:
    train = TrainConfig(
        dataset, "dense", {"latent_dim": 2, "widths": [4]}, epochs=1, batch_size=8, seed=seed
    )
    return runs.create(RunConfig(name, 1.0, train))


def trained(dataset: str, name: str, seed: int = 0) -> Card:
    list(execute(run_on(dataset, name, seed)))
    return checkpoints.load(name).card


def compute(*owners: str) -> list[Path]:
    """A file or folder of each kind that pages keep, computed of a model and a data set."""
    made = []
    for folder in removal.FOLDERS:
        path = data_dir() / folder / derived.named(owners, "what it depends on")
        path.parent.mkdir(parents=True, exist_ok=True)
        if folder == "codes":
            path.mkdir()
            (path / "z.npy").touch()
        else:
            path = path.with_suffix(".npz")
            path.touch()
        made.append(path)
    one = task(_nothing, *owners, title="")
    results.write(one, {"found": np.zeros(1)})
    return [*made, results.folder() / f"{one.name}{results.SUFFIX}"]


def _nothing(*_: Any) -> dict[str, Any]:
    return {}


def are_there(paths: list[Path]) -> set[bool]:
    return {path.exists() for path in paths}


def test_model_deleted_takes_along_what_was_computed_of_it_alone(own: store.OwnSet) -> None:
    one, other = trained(own.id, "one"), trained(own.id, "two", seed=1)
    of_one, of_other = compute(one.sha256, own.id), compute(other.sha256, own.id)
    removal.delete_model(one)
    assert are_there(of_one) == {False}
    assert are_there(of_other) == {True}
    assert not one.path.exists()


def test_what_was_computed_of_a_model_stays_while_another_has_the_same_digest(
    own: store.OwnSet,
) -> None:
    one = trained(own.id, "one")
    shutil.copy(one.path, local_path("twin"))
    computed = compute(one.sha256, own.id)
    removal.delete_model(one)
    assert are_there(computed) == {True}
    removal.delete_model(checkpoints.load("twin").card)
    assert are_there(computed) == {False}


def test_data_set_deleted_takes_along_what_was_computed_of_it_alone(own: store.OwnSet) -> None:
    catalogue.load(own.id)
    mine, other = compute("a" * 64, own.id), compute("a" * 64, "own:mine-2")
    removal.delete_dataset(own)
    assert are_there(mine) == {False}
    assert are_there(other) == {True}
    assert [one.name for one in store.available()] == ["other"]


def test_data_set_that_a_run_is_training_on_is_not_deleted(own: store.OwnSet) -> None:
    run = run_on(own.id, "busy")
    journal = Journal(run)
    with journal.owned():
        journal.set("running")
        assert removal.of_dataset(own, None).live == ("busy",)
        with pytest.raises(DataError, match="The run busy is training on mine: cancel it first"):
            removal.delete_dataset(own)
    removal.delete_dataset(own)


def test_what_depends_on_a_data_set_is_told(own: store.OwnSet, tmp_path: Path) -> None:
    trained(own.id, "model")
    run_on(own.id, "left")
    trained("own:other", "elsewhere")
    reviews = Reviews(tmp_path / "r.sqlite3")
    reviews.record([decision(own.id, "model"), decision("own:other", "model")])
    found = removal.of_dataset(own, reviews)
    assert found == removal.Dependents((), ("left",), ("model",), 1)
    assert removal.of_dataset(own, None).decisions == 0


def test_what_depends_on_a_model_is_told(own: store.OwnSet, tmp_path: Path) -> None:
    card = trained(own.id, "model")
    reviews = Reviews(tmp_path / "r.sqlite3")
    reviews.record([decision(own.id, "model"), decision("x", "model"), decision("x", "other")])
    assert removal.of_model(card, reviews) == removal.Dependents(decisions=2)


def test_shipped_model_is_not_deleted(home: Path) -> None:
    card = next(card for card in checkpoints.available() if card.shipped)
    with pytest.raises(CheckpointError, match="stays as it is"):
        removal.delete_model(card)


def decision(source: str, checkpoint: str) -> Decision:
    decision.n = getattr(decision, "n", 0) + 1  # type: ignore[attr-defined]
    operation = f"operation-{decision.n}"  # type: ignore[attr-defined]
    return Decision(operation, source, "image", checkpoint, "ann", "outlier", "", now())


def test_names_differ_if_any_owner_or_the_key_does() -> None:
    made = {
        derived.named(owners, key)
        for owners in (("a", "b"), ("a", "c"), ("b", "a"))
        for key in "xy"
    }
    assert len(made) == 6


def test_forgetting_in_a_folder_that_is_not_there_does_nothing(tmp_path: Path) -> None:
    derived.forget(tmp_path / "gone", "a")
