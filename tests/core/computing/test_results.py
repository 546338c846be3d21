"""Results on the disk: whole or not there, shared when large, bounded."""

import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from core.computing import results
from core.computing.tasks import Arrays, Task

TASK = Task("core.some:function", '["a", 1]', "title")


@pytest.fixture(autouse=True)
def _own_home(home: Path) -> None:
    """Each test has a folder of its own."""


def arrays(n: int = 100) -> Arrays:
    return {
        "numbers": np.arange(n, dtype=np.float32).reshape(2, -1),
        "ids": np.array(["a", "ö", "longer/00001.png"]),
        "flags": np.array([True, False]),
        "one": np.asarray(3.5),
        "none": np.empty((0, 4), np.int64),
    }


@pytest.mark.parametrize("n", [100, 1_000_000])
def test_result_comes_back_as_it_was(n: int) -> None:
    results.write(TASK, arrays(n))
    found = results.read(TASK)
    assert found is not None
    assert list(found) == list(arrays())
    for name, array in arrays(n).items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.aligned
        assert not found[name].flags.writeable


def test_large_result_is_mapped_and_a_small_one_is_not() -> None:
    for n, mapped in ((100, False), (1_000_000, True)):
        results.write(TASK, arrays(n))
        found = results.read(TASK)
        assert found is not None
        owner = found["numbers"]
        while isinstance(owner, np.ndarray):
            owner = owner.base  # type: ignore[assignment]
        assert isinstance(getattr(owner, "obj", owner), mmap.mmap) is mapped


def test_mapped_result_that_was_let_go_is_read_again() -> None:
    results.write(TASK, arrays(1_000_000))
    found = results.read(TASK)
    results.let_go()
    assert found is not None
    np.testing.assert_array_equal(found["numbers"], arrays(1_000_000)["numbers"])


@pytest.mark.parametrize("damage", ["short", "flipped", "empty", "text", "gone"])
@pytest.mark.parametrize("n", [100, 1_000_000])
def test_damaged_result_is_not_there(damage: str, n: int) -> None:
    results.write(TASK, arrays(n))
    (path,) = results.folder().iterdir()
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    if damage == "gone":
        path.unlink()
    else:
        kinds = {"short": content[:-100], "flipped": flipped, "empty": b"", "text": b"no result"}
        path.write_bytes(kinds[damage])
    assert results.read(TASK) is None
    results.write(TASK, arrays(n))
    assert results.read(TASK) is not None


def test_objects_are_no_result() -> None:
    with pytest.raises(ValueError, match="no objects"):
        results.write(TASK, {"x": np.array([{}], dtype=object)})
    assert results.read(TASK) is None
    assert list(results.folder().iterdir()) == []


def test_what_was_not_read_for_longest_goes_first() -> None:
    every = [Task("core.some:function", f"[{i}]", "") for i in range(6)]
    for i, one in enumerate(every):
        results.write(one, arrays())
        os.utime(next(results.folder().glob(f"{one.name}*")), (i, i))
    assert results.read(every[0]) is not None
    results.keep_within(1 << 30, 3)
    assert [results.read(one) is not None for one in every] == [True, *[False] * 3, True, True]
    results.keep_within(1, 100)
    assert sum(results.read(one) is not None for one in every) == 1


def test_what_a_killed_process_was_writing_is_deleted_in_the_end() -> None:
    results.write(TASK, arrays())
    left = results.folder() / f".{TASK.name}.result.abc"
    left.write_bytes(b"half of it")
    results.keep_within(1 << 30, 100)
    assert left.exists()  # somebody may be at it
    os.utime(left, (0, 0))
    results.keep_within(1 << 30, 100)
    assert not left.exists()


def test_results_about_a_model_are_forgotten_with_it() -> None:
    gone, stays = Task("core.a:b", '["1f2e"]', ""), Task("core.a:b", '["77aa"]', "")
    for one in (gone, stays):
        results.write(one, arrays())
    results.forget("1f2e")
    assert results.read(gone) is None
    assert results.read(stays) is not None
