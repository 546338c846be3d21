"""Images decoded in other processes: the same images, in the same order, and a clean end."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from core.config import PROJECT, DataError, ImageRejected
from core.images import reading
from core.images.preparation import legacy
from core.streaming import decoding
from core.streaming.decoding import blocks
from core.streaming.shards import Sample, Shard

HOW = legacy((1, 8, 8))
N = 60


def png(i: int, side: int = 8) -> bytes:
    pixels = np.random.default_rng(i).integers(0, 256, (side, side), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def content(i: int) -> bytes:
    if i % 10 == 3:
        raise ImageRejected("It is not there.")
    return b"no image" if i % 10 == 7 else png(i)


def samples(first: int, n: int) -> Iterator[Sample]:
    for i in range(first, first + n):
        yield Sample(f"{i}.png", "ab"[i % 2], partial(content, i))


def three_shards() -> list[Shard]:
    return [
        Shard("a", partial(samples, 0, 25)),
        Shard("empty", partial(samples, 25, 0)),
        Shard("b", partial(samples, 25, N - 25)),
    ]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BLOCK_IMAGES", 7)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("workers", [0, 2])
def test_blocks_hold_every_image_in_order_with_its_pixels_or_its_reason(workers: int) -> None:
    found = list(blocks(three_shards(), HOW, workers))
    assert [name for block in found for name in block.ids] == [f"{i}.png" for i in range(N)]
    assert [label for block in found for label in block.labels] == ["ab"[i % 2] for i in range(N)]
    reasons = [reason for block in found for reason in block.reasons]
    assert [i for i, reason in enumerate(reasons) if reason] == [
        i for i in range(N) if i % 10 in (3, 7)
    ]
    assert reasons[3] == "It is not there."
    assert "It is no PNG" in reasons[7]
    read = [i for i in range(N) if not reasons[i]]
    expected = np.stack([np.asarray(Image.open(io.BytesIO(png(i))))[None] for i in read])
    np.testing.assert_array_equal(np.concatenate([block.images for block in found]), expected)
    assert sorted({block.shard for block in found}) == [0, 1, 2]
    assert max(len(block.ids) for block in found) == 7


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("workers", [0, 2])
def test_shard_that_breaks_half_way_fails_after_the_blocks_before_it(workers: int) -> None:
    def breaking() -> Iterator[Sample]:
        yield from samples(0, 20)
        raise DataError("The shard is damaged.")

    running = blocks([Shard("x", breaking)], HOW, workers)
    assert [len(next(running).ids) for _ in range(2)] == [7, 7]
    with pytest.raises(DataError, match="damaged"):
        next(running)


@pytest.mark.usefixtures("small_blocks")
def test_reading_is_only_a_few_blocks_ahead_of_what_is_used() -> None:
    begun: list[int] = []

    def watched() -> Iterator[Sample]:
        for i, sample in enumerate(samples(0, 700)):
            begun.append(i)
            yield sample

    running = blocks([Shard("x", watched)], HOW, 1)
    next(running)
    assert len(begun) <= 3 * 7
    running.close()


def test_block_ends_early_where_the_files_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BLOCK_BYTES", 3 * len(png(0)))
    large = Shard("x", lambda: (Sample(str(i), "", partial(png, 0)) for i in range(10)))
    assert [len(block.ids) for block in blocks([large], HOW, 0)] == [3, 3, 3, 1]


def test_limits_on_images_hold_in_the_other_processes() -> None:
    side = reading.MAX_SIDE + 1
    file = io.BytesIO()
    Image.new("L", (side, 1)).save(file, "PNG")
    wide = Shard("x", lambda: iter([Sample("wide", "", file.getvalue)]))
    (block,) = blocks([wide], HOW, 1)
    assert f"may have 1 to {reading.MAX_SIDE:,} pixels" in block.reasons[0]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_process_that_dies_is_a_sentence_and_none_is_left() -> None:
    running = blocks([Shard("x", partial(samples, 0, 5000))], HOW, 2)
    next(running)
    (first, *_) = [p for p in multiprocessing.active_children() if p.pid is not None]
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(DataError, match="run the same command again"):
        list(running)
    assert not [p for p in multiprocessing.active_children() if p.is_alive()]


RUNNING = """
from functools import partial
from core.streaming import decoding
from core.streaming.shards import Shard
from tests.core.streaming.test_decoding import HOW, samples
if __name__ == "__main__":
    for block in decoding.blocks([Shard("x", partial(samples, 0, 10**7))], HOW, 2):
        print(len(block.ids), flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_started_them(how: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "running.py"
    script.write_text(RUNNING)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.send_signal(how)
    process.stdout.close()
    process.wait(60)
    until = time.monotonic() + 30
    while any(child.is_running() and child.status() != "zombie" for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)
