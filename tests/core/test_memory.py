"""What things weigh, and memory given back."""

import mmap
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import memory
from core.memory import MAPPED_BYTES, weigh

MB = 1 << 20


@dataclass
class Pair:
    first: Any
    second: Any


class Heavy:
    def weight(self) -> int:
        return 7 * MB


@pytest.mark.parametrize(
    ("thing", "megabytes"),
    [
        (np.zeros(MB, np.uint8), 1),
        (np.zeros(MB, np.uint8)[::2], 1),  # a view keeps all of it
        (b"x" * MB, 1),
        ({"a": [np.zeros(MB, np.uint8), (np.ones(MB, np.uint8),)]}, 2),
        (Pair(np.zeros(MB, np.uint8), {"b": bytearray(MB)}), 2),
        (pd.DataFrame({"x": np.zeros(MB // 8)}), 1),
        ([Heavy()], 7),
        (np.frombuffer(b"x" * (2 * MB), np.uint8), 2),
        (lambda: np.zeros(9), 0),
    ],
    ids=["array", "view", "bytes", "nested", "object", "table", "own word", "buffer", "function"],
)
def test_thing_weighs_what_it_holds(thing: Any, megabytes: int) -> None:
    assert weigh(thing) / MB == pytest.approx(megabytes, abs=0.05)


def test_what_is_held_twice_weighs_once() -> None:
    x = np.zeros(MB, np.uint8)
    assert weigh([x, x, x[3:], {"a": x}]) < 1.1 * MB


def test_thing_that_holds_itself_is_weighed() -> None:
    pair = Pair(b"x" * MB, None)
    pair.second = pair
    assert weigh(pair) < 1.1 * MB


def test_array_mapped_from_a_file_weighs_little(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(20 * MB, np.uint8))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with open(tmp_path / "x.npy", "rb") as file:
        buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    assert weigh(mapped[5:]) < 1.1 * MAPPED_BYTES
    assert weigh(np.frombuffer(buffer, np.uint8)) < 1.1 * MAPPED_BYTES


def test_thing_of_very_many_parts_is_weighed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [bytes(1_000) for _ in range(10_000)]
    assert weigh(many) > 10_000 * 1_000
    monkeypatch.setattr(memory, "MOST_PARTS", 100)
    assert weigh(many) < 200 * 1_000


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_memory_that_is_free_goes_back_to_the_system() -> None:
    """Small pieces between which some stay are what a heap keeps."""
    code = """
from core import memory
memory.few_arenas()
kept = [bytes(5_000) for _ in range(20_000)]
much = [bytes(5_000) for _ in range(40_000)]
last = bytes(5_000)
full = memory.resident()
del much
memory.give_back()
print(full - memory.resident())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(said.stdout) > 150 * MB
