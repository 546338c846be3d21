"""Measures of structure against scikit-learn's, and on cases whose answer is known."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from core.latent import structure


def blobs(n: int = 90, spread: float = 1.0, k: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    centres = 10 * np.eye(3, k)
    z = centres[labels] + spread * rng.standard_normal((n, k))
    return z.astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("spread", [0.5, 5.0])
def test_silhouette_equals_that_of_scikit_learn(spread: float) -> None:
    z, labels = blobs(spread=spread)
    expected = metrics.silhouette_score(z, labels)
    assert structure.silhouette(z, labels) == pytest.approx(expected, abs=1e-5)


def test_silhouette_of_a_point_alone_in_its_class_counts_nothing() -> None:
    z = np.array([[0.0], [1.0], [9.0]])
    labels = np.array([0, 0, 1])
    assert structure.silhouette(z, labels) == pytest.approx(metrics.silhouette_score(z, labels))


def test_clusters_of_separate_blobs_are_the_blobs_and_the_largest_comes_first() -> None:
    z, labels = blobs(spread=0.5)
    z, labels = z[10:], labels[10:]
    keep = np.ones(len(labels), bool)
    keep[np.flatnonzero(labels == 1)[:20]] = False
    found = structure.clusters(z[keep], 3)
    assert metrics.adjusted_rand_score(labels[keep], found) == pytest.approx(1)
    assert (np.diff(np.bincount(found)) <= 0).all()
    assert (found == structure.clusters(z[keep], 3)).all()


def test_neighbour_accuracy_equals_leaving_one_out_with_scikit_learn() -> None:
    z, labels = blobs(60, spread=6.0)
    right = 0
    for i in range(len(z)):
        others = np.arange(len(z)) != i
        model = KNeighborsClassifier(10).fit(z[others], labels[others])
        right += int(model.predict(z[i : i + 1])[0] == labels[i])
    assert structure.neighbour_accuracy(z, labels) == pytest.approx(right / len(z))
    assert 0.4 < right / len(z) < 1


def test_trustworthiness_equals_that_of_scikit_learn() -> None:
    z, _ = blobs(120, spread=4.0)
    xy = z[:, :2]
    expected = trustworthiness(z, xy, n_neighbors=7)
    assert structure.trustworthiness(z, xy, 7) == pytest.approx(expected, abs=1e-9)
    assert expected < 0.97


def test_trustworthiness_of_the_codes_themselves_is_1_and_of_chance_is_a_half() -> None:
    z, _ = blobs(400, k=2)
    assert structure.trustworthiness(z, z) == pytest.approx(1)
    shuffled = z[np.random.default_rng(1).permutation(len(z))]
    assert structure.trustworthiness(z, shuffled) == pytest.approx(0.5, abs=0.1)


def test_trustworthiness_from_a_sample_is_near_that_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    z, _ = blobs(600, spread=5.0)
    whole = structure.trustworthiness(z, z[:, :2])
    monkeypatch.setattr(structure, "N_ANCHORS", 150)
    assert structure.trustworthiness(z, z[:, :2]) == pytest.approx(whole, abs=0.02)


def test_structures_measure_codes_pixels_and_a_pca_of_the_same_size() -> None:
    x, labels = blobs(spread=4.0, k=16)
    z = x[:, :2]
    heard: list[tuple[int, int]] = []
    found = structure.structures(
        z, x.reshape(-1, 1, 4, 4), labels, progress=lambda done, total: heard.append((done, total))
    )
    assert [(one.name, one.size) for one in found] == [("codes", 2), ("pixels", 16), ("pca", 2)]
    assert found[1].silhouette == pytest.approx(metrics.silhouette_score(x, labels), abs=1e-5)
    assert found[0].neighbour_accuracy == structure.neighbour_accuracy(z, labels)
    assert heard == [(i, 9) for i in range(1, 10)]


def test_structures_of_codes_as_large_as_the_image_have_no_pca() -> None:
    x, labels = blobs(k=4)
    found = structure.structures(np.tile(x, 2), x, labels)
    assert [one.name for one in found] == ["codes", "pixels"]
