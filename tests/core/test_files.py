"""Files are replaced whole or stay as they were."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from core.files import remove_abandoned, replacing, write_atomically


def test_file_written_over_an_old_one_has_the_new_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old and longer")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_file_when_the_disk_refuses_stays_as_it_was(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_file_written_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


# What processes that were killed have left


def abandoned(path: Path) -> Path:
    """What replacing() leaves beside `path` when its process is killed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    return Path(name)


def test_abandoned_temporaries_are_removed_and_nothing_else(tmp_path: Path) -> None:
    stays = [tmp_path / name for name in ("state", ".lock", ".hidden.txt", "a.b.abcdefgh")]
    for path in stays:
        path.touch()
    left = [abandoned(tmp_path / name) for name in ("state", "state", "status.json")]
    remove_abandoned(tmp_path)
    assert not any(path.exists() for path in left)
    assert sorted(tmp_path.iterdir()) == sorted(stays)


def test_abandoned_temporaries_are_removed_for_the_files_asked_for_alone(tmp_path: Path) -> None:
    model, other = abandoned(tmp_path / "a.safetensors"), abandoned(tmp_path / "a.csv")
    remove_abandoned(tmp_path, "*.safetensors")
    assert not model.exists()
    assert other.exists()


def test_temporary_that_is_being_written_stays(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with replacing(path) as file:
        file.write(b"half")
        remove_abandoned(tmp_path)
        file.write(b" and half")
    assert path.read_bytes() == b"half and half"


def test_temporary_removed_in_the_moment_it_was_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = tempfile.mkstemp
    made: list[str] = []

    def hurried(**asked: Any) -> tuple[int, str]:
        handle, name = make(**asked)
        if not made:
            Path(name).unlink()
        made.append(name)
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", hurried)
    write_atomically(tmp_path / "a", b"there")
    assert (tmp_path / "a").read_bytes() == b"there"
    assert len(made) == (2 if os.name == "posix" else 1)
