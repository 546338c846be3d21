"""Which models a size study has, what it says of them, and what it lacks."""

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.checkpoints import Card
from core.checkpoints.document import MetricsRecord, NoiseRecord
from core.config import DataError, OptionError, checked_name
from core.models import architecture
from core.robustness import sizes
from tests.core.models_for_tests import tiny_document


def card(arch: str, k: int, mse: float, noise: float = 0.0, **changes: Any) -> Card:
    options = architecture(arch).check({"latent_dim": k, **changes.pop("options", {})})
    document = tiny_document(arch, (1, 28, 28), options=options, **changes)
    training = msgspec.structs.replace(document.training, noise=NoiseRecord(sigma=noise))
    metrics = MetricsRecord(document.dataset, "test", 10, mse, 10.0, 0.5)
    document = msgspec.structs.replace(document, training=training, metrics=metrics)
    plan = architecture(arch).plan((1, 28, 28), options)
    return Card(f"{arch}-{k}", Path(), True, document, plan)


def test_study_has_only_what_can_be_compared_by_size() -> None:
    wanted = [card("pca", 2, 0.05), card("dense", 2, 0.04), card("conv", 0, 0.001)]
    others = [
        card("dense", 2, 0.04, noise=0.5),
        card("dense", 2, 0.04, excluded_classes=("5",)),
        card("dense", 2, 0.04, dataset="mnist"),
        card("vae", 2, 0.04),
    ]
    assert sizes.study([*others, *wanted], "mnist-5k") == tuple(wanted)


def test_model_whose_errors_are_only_stated_is_left_out_and_told() -> None:
    stated = dataclasses.replace(card("dense", 2, 1e-9), name="theirs", shipped=False)
    noisy = dataclasses.replace(card("dense", 2, 1e-9, noise=0.5), shipped=False)
    measured = card("pca", 2, 0.05)
    cards = [stated, noisy, measured]
    assert sizes.study(cards, "mnist-5k") == (measured,)
    assert sizes.left_out(cards, "mnist-5k") == (stated,)
    said = sizes.words_of_left_out((stated,))
    assert said == "1 model is left out, because Hourglass has not measured their errors: theirs."
    assert sizes.words_of_left_out(()) == ""


def test_table_has_a_gain_over_the_pca_of_the_same_size() -> None:
    found = sizes.table(
        [card("dense", 8, 0.01), card("pca", 2, 0.06), card("dense", 2, 0.03), card("pca", 4, 0.05)]
    )
    assert found["name"].tolist() == ["pca-2", "pca-4", "dense-2", "dense-8"]
    assert found["gain"].tolist()[:3] == pytest.approx([1, 1, 2])
    assert found["gain"].isna().tolist() == [False, False, False, True]  # there is no pca-8
    assert found["best"].all()


def test_table_marks_the_best_of_several_models_of_one_size() -> None:
    found = sizes.table([card("dense", 2, 0.04), card("dense", 2, 0.03)])
    assert dict(zip(found["mse"], found["best"], strict=True)) == {0.03: True, 0.04: False}


def test_table_of_nothing_is_empty() -> None:
    assert len(sizes.table([])) == 0


def test_missing_is_what_the_study_has_not() -> None:
    there = [card("pca", 2, 0.05), card("dense", 4, 0.04), card("dense", 2, 0.04, noise=0.5)]
    found = sizes.missing(there, "mnist-5k", ("pca", "dense"), (4, 2))
    assert [one.name for one in found] == [
        "size-mnist-5k-pca-4", "size-mnist-5k-dense-2"
    ]  # fmt: skip
    assert [one.latent_dim for one in found] == [4, 2]
    assert found[1].config.dataset == "mnist-5k"


@pytest.mark.parametrize("family", sizes.FAMILIES)
def test_models_wanted_can_be_built_and_named_as_checkpoints(family: str) -> None:
    for one in sizes.missing([], "mnist", (family,)):
        plan = architecture(family).plan((1, 28, 28), one.config.options)
        assert plan.latent_dim == one.latent_dim
        assert checked_name(one.name)


def test_epochs_show_a_network_as_many_images_whatever_the_set() -> None:
    def epochs(dataset: str, **more: Any) -> int:
        return sizes.missing([], dataset, ("dense",), (2,), **more)[0].config.epochs

    assert epochs("mnist") == 10
    assert epochs("mnist-5k") == sizes.MOST_EPOCHS
    assert epochs("mnist", epochs=3) == 3


def test_own_folders_of_one_name_give_two_names_that_may_be_files() -> None:
    names = [
        sizes.missing([], f"folder:/{above}/Füße (1)", ("dense",), (2,), epochs=1)[0].name
        for above in "ab"
    ]
    assert len(set(names)) == 2
    assert all(checked_name(name).startswith("size-f-e-1-") for name in names)


def test_missing_of_an_unknown_family_size_or_data_set_is_refused() -> None:
    with pytest.raises(OptionError, match="choose pca"):
        sizes.missing([], "mnist-5k", ("vae",))
    with pytest.raises(OptionError, match="from 1 to"):
        sizes.missing([], "mnist-5k", ("pca",), (0,))
    with pytest.raises(DataError):
        sizes.missing([], "nowhere", ("dense",))
