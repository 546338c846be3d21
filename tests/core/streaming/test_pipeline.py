"""Blocks scored as they come: rows in the order of the source, in tables of one shard each."""

import io
import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.config import DataError
from core.inference import Autoencoder
from core.streaming import decoding, pipeline
from core.streaming.pipeline import Job, Totals, pieces
from core.streaming.shards import Sample, Shard
from tests.core.models_for_tests import SHAPE, error_line, tiny_checkpoint


def png(i: int) -> bytes:
    pixels = np.random.default_rng(i).integers(0, 256, SHAPE[1:], dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def samples(first: int, n: int) -> Iterator[Sample]:
    for i in range(first, first + n):
        yield Sample(f"{i}.png", "ab"[i % 2], partial(png, i) if i % 10 else lambda: b"no image")


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    """Of 45 images in two shards and an empty one between them, in blocks of up to 4."""
    monkeypatch.setattr(decoding, "BLOCK_IMAGES", 4)
    sizes = ((0, 25), (25, 0), (25, 20))
    shards = tuple(Shard(str(i), partial(samples, *size)) for i, size in enumerate(sizes))
    return Job(Autoencoder(tiny_checkpoint("dense")), "some", shards, error_line(), workers=0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, [4] * 6 + [1] + [4] * 5), (10, [12, 12, 1, 12, 8]), (1000, [25, 20])],
)
def test_pieces_gather_blocks_up_to_so_many_rows_and_never_of_two_shards(
    rows: int, expected: list[int], job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "TABLE_ROWS", rows)
    lengths = [len(piece.table) for piece in pieces(job, job.shards)]
    assert [n for n in lengths if n] == expected


def test_table_is_the_same_however_many_rows_are_gathered(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = []
    for rows in (1, 10, 1000):
        monkeypatch.setattr(pipeline, "TABLE_ROWS", rows)
        found = [piece.table for piece in pieces(job, job.shards)]
        tables.append(pd.concat([table for table in found if len(table)], ignore_index=True))
    assert tables[0]["id"].tolist() == [f"{i}.png" for i in range(45)]
    assert [i for i, reason in enumerate(tables[0]["reason"]) if reason] == [0, 10, 20, 30, 40]
    for other in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], other)


def test_every_shard_has_a_piece_though_it_is_empty(job: Job) -> None:
    assert [piece.shard for piece in pieces(job, job.shards)] == [0, 1, 2]


def test_totals_count_every_row_and_keep_the_first_that_was_not_read(job: Job) -> None:
    totals = Totals()
    for piece in pieces(job, job.shards):
        totals.add(piece.table)
    assert (totals.n, totals.n_rejected) == (40, 5)
    assert totals.rejected is not None
    assert totals.rejected.name == "0.png"


def test_rows_before_a_failure_are_there_however_many_blocks_are_worked_on(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking() -> Iterator[Sample]:
        yield from samples(0, 22)
        raise DataError("The shard is damaged.")

    monkeypatch.setattr(pipeline, "TABLE_ROWS", 1)
    monkeypatch.setattr(pipeline, "models_at_once", lambda: 3)
    running = pieces(job, [Shard("x", breaking)])
    assert [len(next(running).table) for _ in range(5)] == [4] * 5
    with pytest.raises(DataError, match="damaged"):
        next(running)


@pytest.mark.parametrize("part", [1, 3, 1000])
def test_errors_are_those_of_the_model_whatever_the_parts(
    part: int, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "PART_PIXELS", part * math.prod(SHAPE))
    errors = np.concatenate([piece.table["error"] for piece in pieces(job, job.shards)])
    read = [i for i in range(45) if i % 10]
    images = np.stack([np.asarray(Image.open(io.BytesIO(png(i))))[None] for i in read])
    expected = job.autoencoder.errors(images / np.float32(255))  # type: ignore[arg-type]
    np.testing.assert_allclose(errors[read], expected, rtol=1e-6)


def test_as_many_blocks_are_worked_on_as_threads_of_the_model_have_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "default_workers", lambda: 8)
    for threads, expected in ((1, 8), (4, 2), (16, 1)):
        monkeypatch.setattr(pipeline, "inference_threads", lambda threads=threads: threads)
        assert pipeline.models_at_once() == expected
