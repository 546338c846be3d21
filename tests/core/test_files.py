"""Files are replaced whole or stay as they were."""

import os
from pathlib import Path

import pytest

from core.files import write_atomically


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
