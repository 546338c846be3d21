import os
from pathlib import Path

import numpy as np
import pytest

from core import arraycache
from core.arraycache import Arrays

NAMES = ("x",)


class Maker:
    def __init__(self) -> None:
        self.n_calls = 0

    def __call__(self) -> Arrays:
        self.n_calls += 1
        return {"x": np.arange(1_000)}


def test_arrays_asked_for_twice_are_made_once(tmp_path: Path) -> None:
    make = Maker()
    for _ in range(2):
        kept = arraycache.cached(tmp_path / "deeper" / "a.npz", NAMES, make)
        assert kept["x"].tolist() == list(range(1_000))
    assert make.n_calls == 1


@pytest.mark.parametrize("damage", ["empty", "short", "flipped", "other", "objects", "folder"])
def test_arrays_from_a_broken_file_are_made_anew_and_kept(tmp_path: Path, damage: str) -> None:
    path, make = tmp_path / "a.npz", Maker()
    arraycache.cached(path, NAMES, make)
    content = path.read_bytes()
    if damage == "flipped":
        path.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    elif damage == "other":
        np.savez(path, y=np.zeros(3))
    elif damage == "objects":
        np.savez(path, x=np.array([{}], dtype=object))
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(content[: 300 if damage == "short" else 0])
    assert arraycache.cached(path, NAMES, make)["x"].tolist() == list(range(1_000))
    assert make.n_calls == 2
    if damage != "folder":
        arraycache.cached(path, NAMES, make)
        assert make.n_calls == 2


def test_arrays_in_a_folder_that_cannot_be_written_are_given_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    assert arraycache.cached(tmp_path / "data" / "a.npz", NAMES, Maker())["x"].size == 1_000


def test_arrays_kept_leave_no_temporary_file(tmp_path: Path) -> None:
    arraycache.cached(tmp_path / "a.npz", NAMES, Maker())
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_newest_files_of_a_folder_are_kept_and_the_others_deleted(tmp_path: Path) -> None:
    for i in range(5):
        arraycache.write(tmp_path / f"{i}.npz", {"a": np.array([i])})
        os.utime(tmp_path / f"{i}.npz", (i, i))
    (tmp_path / "note.txt").write_text("not ours")
    arraycache.keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.npz", "4.npz", "note.txt"]


def test_newest_files_are_kept_within_a_number_of_bytes_and_the_last_one_in_any_case(
    tmp_path: Path,
) -> None:
    for i in range(4):
        arraycache.write(tmp_path / f"{i}.npz", {"a": np.zeros(1_000)})
        os.utime(tmp_path / f"{i}.npz", (i, i))
    size = (tmp_path / "0.npz").stat().st_size
    arraycache.keep_newest(tmp_path, 100, 2 * size)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.npz", "3.npz"]
    arraycache.keep_newest(tmp_path, 100, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["3.npz"]
