"""One line for every way in: drawn on usual images that the model has not seen."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core import checkpoints
from core.anomaly import references, thresholds
from core.anomaly.calibration import Calibration, benjamini_hochberg
from core.anomaly.judging import References
from core.anomaly.line import error_calibration, line, loader, stored
from core.config import DataError, OptionError
from core.data import catalogue
from core.data.named.held_out import N_DIGITS, held_out
from core.images.duplicates import digest
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from tests.core.models_for_tests import tiny_checkpoint, tiny_document, tiny_tensors

DIGITS = (1, 28, 28)


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(tiny_checkpoint("dense", DIGITS))


def digests(images: ImageSet) -> set[bytes]:
    return {digest(x) for x in images.images}


@pytest.mark.parametrize("name", ["mnist", "mnist-5k", "shapes"])
def test_held_out_images_are_in_no_split(name: str) -> None:
    images = held_out(name)
    assert images is not None
    assert len(images) >= 1000
    known = "mnist-5k" if name == "mnist" else name
    for split in ("train", "test"):
        assert not digests(images) & digests(catalogue.load(known, split))
    assert images.factors is None or not images.factors["is_outlier"].any()


def test_held_out_digits_are_of_all_classes_and_named_as_in_mnist() -> None:
    images = held_out("mnist")
    assert images is not None
    assert (len(images), images.ids[0][:11]) == (N_DIGITS, "mnist/test/")
    assert np.bincount(np.asarray(images.labels)).min() > 150
    assert len(set(images.ids.tolist())) == N_DIGITS


def test_sets_without_held_out_images_have_none() -> None:
    assert held_out("fashion-mnist") is None


def test_held_out_digits_calibrate_although_all_of_them_are_judged(model: Autoencoder) -> None:
    judged = held_out("mnist")
    assert judged is not None
    found = references.calibration_images(model.card, (judged,))
    assert found is not None
    assert digests(found) == digests(judged)
    assert references.name_of(found).endswith("which are judged by each other")
    errors = model.errors(found.pixels())
    for rate in (0.05, 0.01, 0.005):
        limit = Calibration.of(errors, "").threshold(rate)
        assert (errors > limit).mean() <= rate


def test_references_are_looked_for_in_the_folder_that_is_asked_for(
    model: Autoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def looked(data_root: Path | None = None) -> tuple[catalogue.DatasetInfo, ...]:
        asked.append(data_root)
        return real()

    real = catalogue.catalogue
    monkeypatch.setattr(catalogue, "catalogue", looked)
    line(model, 0.01, "pca", loader(tmp_path), tmp_path)
    assert asked == [tmp_path]


def test_calibration_images_leave_out_what_is_judged(model: Autoencoder) -> None:
    first = references.calibration_images(model.card)
    assert first is not None
    judged = first.take(slice(0, 1000))
    second = references.calibration_images(model.card, (judged,))
    assert second is not None
    assert not digests(second) & digests(judged)
    assert len(second) == N_DIGITS - 1000


def test_calibration_images_come_from_the_test_part_where_all_held_out_ones_are_references(
    model: Autoencoder,
) -> None:
    judged = references.calibration_images(model.card)
    assert judged is not None
    found = references.calibration_images(model.card, (judged, judged))
    assert found is not None
    assert (found.id, found.split, len(found)) == ("mnist-5k", "test", 1000)
    none = references.calibration_images(model.card, (judged, judged, found))
    assert none is None


def test_calibration_images_have_no_class_that_the_model_never_saw() -> None:
    card = tiny_checkpoint("dense", DIGITS, excluded_classes=("5", "9")).card
    found = references.calibration_images(card)
    assert found is not None
    assert set(np.unique(np.asarray(found.labels)).tolist()) == {0, 1, 2, 3, 4, 6, 7, 8}


@pytest.mark.parametrize(("n_trained_on", "split"), [(3600, "calibration"), (4000, "held out")])
def test_calibration_part_counts_only_if_the_model_was_trained_without_it(
    n_trained_on: int, split: str
) -> None:
    document = tiny_document("dense", DIGITS)
    training = msgspec.structs.replace(document.training, n_images=n_trained_on)
    card = tiny_checkpoint("dense", DIGITS, training=training).card
    train = catalogue.load("mnist-5k", "train")

    def load(name: str, split: str) -> ImageSet:
        from dataclasses import replace

        parts = {"train": slice(0, 3600), "calibration": slice(3600, 4000)}
        if split in parts:
            return replace(train.take(parts[split]), split=split)
        return catalogue.load(name, split)

    found = references.calibration_images(card, load=load)
    assert found is not None
    assert found.split == split


def test_error_of_any_image_is_calibrated_by_the_errors_of_held_out_ones(
    model: Autoencoder,
) -> None:
    images = held_out("mnist-5k")
    assert images is not None
    found = error_calibration(model)
    np.testing.assert_allclose(found.scores, np.sort(model.errors(images.pixels())), rtol=1e-6)
    assert found.name == "2,000 held-out images of mnist-5k"


@pytest.mark.parametrize("score", ["mse", "pixel_neighbours"])
def test_line_is_the_threshold_that_the_judging_of_a_set_gives(
    score: str, model: Autoencoder
) -> None:
    test, train = catalogue.load("mnist-5k", "test"), catalogue.training_images("mnist-5k")
    calibrating = references.calibration_images(model.card, (test, train))
    known = References(model, train, calibrating)
    calibration = known.calibration(score)
    assert calibration is not None
    found = line(model, 0.02, score)
    expected = thresholds.by_rate(calibration, 0.02)
    assert found.threshold == pytest.approx(expected.value, rel=1e-5)
    assert found.how == expected.how
    few = test.take(slice(0, 20))
    scores = found.scores(few.images, model.errors(few.pixels()))
    np.testing.assert_allclose(scores, known.judge(few).score(score), rtol=1e-4)


def test_line_of_a_model_from_elsewhere_rests_on_what_its_author_states(tmp_path: Path) -> None:
    document = tiny_document("dense", DIGITS, dataset="somebody's")
    card = checkpoints.save(tmp_path / "m.safetensors", document, tiny_tensors(document))
    model = Autoencoder.of(card)
    found = line(model, 0.1)
    assert "10 test images of the model, as its author states" in found.how
    with pytest.raises(DataError, match="not known here"):
        line(model, 0.1, "density")


def test_stored_errors_have_the_quantiles_that_the_checkpoint_states(model: Autoencoder) -> None:
    metrics: Any = msgspec.structs.replace(model.card.document.metrics, n=1000)
    card = tiny_checkpoint("dense", DIGITS, metrics=metrics).card
    found = stored(card)
    assert found.n == 1000
    assert found.threshold(0.25) == pytest.approx(0.15, abs=1e-3)  # its errors go from 0 to 0.2


def test_score_that_there_is_not_is_refused(model: Autoencoder) -> None:
    with pytest.raises(OptionError):
        line(model, 0.01, "strangeness")


def test_rate_threshold_says_rate_band_origin_and_what_to_expect() -> None:
    calibration = Calibration.of(np.arange(400.0), "400 usual images")
    found = thresholds.by_rate(calibration, 0.01, 1000)
    assert found.value == 396.0
    assert found.how == (
        "chosen to flag at most 1 % of usual images (0.27 to 2.2 %, from 400 usual images): "
        "10 expected of 1,000"
    )


def test_rate_that_cannot_be_promised_becomes_the_smallest_that_can_and_says_so() -> None:
    calibration = Calibration.of(np.arange(30.0), "30 usual images")
    found = thresholds.by_rate(calibration, 0.01, 100)
    assert found.value == 29.0
    assert "at most 3.23 % of usual images" in found.how
    assert "30 usual images cannot promise 1 %: that needs 99" in found.how


def test_false_finds_threshold_flags_what_benjamini_and_hochberg_flag() -> None:
    rng = np.random.default_rng(0)
    calibration = Calibration.of(rng.normal(size=1000), "x")
    scores = np.append(rng.normal(size=400), rng.normal(5.0, 1.0, 40))
    found = thresholds.by_false_finds(calibration, scores, 0.1)
    flags = benjamini_hochberg(calibration.p_values(scores), 0.1)
    assert (found.flags(scores) == flags).all()
    assert "at most 10 % of the flagged are false finds" in found.how
    nothing = thresholds.by_false_finds(calibration, scores[:20], 0.001)
    assert not nothing.flags(scores[:20]).any()
    assert "none stands out enough" in nothing.how
