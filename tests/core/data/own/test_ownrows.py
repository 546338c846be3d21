"""The rows of an own set: read from the document once, then from arrays that say the same."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.own import store

N, CLASSES = 6, 3
LABELS = [0, 2, 1, 1, 0, 2]
REJECTED = [["a.txt", "It is no image."]]


@pytest.fixture(autouse=True)
def any_set_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MANY", 1)


def written(folder: Path, **changed: Any) -> Path:
    rows = {"ids": [f"ü/{i}.png" for i in range(N)], "labels": LABELS, "rejected": REJECTED}
    path = folder / "rows.json"
    path.write_text(json.dumps(rows | changed), "utf-8")
    return path


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


@pytest.mark.parametrize("labels", [LABELS, None])
@pytest.mark.parametrize("rejected", [REJECTED, []])
def test_rows_read_again_from_arrays_say_what_the_document_says(
    tmp_path: Path, labels: list[int] | None, rejected: list[list[str]]
) -> None:
    path = written(tmp_path, labels=labels, rejected=rejected)
    for _ in range(2):
        found = store.read_rows(path, N, CLASSES)
        assert found.ids.tolist() == [f"ü/{i}.png" for i in range(N)]
        assert (None if found.labels is None else found.labels.tolist()) == labels
        assert found.rejected.tolist() == rejected
    assert len(kept(tmp_path)) == 1
    assert isinstance(found.ids, np.memmap)


def test_document_written_anew_is_read_anew_and_the_old_arrays_go(tmp_path: Path) -> None:
    path = written(tmp_path)
    store.read_rows(path, N, CLASSES)
    before = kept(tmp_path)
    written(tmp_path, ids=[f"ä/{i}.png" for i in range(N)])  # of the same size
    os.utime(path, (1, 1))
    assert store.read_rows(path, N, CLASSES).ids[0] == "ä/0.png"
    assert len(kept(tmp_path)) == 1
    assert kept(tmp_path) != before


@pytest.mark.parametrize("damage", ["empty", "gone", "other type", "short"])
def test_broken_arrays_are_not_used(tmp_path: Path, damage: str) -> None:
    path = written(tmp_path)
    store.read_rows(path, N, CLASSES)
    file = tmp_path / kept(tmp_path)[0] / "ids.npy"
    if damage == "empty":
        file.write_bytes(b"")
    elif damage == "gone":
        file.unlink()
    elif damage == "short":
        file.write_bytes(file.read_bytes()[:-8])
    else:
        np.save(file, np.arange(N))
    for _ in range(2):
        assert store.read_rows(path, N, CLASSES).ids[1] == "ü/1.png"


@pytest.mark.parametrize(
    "changed",
    [
        {"ids": ["a"] * N},
        {"ids": ["a"]},
        {"labels": [0]},
        {"labels": [0, 1, 2, 3, 0, 0]},
        {"labels": [0, 1, 2, -1, 0, 0]},
        {"labels": [10**30, 0, 0, 0, 0, 0]},
        {"rejected": [["one"]]},
        {"ids": 5},
    ],
)
def test_rows_that_do_not_fit_are_refused_and_never_kept(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    path = written(tmp_path, **changed)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"rows\.json"):
            store.read_rows(path, N, CLASSES)
    assert kept(tmp_path) == []


def test_arrays_kept_for_other_classes_are_held_against_those_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path)
    store.read_rows(path, N, CLASSES)
    with pytest.raises(ValueError, match="does not fit"):
        store.read_rows(path, N, CLASSES - 1)


def test_folder_that_cannot_be_written_costs_only_reading_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("core.data.own.store.tempfile.TemporaryDirectory", refuse)
    assert len(store.read_rows(written(tmp_path), N, CLASSES).ids) == N
    assert kept(tmp_path) == []
