"""What the Learn page measures, as tasks: the same numbers as without."""

from pathlib import Path

import numpy as np
import pytest

from core import checkpoints
from core.computing import stock
from core.computing.stock import SplitRef
from core.data import catalogue
from core.data.named import planting
from core.inference import Autoencoder
from core.latent import feature_maps, lesson_tasks
from core.robustness.curves import spread
from tests.core.models_for_tests import tiny_document, tiny_tensors


def saved(folder: Path, arch: str) -> Autoencoder:
    document = tiny_document(arch, (1, 28, 28))
    path = folder / f"tiny-{arch}.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    return Autoencoder.of(card)


@pytest.fixture(scope="module")
def ref() -> SplitRef:
    return SplitRef.of("mnist-5k", "test")


def test_errors_are_those_of_the_digits_and_of_the_shapes_after_them(
    ref: SplitRef, tmp_path: Path
) -> None:
    model, digits = saved(tmp_path, "dense"), catalogue.load("mnist-5k", "test")
    alone = lesson_tasks.errors(ref, None, 0.0, model.card.sha256)["mse"]
    np.testing.assert_allclose(alone, model.errors(digits.pixels()), rtol=1e-5)
    shapes = SplitRef.of("shapes", "test")
    both = lesson_tasks.errors(ref, shapes, 0.02, model.card.sha256)["mse"]
    planted = planting.by_dataset(digits, catalogue.load("shapes", "test"), 0.02).images
    np.testing.assert_allclose(both, model.errors(planted.pixels()), rtol=1e-5)
    assert len(both) == 1_020


def test_model_compared_with_itself_is_not_turned_and_errs_less_with_more_components(
    ref: SplitRef, tmp_path: Path
) -> None:
    model = saved(tmp_path, "pca")
    found = lesson_tasks.linear(ref, model.card.sha256, model.card.sha256)
    assert found["angles"].max() < 0.1
    assert found["random"].min() > 10
    assert found["apart"] == 0
    assert found["by_k"][-1] == pytest.approx(found["errors"][0], rel=1e-4)
    assert len(found["by_k"]) == model.latent_dim


def test_share_that_is_felt_is_that_of_the_same_images(ref: SplitRef, tmp_path: Path) -> None:
    model = saved(tmp_path, "conv")
    x = spread(catalogue.load("mnist-5k", "test"), 6).pixels()
    found = lesson_tasks.felt(ref, 6, model.card.sha256)["share"]
    assert found == pytest.approx(feature_maps.felt_at_its_place(model, x), rel=1e-4)
