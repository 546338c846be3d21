"""Judged images are compared with others, never with themselves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.anomaly.references import reference_images
from core.config import DataError
from core.data import catalogue
from core.images.preparation import legacy


def card(dataset: str, excluded: tuple[str, ...] = (), **more: Any) -> Any:
    shape = (
        catalogue.load(dataset, "test").shape if dataset in ("mnist-5k", "shapes") else (1, 28, 28)
    )
    fields: dict[str, Any] = {
        "name": "m",
        "dataset": dataset,
        "excluded_classes": excluded,
        "input_shape": shape,
        "document": SimpleNamespace(preparation=None),
    }
    fields |= {"sha256": "", "shipped": False}
    return SimpleNamespace(**fields | more)


def test_references_of_test_images_are_all_training_images() -> None:
    found = reference_images(card("mnist-5k"), catalogue.load("mnist-5k", "test"))
    assert found.ids.tolist() == catalogue.training_images("mnist-5k").ids.tolist()


def test_references_leave_out_classes_the_model_never_saw() -> None:
    found = reference_images(card("mnist-5k", ("5", "9")), catalogue.load("mnist-5k", "test"))
    assert set(np.unique(found.labels).tolist()) == {0, 1, 2, 3, 4, 6, 7, 8}  # type: ignore[arg-type]


def test_references_of_judged_training_images_are_the_test_images() -> None:
    judged = catalogue.load("mnist-5k", "train")
    found = reference_images(card("mnist-5k"), judged)
    assert (found.split, len(found)) == ("test", 1000)


def test_references_of_a_judged_part_are_the_rest() -> None:
    judged = catalogue.training_images("mnist-5k").take(slice(0, 100))
    found = reference_images(card("mnist-5k"), judged)
    assert len(found) == 3500
    assert not set(found.ids.tolist()) & set(judged.ids.tolist())


def test_references_of_judged_training_shapes_have_no_defect() -> None:
    found = reference_images(card("shapes"), catalogue.load("shapes", "train"))
    assert (found.split, len(found)) == ("test", 800)
    assert found.masks is not None
    assert not found.masks.any()


def test_references_of_a_model_of_all_digits_are_the_embedded_ones_without_mnist(
    empty_home: Path,
) -> None:
    found = reference_images(card("mnist"), catalogue.load("mnist-5k", "test"))
    assert (found.id, len(found)) == ("mnist-5k", 3600)


def test_references_that_are_not_here_are_refused_and_not_downloaded(empty_home: Path) -> None:
    with pytest.raises(DataError, match="not here"):
        reference_images(card("kmnist"), catalogue.load("mnist-5k", "test"))


@pytest.mark.parametrize(
    "label", ["folder:/etc", "zip:/x.zip", "/etc", "own:nobody", "own:../x", "~"]
)
def test_references_of_a_model_from_elsewhere_are_of_the_set_that_is_judged(label: str) -> None:
    judged = catalogue.load("mnist-5k", "test")
    found = reference_images(card(label), judged)
    assert found.ids.tolist() == catalogue.training_images("mnist-5k").ids.tolist()


def test_references_when_everything_is_judged_are_refused(tmp_path: Path) -> None:
    from PIL import Image

    for i in range(4):
        Image.new("L", (20, 20), 10 * i).save(tmp_path / f"{i}.png")
    judged = catalogue.load(f"folder:{tmp_path}", "all", preparation=legacy((1, 28, 28)))
    with pytest.raises(DataError, match="none is left"):
        reference_images(card(f"folder:{tmp_path}"), judged)
