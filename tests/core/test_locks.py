"""Locks are held by processes, handed on to others, and gone with the last that holds them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import locks
from core.config import PROJECT
from core.runs import processes

HOLD = "import time; print('up', flush=True); time.sleep(60)"
ADOPT = """
import sys
from pathlib import Path
from core import locks
lock = locks.handed(Path(sys.argv[1]))
assert lock is not None and locks.is_held(Path(sys.argv[1]))
assert locks.handed(Path(sys.argv[1])) is None, "it is given once"
lock.release()
assert not locks.is_held(Path(sys.argv[1]))
"""
posix = pytest.mark.skipif(not locks.CAN_HAND_ON, reason="only POSIX hands on open files")


def until(ready: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_lock_is_held_by_one_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.is_held(path) is False
    lock = locks.take(path)
    assert lock is not None
    assert locks.is_held(path) is True
    assert locks.take(path) is None
    assert locks.take(path, patience=0.02) is None
    lock.release()
    assert locks.is_held(path) is False
    again = locks.take(path)
    assert again is not None
    again.release()


def test_lock_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert locks.is_held(tmp_path / "gone" / "lock") is False
    with pytest.raises(FileNotFoundError):
        locks.take(tmp_path / "gone" / "lock")


@posix
def test_lock_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = locks.take(path)
    assert lock is not None
    process = processes.launch([sys.executable, "-c", HOLD], tmp_path / "log", {}, lock)
    lock.release()
    assert locks.is_held(path) is True  # without a moment in between, whatever the process does
    process.kill()
    until(lambda: locks.is_held(path) is False)


@posix
def test_lock_handed_on_is_taken_over_and_released_by_the_other_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = locks.take(path)
    assert lock is not None
    environment = os.environ | {locks.HANDED: str(lock.handle)}
    command = [sys.executable, "-c", ADOPT, str(path)]
    started = subprocess.Popen(
        command, cwd=PROJECT, env=environment, pass_fds=(lock.handle,), stderr=subprocess.PIPE
    )
    lock.release()
    _, said = started.communicate(timeout=60)
    assert started.returncode == 0, said.decode()


@pytest.mark.parametrize("text", ["", "x", "-1", "99999", "0"])
def test_handle_that_is_none_of_that_file_is_not_taken_over(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lock").touch()
    monkeypatch.setenv(locks.HANDED, text)
    assert locks.handed(tmp_path / "lock") is None


def test_lock_of_a_file_that_was_replaced_meanwhile_is_not_taken_for_its(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = locks.take(path)
    assert lock is not None
    path.unlink()
    path.touch()
    assert locks.is_held(path) is False
    lock.release()


def test_file_system_without_locks_gives_everybody_the_lock_and_cannot_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> bool:
        raise OSError(next(iter(locks.UNKNOWN)), "not here")

    monkeypatch.setattr("filelock.lock_descriptor", unknown)
    lock = locks.take(tmp_path / "lock")
    assert lock is not None
    assert locks.is_held(tmp_path / "lock") is None
    lock.release()
