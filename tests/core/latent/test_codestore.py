"""Codes on disk: made once a row, whole after any interruption, never more than allowed."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.latent import codestore
from core.latent.codestore import CodeStore
from core.latent.geometry import Array, Index, Scores

N, K = 50, 3


class Encoder:
    """Codes that tell their row, and which rows were asked for."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.rows: list[int] = []
        self._fails_at = fails_at

    def __call__(self, rows: Index) -> Array:
        if self._fails_at in rows:
            raise RuntimeError("the visitor has left")
        self.rows += rows.tolist()
        return codes_of(rows)


def errors_of(rows: Index) -> Scores:
    return rows / 7


def codes_of(rows: Index) -> Array:
    return np.asarray(rows[:, None] + np.arange(K) / 10, np.float32)


def store(folder: Path, n: int = N) -> CodeStore:
    return codestore.opened(folder, "a-model-and-a-part", n, K)


def fill(kept: CodeStore, rows: list[int] | range, encode: Encoder) -> None:
    kept.fill(kept.missing(np.array(rows)), encode, lambda done, total: None)


@pytest.mark.parametrize("rows", [range(N), [0, 1, 2, 7, 30, 31, N - 1], [4]])
def test_rows_filled_are_read_again_by_another_process(
    tmp_path: Path, rows: list[int] | range
) -> None:
    fill(store(tmp_path), rows, Encoder())
    again, which = store(tmp_path), np.array(rows)
    assert again.missing(np.arange(N)).tolist() == sorted(set(range(N)) - set(rows))
    np.testing.assert_array_equal(again.z[which], codes_of(which))


def test_errors_are_measured_where_they_are_asked_for_and_read_again(tmp_path: Path) -> None:
    kept, few = store(tmp_path), np.array([3, 4, 9])
    fill(kept, range(10), Encoder())
    assert kept.unjudged(np.arange(10)).tolist() == list(range(10))
    kept.judge(few, errors_of, lambda done, total: None)
    again = store(tmp_path)
    assert again.unjudged(np.arange(10)).tolist() == [0, 1, 2, 5, 6, 7, 8]
    assert len(again.missing(np.arange(10))) == 0
    np.testing.assert_array_equal(again.errors[few], errors_of(few))
    np.testing.assert_array_equal(again.z[:10], codes_of(np.arange(10)))


def test_rows_kept_by_an_earlier_version_are_codes_and_errors(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept._put("known", np.arange(N), np.ones(N, np.uint8))
    assert not len(kept.missing(np.arange(N)))
    assert not len(kept.unjudged(np.arange(N)))


def test_samples_that_overlap_encode_each_row_once(tmp_path: Path) -> None:
    encode = Encoder()
    for rows in ([1, 2, 3, 9], [2, 3, 4], range(10)):
        fill(store(tmp_path), rows, encode)
    assert sorted(encode.rows) == list(range(10))


def test_interrupted_encoding_goes_on_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codestore, "CHUNK", 4)
    with pytest.raises(RuntimeError):
        fill(store(tmp_path), range(N), Encoder(fails_at=22))
    encode = Encoder()
    fill(store(tmp_path), range(N), encode)
    assert sorted(encode.rows) == list(range(20, N))
    np.testing.assert_array_equal(store(tmp_path).z, codes_of(np.arange(N)))


def test_progress_ends_with_all_rows_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codestore, "CHUNK", 20)
    told: list[tuple[int, int]] = []
    store(tmp_path).fill(np.arange(N), Encoder(), lambda done, total: told.append((done, total)))
    assert told == [(20, N), (40, N), (N, N)]


DAMAGED = {
    "empty": b"",
    "text": b"x" * 500,
    "header": b"\x93NUMPY\x01\x00\x08\x00{'''    '",
    "zip": b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("damage", ["short", "gone", "other type", "other length", *DAMAGED])
def test_broken_store_is_made_anew(tmp_path: Path, damage: str) -> None:
    fill(store(tmp_path), range(N), Encoder())
    file = tmp_path / "a-model-and-a-part" / "z.npy"
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "other type":
        np.save(file, np.zeros((N, K)))
    elif damage == "other length":
        np.save(file, np.zeros((N - 1, K), np.float32))
    else:
        file.write_bytes(DAMAGED.get(damage, content[:-9]))
    again = store(tmp_path)
    assert len(again.missing(np.arange(N))) == N
    fill(again, range(N), Encoder())
    np.testing.assert_array_equal(store(tmp_path).z, codes_of(np.arange(N)))


def test_folder_that_cannot_be_written_leaves_a_store_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    kept = store(tmp_path / "file")
    fill(kept, range(N), Encoder())
    np.testing.assert_array_equal(kept.z, codes_of(np.arange(N)))


def test_codes_too_large_to_keep_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codestore, "LARGEST", 4 * N * K - 1)
    kept = store(tmp_path)
    fill(kept, range(N), Encoder())
    assert len(kept.missing(np.arange(N))) == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_full_disk_is_an_error_and_leaves_the_rows_unknown(tmp_path: Path) -> None:
    kept = store(tmp_path)
    (tmp_path / "a-model-and-a-part" / "z.npy").unlink()
    (tmp_path / "a-model-and-a-part" / "z.npy").symlink_to("/dev/full")
    with pytest.raises(OSError, match="space"):
        fill(kept, range(N), Encoder())
    assert len(kept.missing(np.arange(N))) == N


@pytest.mark.parametrize(
    ("most_bytes", "most", "left"), [(10**9, 200, 3), (10**9, 2, 2), (1, 200, 1)]
)
def test_stores_opened_longest_ago_are_deleted_first(
    tmp_path: Path, most_bytes: int, most: int, left: int
) -> None:
    for i in range(3):
        kept = codestore.opened(tmp_path, f"store-{i}", N, K)
        fill(kept, range(N), Encoder())
        os.utime(tmp_path / f"store-{i}", (i, i))
    codestore.keep_within(tmp_path, most_bytes, most)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [
        f"store-{i}" for i in range(3 - left, 3)
    ]
