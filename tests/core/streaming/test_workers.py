"""Processes that decode: they give way to the one that scores and import nothing it needs."""

import os

import pytest

from core.images.preparation import legacy
from core.streaming import workers


@pytest.mark.skipif(os.name != "posix", reason="priorities as POSIX has them")
def test_process_that_decodes_gives_way_to_the_one_that_started_it() -> None:
    with workers.processes(1) as pool:
        assert pool.submit(os.nice, 0).result() == min(19, os.nice(0) + workers.NICENESS)


def test_process_that_decodes_imports_neither_tables_nor_models() -> None:
    with workers.processes(1) as pool:
        pool.submit(workers.decode, [b"no image"], legacy((1, 8, 8))).result()
        loaded = pool.submit(eval, "set(__import__('sys').modules)").result()
    assert "core.images.reading" in loaded
    assert not {"pandas", "onnxruntime", "torch", "http.client"} & loaded


def test_workers_are_shared_by_the_processes_that_torchrun_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 8)
    for team, expected in (("2", 4), ("3", 2), ("16", 1), ("none", 8)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", team)
        assert workers.default_workers() == expected
