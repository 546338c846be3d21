"""The geometry of code space against naive twins, and images that stay with their codes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from core import principal
from core.images.imagesets import ImageSet, joined, numbered_ids
from core.inference import Autoencoder
from core.latent import geometry
from core.neighbours import nearest
from tests.core.models_for_tests import SHAPE, tiny_checkpoint


def codes(n: int = 60, k: int = 5, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, k)) * np.linspace(3, 1, k) + 2).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 5), (30, 1100), (5_000, 7)])
def test_principal_axes_equal_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    z = codes(*shape)
    axes, twin = principal.principal_axes(z, 3), PCA(3, svd_solver="full").fit(z)
    signs = np.sign(np.sum(axes.directions * twin.components_, axis=1, keepdims=True))
    np.testing.assert_allclose(axes.directions, signs * twin.components_, atol=1e-4)
    np.testing.assert_allclose(axes.shares, twin.explained_variance_ratio_, rtol=1e-4)
    np.testing.assert_allclose(axes.origin, z.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize(("n", "decay"), [(3_000, 0.3), (3_000, 0.8), (400, 0.5)])
def test_strongest_axes_of_wide_codes_equal_all_axes_within_the_tolerance(
    n: int, decay: float
) -> None:
    """The bound of the docstring: residual / gap, twice, as rounding has its share."""
    rng, k, m = np.random.default_rng(1), principal.WIDE, 5
    scales = np.arange(1, k + 1) ** -decay
    z = (rng.standard_normal((n, k)) * rng.permutation(scales) + 5).astype(np.float32)
    axes = principal.principal_axes(z, m)
    values, vectors = np.linalg.eigh(np.cov(z.T.astype(np.float64), bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    np.testing.assert_allclose(axes.shares, values[:m] / values.sum(), rtol=1e-5)
    np.testing.assert_allclose(axes.directions @ axes.directions.T, np.eye(m), atol=1e-10)
    for i, direction in enumerate(axes.directions):
        gap = np.abs(np.delete(values[: m + 1], i) - values[i]).min()
        sine = np.linalg.norm(direction - vectors[:, i] * (vectors[:, i] @ direction))
        assert sine <= 2 * principal.TOLERANCE * values[0] / gap


def test_strongest_axes_of_codes_alike_in_all_directions_end_and_are_as_strong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(principal, "MOST_FOLLOWED", 80)
    z = np.random.default_rng(2).standard_normal((1_500, principal.WIDE)).astype(np.float32)
    axes = principal.principal_axes(z, 2)
    strongest = np.linalg.eigvalsh(np.cov(z.T.astype(np.float64), bias=True))[::-1]
    np.testing.assert_allclose(axes.shares, strongest[:2] / strongest.sum(), rtol=0.05)


def test_principal_axes_of_a_line_are_the_line_itself() -> None:
    z = np.outer([-1.0, 0.0, 4.0], [3.0, 4.0]) + 1
    axes = principal.principal_axes(z, 1)
    np.testing.assert_allclose(axes.directions, [[0.6, 0.8]])
    np.testing.assert_allclose(axes.shares, [1.0])
    np.testing.assert_allclose(axes.codes(axes.coordinates(z)), z, atol=1e-5)


def test_plane_of_two_numbers_is_the_code_itself() -> None:
    z = codes(k=2)
    axes = geometry.plane(z)
    np.testing.assert_allclose(axes.coordinates(z), z, rtol=1e-6)
    np.testing.assert_allclose(axes.codes(z), z, rtol=1e-6)
    assert axes.shares.sum() == pytest.approx(1)


def test_plane_of_one_number_has_a_second_axis_along_which_nothing_changes() -> None:
    axes = geometry.plane(codes(k=1))
    assert axes.coordinates([[7.0]]).tolist() == [[7.0, 0.0]]
    assert axes.codes([[7.0, 5.0]]).tolist() == [[7.0]]
    assert axes.shares.tolist() == [1.0, 0.0]


def test_plane_of_more_numbers_goes_through_the_mean() -> None:
    z = codes()
    np.testing.assert_allclose(geometry.plane(z).codes([[0.0, 0.0]])[0], z.mean(axis=0), rtol=1e-5)


def test_typical_gap_is_what_most_points_stay_under() -> None:
    line = np.column_stack([np.append(np.arange(199), 1000.0), np.zeros(200)])
    assert geometry.typical_gap(line) == pytest.approx(1.0)
    assert geometry.typical_gap(line, 1.0) == pytest.approx(802)
    assert geometry.typical_gap(line[:1]) == 0


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    share=st.floats(0, 1),
    seed=st.integers(0, 9),
)
@settings(max_examples=50, deadline=None)
def test_stratified_sample_holds_every_class_in_its_share(
    sizes: list[int], share: float, seed: int
) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    n = round(share * len(labels))
    chosen = geometry.stratified(labels, len(labels), n, seed)
    assert len(set(chosen.tolist())) == len(chosen) == n
    assert (np.diff(chosen) > 0).all()
    counts = np.bincount(labels[chosen], minlength=len(sizes))
    assert (np.abs(counts - np.array(sizes) * n / len(labels)) < 1).all()
    assert (chosen == geometry.stratified(labels, len(labels), n, seed)).all()


def test_stratified_sample_equals_that_of_the_plain_rule() -> None:
    labels = np.random.default_rng(3).integers(0, 4, 500)
    order = np.random.default_rng(7).permutation(500)
    quotas = np.floor(np.bincount(labels) * 100 / 500).astype(int)
    chosen = geometry.stratified(labels, 500, 100, 7)
    for c, quota in enumerate(quotas):
        first = [i for i in order if labels[i] == c][:quota]
        assert set(first) <= set(chosen[labels[chosen] == c].tolist())


def test_sample_without_labels_is_random_and_another_seed_draws_another() -> None:
    one, other = (geometry.stratified(None, 1000, 50, seed) for seed in (0, 1))
    assert len(one) == len(other) == 50
    assert one.tolist() != other.tolist()
    assert geometry.stratified(None, 10, 50, 0).tolist() == list(range(10))


# The classic mistake: another image's picture at a point.


def numbered_images(split: str, numbers: range) -> ImageSet:
    """Every pixel of image i is i: an image shows its own number, so that no mix-up can hide."""
    values = np.array(numbers, np.uint8)
    pixels = np.broadcast_to(values[:, None, None, None], (len(values), *SHAPE)).copy()
    labels = values.astype(np.int64) % 3
    factors = pd.DataFrame({"number": values})
    ids = numbered_ids(f"n/{split}", numbers)
    return ImageSet("n", split, pixels, labels, ("a", "b", "c"), ids, factors)


def test_id_image_code_and_factor_stay_together_through_filter_shuffle_subsample_and_split() -> (
    None
):
    model = Autoencoder(tiny_checkpoint("dense"))
    images = joined(numbered_images("test", range(90)), numbered_images("train", range(90, 200)))
    of_id = dict(zip(images.ids.tolist(), model.encode(images.pixels()), strict=True))

    filtered = images.take(images.labels != 1)  # type: ignore[arg-type]
    shuffled = filtered.take(np.random.default_rng(0).permutation(len(filtered)))
    sample = shuffled.take(geometry.stratified(shuffled.labels, len(shuffled), 60, 0))
    z = model.encode(sample.pixels())
    assert sample.labels is not None
    for label in np.unique(sample.labels):  # as a chart splits points by colour
        members = np.flatnonzero(sample.labels == label)
        for name, code in zip(sample.ids[members].tolist(), z[members], strict=True):
            number = int(name.rsplit("/", 1)[1])
            at = sample.positions([name])[0]
            assert (sample.images[at] == number).all()
            assert sample.factors is not None
            assert sample.factors["number"][at] == number
            assert sample.labels[at] == label == number % 3
            np.testing.assert_allclose(code, of_id[name], rtol=1e-5)
            assert sample.ids[nearest(code[None], z, 1).positions[0, 0]] == name
