"""Clusters against classes: as scikit-learn has it, and where the answer is known."""

import numpy as np
import pytest
from sklearn import metrics

from core.latent.structure import adjusted_rand, homogeneity


@pytest.mark.parametrize("seed", range(5))
def test_homogeneity_and_adjusted_rand_equal_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, found = rng.integers(0, 4, 80), rng.integers(5, 8, 80)
    found[:40] = labels[:40]
    expected = metrics.homogeneity_score(labels, found)
    assert homogeneity(labels, found) == pytest.approx(expected, abs=1e-9)
    expected = metrics.adjusted_rand_score(labels, found)
    assert adjusted_rand(labels, found) == pytest.approx(expected, abs=1e-9)


def test_clusters_that_are_the_classes_agree_fully_whatever_they_are_called() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    renamed = np.array([7, 7, 3, 3, 5, 5])
    assert homogeneity(labels, renamed) == pytest.approx(1)
    assert adjusted_rand(labels, renamed) == pytest.approx(1)


def test_one_cluster_for_all_tells_nothing() -> None:
    labels, one = np.array([0, 0, 1, 1]), np.zeros(4, np.int64)
    assert homogeneity(labels, one) == pytest.approx(0)
    assert adjusted_rand(labels, one) == pytest.approx(0)
