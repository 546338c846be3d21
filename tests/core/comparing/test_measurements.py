"""Measurements on disk: made once, never believed if they are broken, bounded."""

from pathlib import Path

import numpy as np
import pytest

from core.comparing import measurements
from core.comparing.measurements import Table

SHAPE = (2, 3)


class Measuring:
    def __init__(self) -> None:
        self.n_times = 0

    def __call__(self) -> Table:
        self.n_times += 1
        return np.arange(6.0).reshape(SHAPE)


def kept(folder: Path, measure: Measuring, key: str = "a") -> list[list[float]]:
    found: list[list[float]] = measurements.kept(folder, key, SHAPE, measure).tolist()
    return found


def test_numbers_asked_for_twice_are_measured_once_for_each_key(tmp_path: Path) -> None:
    measure = Measuring()
    for key in "aabba":
        assert kept(tmp_path / "deeper", measure, key) == [[0, 1, 2], [3, 4, 5]]
    assert measure.n_times == 2


@pytest.mark.parametrize("damage", ["short", "flipped", "nan", "other shape", "other type", "text"])
def test_broken_numbers_are_measured_anew_and_replaced(tmp_path: Path, damage: str) -> None:
    measure = Measuring()
    kept(tmp_path, measure)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    wrong = {
        "nan": np.full(SHAPE, np.nan),
        "other shape": np.zeros((3, 2)),
        "other type": np.zeros(SHAPE, np.float32),
    }
    if damage in wrong:
        np.savez(path, numbers=wrong[damage])
    elif damage == "flipped":
        at = content.index(np.arange(6.0).tobytes())
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "short" else b"no zip at all")
    for _ in range(2):
        assert kept(tmp_path, measure) == [[0, 1, 2], [3, 4, 5]]
    assert measure.n_times == 2


def test_folder_that_cannot_be_written_costs_only_measuring_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    measure = Measuring()
    for _ in range(2):
        assert kept(tmp_path / "file", measure) == [[0, 1, 2], [3, 4, 5]]
    assert measure.n_times == 2


def test_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "MOST_FILES", 3)
    for key in "abcdef":
        kept(tmp_path, Measuring(), key)
    assert len(list(tmp_path.iterdir())) == 3


def test_another_way_of_measuring_forgets_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Measuring()
    kept(tmp_path, measure)
    monkeypatch.setattr(measurements, "VERSION", measurements.VERSION + 1)
    kept(tmp_path, measure)
    assert measure.n_times == 2
