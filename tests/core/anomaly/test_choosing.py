"""The score to begin with is the one that finds planted outliers best."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core import checkpoints
from core.anomaly import choosing, references
from core.anomaly.choosing import (
    FALLBACK,
    FAMILIES,
    KINDS,
    UNSEEN,
    ChosenScore,
    best_of,
    choice,
    weighed,
)
from core.anomaly.judging import References, available
from core.anomaly.line import default_line
from core.anomaly.scores import BY_NAME
from core.checkpoints import fileformat
from core.checkpoints.document import ChoiceRecord
from core.data import catalogue
from core.data.named import planting
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.models import pca
from core.runs import removal
from tests.core.models_for_tests import tiny_checkpoint, tiny_document, tiny_tensors

SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def train() -> ImageSet:
    return catalogue.load("mnist-5k", "train").take(slice(0, 300))


@pytest.fixture(scope="module")
def known(train: ImageSet) -> References:
    checkpoint = tiny_checkpoint("pca", SHAPE, options={"latent_dim": 20})
    tensors, _ = pca.fit(train.pixels().reshape(len(train), -1), 20)
    model = Autoencoder(replace(checkpoint, tensors=tensors))
    return References(model, train, catalogue.load("mnist-5k", "test").take(slice(0, 80)))


def test_every_score_is_measured_on_every_kind_of_planted_outlier(known: References) -> None:
    found = choice(known)
    assert found is not None
    assert list(found.auroc) == [spec.name for spec in available(has_classes=True)]
    assert all(tuple(kinds) == KINDS for kinds in found.auroc.values())
    assert found.n == 80
    assert found.best == best_of(found.auroc)
    assert found.auroc["mse"]["speckled"] > 0.95
    assert "of outliers planted among 80 usual images it finds AUROC" in found.why()


def test_same_seed_chooses_the_same_with_the_same_numbers(known: References) -> None:
    assert choice(known, seed=1) == choice(known, seed=1)
    assert choice(known, seed=1) != choice(known, seed=2)


def test_classes_never_seen_are_planted_too(known: References, train: ImageSet) -> None:
    found = choice(known, train.take(slice(0, 40)))
    assert found is not None
    assert all(UNSEEN in kinds for kinds in found.auroc.values())


def test_without_calibration_images_nothing_is_chosen(train: ImageSet) -> None:
    model = Autoencoder(tiny_checkpoint("pca", SHAPE))
    assert choice(References(model, train)) is None


@pytest.mark.parametrize(
    ("mse", "mean_of_several", "best"),
    [(0.9, 0.8, "mse"), (0.8, 0.9, FALLBACK), (0.9, 0.86, FALLBACK), (0.9, 0.9, FALLBACK)],
)
def test_score_must_be_clearly_better_than_the_mean_of_several(
    mse: float, mean_of_several: float, best: str
) -> None:
    found = {"mse": {"covered": mse}, FALLBACK: {"covered": mean_of_several}}
    assert best_of(found | {"mae": {"covered": 0.1}}) == best


def test_score_that_is_worse_than_guessing_at_a_family_is_not_chosen() -> None:
    good = dict.fromkeys(FAMILIES["local defects"], 1.0)
    structure = dict.fromkeys(FAMILIES["another structure"], 0.4)
    found = {
        "patches": good | structure,
        "mse": dict.fromkeys(good | structure, 0.6),
        FALLBACK: dict.fromkeys(good | structure, 0.52),
    }
    assert weighed(found["patches"]) == pytest.approx(0.6)
    assert best_of(found) == "mse"
    assert best_of({name: found[name] for name in ("patches", FALLBACK)}) == FALLBACK
    assert best_of({"patches": found["patches"]}) == "patches"


@pytest.mark.parametrize(
    ("of", "best", "said"),
    [
        ({"mse": 0.9, FALLBACK: 0.7}, "mse", "That is better than Outlines"),
        ({"mse": 0.72, FALLBACK: 0.7}, FALLBACK, "is not clearly better"),
        ({"mse": 0.6, FALLBACK: 0.7}, FALLBACK, "No other score finds more."),
    ],
)
def test_reason_says_how_the_score_stands_to_the_others(
    of: dict[str, float], best: str, said: str
) -> None:
    auroc = {name: {"covered": value} for name, value in of.items()}
    assert best_of(auroc) == best
    assert said in ChosenScore(auroc, best, 80).why()


def test_reason_says_why_a_better_score_is_left_aside() -> None:
    auroc = {
        "mse": {"covered": 1.0, "turned": 0.4},
        FALLBACK: {"covered": 0.6, "turned": 0.6},
    }
    assert best_of(auroc) == FALLBACK
    assert "worse than guessing" in ChosenScore(auroc, FALLBACK, 80).why()


def test_with_classes_never_seen_any_difference_counts() -> None:
    found = {"mse": {UNSEEN: 0.82, "covered": 0.8}, FALLBACK: {UNSEEN: 0.8, "covered": 0.8}}
    assert best_of(found) == "mse"
    without = {name: {"covered": kinds[UNSEEN]} for name, kinds in found.items()}
    assert best_of(without) == FALLBACK


def test_classes_never_seen_count_as_much_as_all_other_kinds() -> None:
    assert weighed({"covered": 1.0, "blurred": 0.8, UNSEEN: 0.5}) == pytest.approx(0.7)


def test_pasted_piece_is_of_another_image_and_the_rest_stays() -> None:
    x = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 20, 24), np.uint8)
    images = catalogue.load("mnist-5k", "test").take(slice(0, 5))
    some = replace(images, images=x)
    planted = planting.by_corruption(some, "pasted", 1.0, 0).images.images[5:]
    for i, picture in enumerate(planted):
        changed = (picture != i).any(axis=0)
        assert changed.sum() == 5 * 6
        assert len(np.unique(picture[:, changed])) == 1


def test_unseen_images_are_of_the_classes_left_out_and_not_judged() -> None:
    card = tiny_checkpoint("dense", SHAPE, excluded_classes=("5", "9")).card
    train = catalogue.load("mnist-5k", "train")
    found = references.unseen_images(card, train.take(slice(0, 500)))
    assert found is not None
    assert set(np.unique(np.asarray(found.labels)).tolist()) == {5, 9}
    assert not set(found.ids.tolist()) & set(train.ids[:500].tolist())
    assert references.unseen_images(tiny_checkpoint("dense", SHAPE).card, train) is None


def test_set_that_draws_its_own_defects_gives_true_outliers_that_are_not_judged(home: Path) -> None:
    card = tiny_checkpoint("dense", (3, 64, 64), dataset="shapes").card
    judged = catalogue.load("shapes", "test")
    found = references.unseen_images(card, judged)
    assert found is not None
    assert len(found) == 200
    assert found.factors is not None
    assert found.factors["is_outlier"].all()
    assert not set(found.ids.tolist()) & set(judged.ids.tolist())
    assert (
        references.unseen_images(tiny_checkpoint("dense", SHAPE, dataset="shapes").card, judged)
        is None
    )


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 17, 23)])
@pytest.mark.parametrize("kind", FAMILIES["another structure"])
def test_other_structure_changes_each_picture_and_keeps_its_form(
    kind: str, shape: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.integers(0, 12, (6, *shape)), axis=3).clip(0, 255).astype(np.uint8)
    spoiled = planting.CORRUPTIONS[kind].make(x, np.random.default_rng(1))
    assert (spoiled.shape, spoiled.dtype) == (x.shape, np.uint8)
    assert (spoiled != x).any(axis=(1, 2, 3)).all()
    again = planting.CORRUPTIONS[kind].make(x, np.random.default_rng(1))
    np.testing.assert_array_equal(spoiled, again)


@pytest.mark.parametrize("kind", ["cracked", "stained"])
@pytest.mark.parametrize("ground", [0, 100, 255])
def test_drawn_defect_is_a_visible_part_of_each_picture(kind: str, ground: int) -> None:
    images = catalogue.load("mnist-5k", "test").take(slice(0, 30))
    plain = replace(images, images=np.full((30, 3, 32, 40), ground, np.uint8))
    spoiled = planting.by_corruption(plain, kind, 1.0, 0).images.images[30:].astype(int)
    changed = (np.abs(spoiled - ground) > planting.CONTRAST / 2).any(axis=1).mean(axis=(1, 2))
    assert ((changed > 0.001) & (changed < 0.4)).all()
    assert np.unique(spoiled.reshape(30, -1), axis=0).shape[0] == 30


def test_choice_is_kept_for_a_model_and_goes_with_it(
    home: Path, own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tiny_document("pca", SHAPE, options={"latent_dim": 4})
    path = own_checkpoints / "tiny.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    assert choosing.at_first_look(Autoencoder.of(card)) is None  # of a named set: when asked for
    found = choosing.for_model(Autoencoder.of(card))
    assert found is not None
    assert choosing.known(card) == found
    monkeypatch.setattr(choosing, "choice", lambda *_: pytest.fail("it was chosen once"))
    assert choosing.for_model(Autoencoder.of(card)) == found
    removal.delete_model(card)
    assert choosing.known(card) is None


def test_choice_for_a_model_of_an_own_set_stands_in_its_document(
    home: Path, known: References, train: ImageSet
) -> None:
    own = replace(train, id="own:mine")
    checkpoint = tiny_checkpoint("pca", SHAPE, options={"latent_dim": 20}, dataset="own:mine")
    tensors, _ = pca.fit(train.pixels().reshape(len(train), -1), 20)
    calibrating = catalogue.load("mnist-5k", "test").take(slice(0, 80))

    def load(name: str, split: str) -> ImageSet:
        assert (name, split) == ("own:mine", "calibration")
        return calibrating

    found = choosing.at_end_of_training(replace(checkpoint, tensors=tensors), own, load)
    expected = choice(known)
    assert expected is not None
    data, _ = fileformat.packed(found.card.document, found.tensors)
    again = checkpoints.read_bytes(Path("x.safetensors"), data).card
    kept = choosing.known(again)
    assert kept is not None
    assert (kept.best, kept.n, kept.seed) == (expected.best, expected.n, 0)
    of_named = choosing.at_end_of_training(checkpoint, train, load)
    assert of_named.card.document.choice is None


@pytest.mark.parametrize(
    "record",
    [
        ChoiceRecord({"mse": {"covered": 0.9}}, "mse", 80),
        ChoiceRecord({"mse": {"covered": 0.9}, "pca": {"covered": 0.9}}, "oddity", 80),
        ChoiceRecord({"mse": {"covered": 0.9}, "pca": {"blurred": 0.9}}, "mse", 80),
        ChoiceRecord({"mse": {}, "pca": {}}, "mse", 80),
    ],
)
def test_choice_that_makes_no_sense_is_none(record: ChoiceRecord) -> None:
    card = tiny_checkpoint("dense", SHAPE).card
    document = msgspec.structs.replace(card.document, choice=record)
    assert choosing.known(replace(card, document=document)) is None


def test_line_without_a_score_is_on_the_one_that_was_chosen(own_checkpoints: Path) -> None:
    auroc = {"mse": {"covered": 0.6}, "pixel_neighbours": {"covered": 0.9}}
    chosen = ChoiceRecord(auroc, "pixel_neighbours", 80)
    document = msgspec.structs.replace(tiny_document("dense", SHAPE), choice=chosen)
    card = checkpoints.save(own_checkpoints / "a.safetensors", document, tiny_tensors(document))
    line, why = default_line(Autoencoder.of(card), 0.05)
    assert line.score == "pixel_neighbours"
    assert "AUROC 0.900" in why
    unknown = msgspec.structs.replace(document, dataset="elsewhere")
    card = checkpoints.save(own_checkpoints / "b.safetensors", unknown, tiny_tensors(document))
    line, why = default_line(Autoencoder.of(card), 0.05)
    assert line.score == "mse"
    assert "cannot be computed here" in why


def test_choices_that_come_along_are_of_scores_that_there_are() -> None:
    assert choosing.SHIPPED.is_file()
    for card in checkpoints.available():
        if (found := choosing.shipped(card.sha256)) is not None:
            assert found.best == best_of(found.auroc)
            assert found.best in BY_NAME
    assert choosing.shipped("0" * 64) is None
