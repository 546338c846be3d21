"""Threads that work ahead: all at once, in order, and no further than need be."""

import threading

import numpy as np
import pytest

from core.latent import codestore
from core.latent.codestore import made_ahead
from core.latent.geometry import Index

N = 20


@pytest.fixture(autouse=True)
def four_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codestore, "cores", lambda: 4)
    monkeypatch.setattr(codestore, "inference_threads", lambda: 1)


def test_parts_are_made_by_several_threads_at_once_and_come_in_order() -> None:
    together = threading.Barrier(4, timeout=60)

    def make(rows: Index) -> list[int]:
        if rows[0] < 4:
            together.wait()  # none of the first four ends before all of them have begun
        return rows.tolist()

    found = list(made_ahead(make, np.arange(N), 1))
    assert [rows.tolist() for rows, _ in found] == [made for _, made in found]
    assert [made for _, made in found] == [[i] for i in range(N)]


def test_last_part_may_be_smaller_and_no_rows_give_no_part() -> None:
    assert [len(made) for _, made in made_ahead(lambda rows: rows, np.arange(N), 8)] == [8, 8, 4]
    assert list(made_ahead(lambda rows: rows, np.arange(0), 8)) == []


def test_error_is_raised_in_the_place_of_its_part_and_what_came_before_is_there() -> None:
    def make(rows: Index) -> Index:
        if 6 in rows:
            raise OSError("full")
        return rows

    some = made_ahead(make, np.arange(N), 2)
    assert [next(some)[0].tolist() for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(OSError, match="full"):
        next(some)


def test_parts_are_made_only_a_few_ahead_of_the_one_who_takes_them() -> None:
    begun: list[int] = []

    def make(rows: Index) -> Index:
        begun.append(int(rows[0]))
        return rows

    some = made_ahead(make, np.arange(1_000), 1)
    next(some)
    some.close()
    assert len(begun) <= 10
