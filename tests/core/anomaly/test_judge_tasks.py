"""Judging images as tasks: the same numbers as without."""

from pathlib import Path

import numpy as np
import pytest

from core import checkpoints, metrics
from core.anomaly import choosing, judge_tasks, quality
from core.anomaly.judge_tasks import Case, Truth
from core.anomaly.judging import Judged, References
from core.anomaly.references import calibration_images, reference_images
from core.anomaly.scores import score
from core.anomaly.spaces import K
from core.computing import stock
from core.computing.stock import SplitRef
from core.config import DataError
from core.data import catalogue
from core.inference import Autoencoder
from tests.core.models_for_tests import tiny_document, tiny_tensors

DIGITS = (1, 28, 28)
PLANTED = Truth("planted", (), "shapes", 0.1, 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Autoencoder:
    document = tiny_document("dense", DIGITS)
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    return Autoencoder.of(card)


@pytest.fixture(scope="module")
def case(model: Autoencoder) -> Case:
    judged, usual = SplitRef.of("mnist-5k", "test"), SplitRef.of("mnist-5k", "train")
    return Case(judged, None, usual, Truth(), model.card.sha256)


@pytest.fixture(scope="module")
def judged(model: Autoencoder) -> Judged:
    images = catalogue.load("mnist-5k", "test")
    return References(model, reference_images(model.card, images)).judge(images)


@pytest.mark.parametrize("name", ["mse", "class_percentile", "combined"])
def test_score_is_that_of_the_images_and_of_the_references(
    case: Case, judged: Judged, name: str
) -> None:
    found = judge_tasks.score(case, name)
    np.testing.assert_allclose(found["scores"], judged.score(name), rtol=1e-6)
    known = judged.references.distribution(name)
    np.testing.assert_allclose(found["references"], known, rtol=1e-6)
    assert found["seconds"] > 0
    assert str(found["known"]) == judged.references.name == "3,600 train images of mnist-5k"


def test_calibration_of_a_score_is_of_held_out_images(case: Case, model: Autoencoder) -> None:
    found = judge_tasks.score(case, "mse")
    images = calibration_images(model.card)
    assert images is not None
    np.testing.assert_allclose(
        found["calibration"], np.sort(model.errors(images.pixels())), rtol=1e-5
    )
    assert str(found["calibration_name"]) == "2,000 held-out images of mnist-5k"


def test_looks_are_bounded_by_the_references(case: Case, judged: Judged) -> None:
    found = judge_tasks.looks(case)
    np.testing.assert_allclose(found["measures"], quality.measures(judged.images))
    bounds = quality.usual(quality.measures(judged.references.scored.images))
    np.testing.assert_allclose([found["low"], found["high"]], [bounds.low, bounds.high])
    assert 0.01 <= found["scale"] <= 1


def test_known_codes_stand_beside_their_images(
    case: Case, judged: Judged, model: Autoencoder
) -> None:
    found = judge_tasks.known_codes(case)
    assert len(found["codes"]) == len(found["images"]) == len(found["ids"]) > K
    some = np.divide(found["images"][:5], np.float32(255), dtype=np.float32)
    np.testing.assert_allclose(found["codes"][:5], model.encode(some), rtol=1e-4, atol=1e-5)
    images = judged.references.scored.images
    assert found["labels"][:5].tolist() == [images.label_name(i) for i in range(5)]


def test_mean_errors_are_those_of_each_class(case: Case, model: Autoencoder) -> None:
    images = catalogue.load("mnist-5k", "test")
    found = judge_tasks.mean_errors(case)
    x = images.pixels(images.labels == 3)  # type: ignore[arg-type]
    expected = metrics.error_map(x, model.reconstruct(x)).mean(axis=0)
    np.testing.assert_allclose(found["errors"][3], expected, rtol=1e-4)
    assert found["classes"].tolist() == list(range(10))


def test_planted_images_of_another_set_are_judged_with_the_others(case: Case) -> None:
    others = SplitRef.of("shapes", "test")
    planted = Case(case.judged, others, case.usual, PLANTED, case.sha256)
    scores = judge_tasks.score(planted, "mse")["scores"]
    assert len(scores) == 1_100
    assert len(judge_tasks.thumbnails(planted)["thumbnails"]) == 1_100
    np.testing.assert_allclose(scores[:1_000], judge_tasks.score(case, "mse")["scores"], rtol=1e-6)


@pytest.mark.parametrize("name", ["largest", "patches", "near_patches"])
def test_maps_are_those_of_the_positions_asked_for(case: Case, judged: Judged, name: str) -> None:
    found = judge_tasks.maps(case, name, (5, 17))
    local = score(name).local
    assert local is not None
    expected = local(judged.references.spaces, judged.images.pixels([5, 17]))
    assert found["maps"].shape == (2, 28, 28)
    np.testing.assert_allclose(found["maps"], expected, rtol=1e-3, atol=1e-6)
    assert found["scale"] > 0


def test_errors_of_a_model_that_rebuilds_nothing_mark_defects_as_chance_does(
    tmp_path: Path,
) -> None:
    document = tiny_document("pca", (3, 64, 64))
    path = tmp_path / "tiny-shapes.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    stock.know([(card.sha256, str(path))])
    test, train = SplitRef.of("shapes", "test"), SplitRef.of("shapes", "train")
    marked = Case(test, None, train, Truth("marked"), card.sha256)
    assert 0.2 < judge_tasks.localisation(marked, "mse")["auroc"] < 0.8


@pytest.mark.parametrize("name", ["mnist", "mnist-5k", "fashion-mnist", "shapes"])
def test_split_that_a_named_set_has_not_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(DataError, match="no split 'validation'"):
        stock.images(name, "validation")


def test_choice_as_a_task_is_that_of_the_functions_and_is_kept(case: Case) -> None:
    assert choosing.known(stock.model(case.sha256).card) is None
    found = judge_tasks.choice(case.usual, case.sha256)
    expected = choosing.known(stock.model(case.sha256).card)
    assert expected is not None
    assert (str(found["best"]), int(found["n"])) == (expected.best, expected.n)
    for name, row in zip(found["scores"].tolist(), found["auroc"], strict=True):
        assert row.tolist() == pytest.approx(list(expected.auroc[name].values()), abs=1e-3)
