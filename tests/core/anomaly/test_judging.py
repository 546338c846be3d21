"""Every score against its definition written as loops, and what they are fitted on."""

from dataclasses import replace

import numpy as np
import pytest

from core import metrics
from core.anomaly import spaces
from core.anomaly.judging import Judged, References, available, ranked
from core.anomaly.scores import BY_NAME, COMBINED, SCORES, map_of
from core.anomaly.spaces import K
from core.config import DataError, OptionError
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.images.parts import telling
from core.inference import Autoencoder
from core.models import pca
from tests.core.models_for_tests import tiny_checkpoint

SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return catalogue.load("mnist-5k", "train").take(slice(0, 400))


@pytest.fixture(scope="module")
def judged_digits() -> ImageSet:
    return catalogue.load("mnist-5k", "test").take(slice(0, 60))


@pytest.fixture(scope="module")
def references(digits: ImageSet) -> References:
    return References(Autoencoder(tiny_checkpoint("dense", SHAPE)), digits)


@pytest.fixture(scope="module")
def seeing(digits: ImageSet) -> References:
    """With a model that has learned something."""
    checkpoint = tiny_checkpoint("pca", SHAPE, options={"latent_dim": 20})
    tensors, _ = pca.fit(digits.pixels().reshape(len(digits), -1), 20)
    return References(Autoencoder(replace(checkpoint, tensors=tensors)), digits)


@pytest.fixture(scope="module")
def judged(references: References, judged_digits: ImageSet) -> Judged:
    return references.judge(judged_digits)


def rebuilt(references: References, images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    x = images.pixels()
    return x, references.spaces.autoencoder.reconstruct(x)


def distances(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """All of them, by the definition."""
    return np.array([[np.linalg.norm(p - q) for q in among] for p in points.astype(np.float64)])


def local_density(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """How much sparser than around the neighbours, one image after the other."""
    between = distances(among, among)
    own = np.sort(between, axis=1)[:, 1 : K + 1].mean(axis=1)  # 0 is the point itself
    out = []
    for row in distances(points, among):
        nearest = np.argsort(row)[:K]
        out.append(row[nearest].mean() / own[nearest].mean())
    return np.array(out)


def pixels_along_axes(images: ImageSet, digits: ImageSet) -> np.ndarray:
    flat = digits.pixels().reshape(len(digits), -1).astype(np.float64)
    _, _, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    x = images.pixels().reshape(len(images), -1)
    return (x - flat.mean(axis=0)) @ axes[: spaces.PIXEL_WIDTH].T


def test_path_compares_hidden_values_of_the_image_and_of_its_reconstruction(
    references: References, judged: Judged
) -> None:
    model = references.spaces.autoencoder
    x, x_hat = rebuilt(references, judged.images)
    apart = model.hidden(x).astype(np.float64) - model.hidden(x_hat)
    assert judged.score("path") == pytest.approx(np.square(apart).mean(axis=1), rel=1e-4)
    known, known_hat = rebuilt(references, references.images)
    usual = model.hidden(known).astype(np.float64) - model.hidden(known_hat)
    _, values, axes = np.linalg.svd(usual - usual.mean(axis=0), full_matrices=False)
    k = len(references.spaces.path.deviations)
    along = (apart - usual.mean(axis=0)) @ axes[:k].T / (values[:k] / np.sqrt(len(usual)))
    expected = np.square(along).mean(axis=1)
    assert judged.score("normalised_path") == pytest.approx(expected, rel=0.02)


def test_path_of_a_large_network_is_compared_at_some_of_its_hidden_values(
    digits: ImageSet, judged_digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "PATH_COLUMNS", 50)
    known = References(Autoencoder(tiny_checkpoint("conv", SHAPE)), digits)
    scores = known.judge(judged_digits).score("normalised_path")
    assert known.spaces.path.columns.shape == (50,)
    assert np.isfinite(scores).all()


def test_errors_are_those_of_the_metrics(
    judged: Judged, references: References, judged_digits: ImageSet
) -> None:
    x, x_hat = rebuilt(references, judged_digits)
    np.testing.assert_allclose(judged.score("mse"), metrics.mse(x, x_hat), rtol=1e-5)
    np.testing.assert_allclose(judged.score("mae"), metrics.mae(x, x_hat), rtol=1e-5)
    np.testing.assert_allclose(
        judged.score("dissimilarity"), 1 - metrics.ssim(x, x_hat), rtol=1e-4, atol=1e-6
    )


def test_neighbour_distance_is_the_mean_of_the_ten_smallest(
    judged: Judged, references: References, digits: ImageSet, judged_digits: ImageSet
) -> None:
    encode = references.spaces.autoencoder.encode
    between = distances(encode(judged_digits.pixels()), encode(digits.pixels()))
    expected = np.sort(between, axis=1)[:, :K].mean(axis=1)
    np.testing.assert_allclose(judged.score("neighbours"), expected, rtol=1e-3)


def test_local_density_of_codes_equals_its_definition(
    judged: Judged, references: References, digits: ImageSet, judged_digits: ImageSet
) -> None:
    encode = references.spaces.autoencoder.encode
    expected = local_density(encode(judged_digits.pixels()), encode(digits.pixels()))
    np.testing.assert_allclose(judged.score("density"), expected, rtol=1e-3)


def test_pixel_scores_equal_their_definitions(
    judged: Judged, digits: ImageSet, judged_digits: ImageSet
) -> None:
    points, among = (pixels_along_axes(images, digits) for images in (judged_digits, digits))
    nearest = np.sort(distances(points, among), axis=1)[:, :K].mean(axis=1)
    np.testing.assert_allclose(judged.score("pixel_neighbours"), nearest, rtol=1e-3)
    np.testing.assert_allclose(
        judged.score("pixel_density"), local_density(points, among), rtol=1e-3
    )


def test_mahalanobis_uses_mean_and_covariance_of_the_reference_codes(
    judged: Judged, references: References, digits: ImageSet, judged_digits: ImageSet
) -> None:
    encode = references.spaces.autoencoder.encode
    known = encode(digits.pixels()).astype(np.float64)
    away = encode(judged_digits.pixels()) - known.mean(axis=0)
    precision = np.linalg.inv(np.cov(known.T, ddof=0))
    expected = np.sqrt([a @ precision @ a for a in away])
    np.testing.assert_allclose(judged.score("mahalanobis"), expected, rtol=2e-2)


def test_pca_error_is_what_a_pca_of_the_codes_size_leaves(
    judged: Judged, references: References, digits: ImageSet, judged_digits: ImageSet
) -> None:
    flat = digits.pixels().reshape(len(digits), -1)
    mean = flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat - mean, full_matrices=False)
    axes = axes[: references.spaces.autoencoder.latent_dim]
    x = judged_digits.pixels().reshape(len(judged_digits), -1)
    x_hat = mean + (x - mean) @ axes.T @ axes
    expected = np.square(x - x_hat).mean(axis=1)
    np.testing.assert_allclose(judged.score("pca"), expected, rtol=1e-3)


def test_class_percentile_counts_better_rebuilt_references_of_the_neighbours_class(
    judged: Judged, references: References, digits: ImageSet
) -> None:
    assert digits.labels is not None
    errors = references.spaces.autoencoder.errors(digits.pixels())
    for i, nearest in enumerate(judged.features.near_codes.positions):
        labels = digits.labels[nearest].tolist()
        label = max(range(10), key=labels.count)
        own = errors[digits.labels == label]
        expected = 100 * (own < judged.score("mse")[i]).mean()
        assert judged.score("class_percentile")[i] == pytest.approx(expected, abs=1e-6)


def test_combined_is_the_mean_of_robust_z_scores_of_logarithms(
    judged: Judged, references: References
) -> None:
    total = np.zeros(len(judged.images))
    for name in COMBINED:
        usual = np.log(references.distribution(name))
        deviation = 1.4826 * np.median(np.abs(usual - np.median(usual)))
        total += (np.log(judged.score(name)) - np.median(usual)) / deviation
    np.testing.assert_allclose(judged.score("combined"), total / len(COMBINED), rtol=1e-6)


@pytest.mark.parametrize("name", [spec.name for spec in available(has_classes=True)])
def test_score_of_inverted_digits_is_higher_than_that_of_digits(
    name: str, seeing: References, judged_digits: ImageSet
) -> None:
    inverted = replace(judged_digits, images=255 - judged_digits.images)
    strange = seeing.judge(inverted).score(name)
    assert np.median(strange) > np.median(seeing.judge(judged_digits).score(name))


@pytest.mark.parametrize("name", [spec.name for spec in available(has_classes=True)])
def test_score_of_one_image_does_not_depend_on_the_others(
    name: str, references: References, judged: Judged
) -> None:
    alone = references.judge(judged.images.take([7]))
    assert alone.score(name)[0] == pytest.approx(judged.score(name)[7], rel=1e-3)


def test_reference_images_are_not_their_own_neighbours(references: References) -> None:
    assert (references.distribution("neighbours") > 0).all()
    among_themselves = references.judge(references.images).score("neighbours")
    assert (references.distribution("neighbours") > among_themselves).all()


def test_distribution_of_every_score_has_a_number_for_each_reference(
    references: References,
) -> None:
    for spec in available(has_classes=True):
        found = references.distribution(spec.name)
        assert found.shape == (400,)
        assert np.isfinite(found).all()


def test_references_without_classes_offer_all_scores_but_one(digits: ImageSet) -> None:
    nameless = replace(digits, labels=None, class_names=())
    references = References(Autoencoder(tiny_checkpoint("pca", SHAPE)), nameless)
    offered = {s.name for s in available(has_classes=False)}
    assert {s.name for s in available(has_classes=True)} - offered == {"class_percentile"}
    assert available(has_classes=True, is_locator=True) == SCORES
    with pytest.raises(DataError):
        references.judge(nameless).score("class_percentile")


def test_equal_images_are_dense_but_not_infinitely(digits: ImageSet) -> None:
    copies = digits.take(np.append(np.zeros(20, np.int64), np.arange(400)))
    references = References(Autoencoder(tiny_checkpoint("dense", SHAPE)), copies)
    assert np.isfinite(references.judge(digits.take([0, 5])).score("density")).all()


def test_too_few_references_and_no_images_are_refused(
    digits: ImageSet, references: References
) -> None:
    with pytest.raises(DataError, match="more than 10 images"):
        References(Autoencoder(tiny_checkpoint("dense", SHAPE)), digits.take(slice(0, 10)))
    with pytest.raises(DataError):
        references.judge(digits.take([]))


def test_unknown_score_is_refused(judged: Judged) -> None:
    with pytest.raises(OptionError, match="choose one of mse"):
        judged.score("magic")


def test_spaces_are_kept_in_the_data_folder_and_read_again(
    digits: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaved = tiny_checkpoint("dense", SHAPE)
    model = Autoencoder(replace(unsaved, card=replace(unsaved.card, sha256="a" * 64)))
    first = spaces.Spaces(model, digits).codes
    monkeypatch.setattr(spaces, "fit", lambda *_: pytest.fail("fitted again"))
    again = spaces.Spaces(model, digits).codes
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.own, again.own)


def test_spaces_of_other_images_are_others(digits: ImageSet) -> None:
    model = Autoencoder(tiny_checkpoint("dense", SHAPE))
    half = digits.take(slice(0, 200))
    assert len(spaces.Spaces(model, digits).pixels.points) == 400
    assert len(spaces.Spaces(model, half).pixels.points) == 200


def test_wide_codes_keep_their_strongest_axes() -> None:
    rng = np.random.default_rng(0)
    images = catalogue.load("mnist-5k", "train").take(slice(0, 300))
    strong = rng.standard_normal((784, 40)).astype(np.float32)
    space = spaces.fit(images, lambda x: np.tile(spaces.flat(x) @ strong, 3), 64)
    assert space.points.shape == (300, 64)
    codes = np.tile(images.pixels().reshape(300, -1) @ strong, 3)
    np.testing.assert_allclose(
        distances(space.points[:5], space.points), distances(codes[:5], codes), rtol=1e-2, atol=0.1
    )


def test_work_is_told_part_by_part(digits: ImageSet, tmp_path: object) -> None:
    told: list[tuple[str, int, int]] = []
    with telling(lambda *step: told.append(step)):
        spaces.fit(digits, spaces.flat, 5)
    assert {title for title, _, _ in told} == {
        "Finding the axes",
        "Placing the reference images",
        "Finding the neighbours of each reference image",
    }
    assert all(0 < done <= total for _, done, total in told)
    told.clear()
    spaces.fit(digits, spaces.flat, 5)
    assert told == []


def test_ranked_scores_have_all_numbers_and_a_time(judged: Judged) -> None:
    truth = np.arange(len(judged.images)) % 3 == 0
    found = ranked(judged, "combined", truth)
    assert 0 <= found.auroc <= 1
    assert found.seconds >= judged.seconds("neighbours") > 0


def test_repair_scores_are_of_the_map_of_repairs_and_only_of_models_that_have_one(
    digits: ImageSet,
) -> None:
    few = digits.take(slice(0, 60))
    one = References(Autoencoder(tiny_checkpoint("repair", SHAPE)), few, kept=False).judge(few)
    of_repairs = set(available(False, is_locator=True)) - set(available(False))
    assert {spec.name for spec in of_repairs} == {"repair", "repair_share"}
    _, found = one.autoencoder.repair(few.pixels())
    largest, share = one.score("repair"), one.score("repair_share")
    assert (share <= largest).all()
    assert (largest <= found.max(axis=(1, 2)) + 1e-6).all()
    maps = map_of(BY_NAME["repair"], one.references.spaces, few.pixels())
    assert maps.shape == found.shape
    other = References(Autoencoder(tiny_checkpoint("pca", SHAPE)), few, kept=False)
    with pytest.raises(DataError, match="does not say where it repairs"):
        other.judge(few).score("repair")
