"""Nearest neighbours against the definition, one pair at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from core import neighbours
from core.neighbours import nearest, nearest_others


def naive(queries: np.ndarray, references: np.ndarray, k: int) -> tuple[list, list]:
    """Distances and positions of the k nearest, by a loop over all pairs."""
    distances, positions = [], []
    for q in queries:
        apart = sorted((float(np.linalg.norm(q - r)), i) for i, r in enumerate(references))[:k]
        distances.append([d for d, _ in apart])
        positions.append([i for _, i in apart])
    return distances, positions


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 9), st.integers(1, 300), st.integers(1, 5), st.integers(1, 12), st.integers(0, 9)
)
def test_nearest_equals_a_loop_over_all_pairs(n: int, m: int, d: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    queries = rng.standard_normal((n, d), dtype=np.float32)
    references = rng.standard_normal((m, d), dtype=np.float32)
    k = min(k, m)
    distances, positions = naive(queries, references, k)
    found = nearest(queries, references, k)
    np.testing.assert_array_equal(found.positions, positions)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    np.testing.assert_allclose(found.mean_distance, np.mean(distances, axis=1), rtol=1e-5)


def test_nearest_over_many_parts_equals_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    references = rng.standard_normal((3001, 16), dtype=np.float32)
    queries = rng.standard_normal((1000, 16), dtype=np.float32)
    tree = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(references)
    distances, positions = tree.kneighbors(queries)
    found = nearest(queries, references, 7)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-4)
    assert (found.positions == positions).mean() > 0.999  # ties may fall either way


def test_nearest_others_leaves_out_itself_and_keeps_its_twins() -> None:
    x = np.array([[0.0], [0.0], [5.0], [6.0]], np.float32)
    found = nearest_others(x, 2)
    assert found.positions[0].tolist() == [1, 2]
    assert found.positions[1].tolist() == [0, 2]
    np.testing.assert_array_equal(found.distances[:2], [[0, 5], [0, 5]])


def test_nearest_others_of_some_rows_are_those_among_all_rows() -> None:
    x = np.random.default_rng(2).standard_normal((500, 4)).astype(np.float32)
    rows = np.array([3, 499, 0])
    everyone = nearest_others(x, 5)
    np.testing.assert_array_equal(nearest_others(x, 5, rows).positions, everyone.positions[rows])


def test_nearest_far_from_the_origin_keeps_its_digits() -> None:
    rng = np.random.default_rng(3)
    references = 100 + rng.standard_normal((200, 3)).astype(np.float32)
    found = nearest(references[:5], references, 1)
    assert found.positions[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert not found.distances.any()


@pytest.mark.parametrize("k", [0, 4])
def test_nearest_with_too_few_references_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="neighbours"):
        nearest(np.zeros((1, 2), np.float32), np.zeros((3, 2), np.float32), k)


def test_nearest_others_with_no_other_is_refused() -> None:
    with pytest.raises(ValueError, match="neighbours"):
        nearest_others(np.zeros((1, 2), np.float32), 1)


@pytest.mark.parametrize("size", [7, 1 << 22])
def test_nearest_to_a_row_of_bytes_are_those_found_among_floats(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "PART_VALUES", size)
    x = np.random.default_rng(0).integers(0, 256, (50, 6), dtype=np.uint8)
    x[7] = x[3]
    found = neighbours.nearest_to_row(x, 5, 3, 255)
    expected = neighbours.nearest_others(x.astype(np.float32) / 255, 5, np.array([3]))  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.positions, expected.positions)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-5)
    assert found.positions[0, 0] == 7
    with pytest.raises(ValueError, match="50 neighbours among 49"):
        neighbours.nearest_to_row(x, 50, 3)
