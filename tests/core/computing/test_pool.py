"""Processes that compute: one for all who wait, ended with those, replaced, never left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import psutil
import pytest

from core.background import NO_MEMORY, UNEXPECTED
from core.computing import pool as pools
from core.computing import results
from core.computing.pool import CRASHED, Bounds, Computation, Pool
from core.computing.stock import SplitRef
from core.computing.tasks import Task, carry_out, task
from core.config import PROJECT
from core.noise import Noise
from core.robustness import measure_tasks

LONG = 20_000  # amounts of noise that take minutes
MakePool = Callable[..., Pool]


class Waiter:
    pass


@pytest.fixture(scope="module")
def ref() -> SplitRef:
    return SplitRef.of("mnist-5k", "test")


@pytest.fixture(scope="module")
def shared() -> Iterator[Pool]:
    """One process for all tests that end none."""
    pool = Pool(1)
    yield pool
    pool.close()


@pytest.fixture
def make_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePool]:
    made: list[Pool] = []

    def make(**bounds: float) -> Pool:
        made.append(Pool(1, Bounds(**bounds)))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(pools, "LOOK_SECONDS", 0.05)
    yield make
    for pool in made:
        pool.close()


def curve(ref: SplitRef, seed: int, levels: int = 3, sha256: str = "") -> Task:
    return task(
        measure_tasks.curve, ref, 50, Noise("masking"), seed, levels, sha256, title="Measuring"
    )


def until(over: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not over():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_result_of_a_process_is_what_it_would_be_here(ref: SplitRef, shared: Pool) -> None:
    one = curve(ref, 1)
    computation = shared.start(one)
    assert shared.wait([computation], 30)
    assert (computation.state, computation.error) == ("done", "")
    found = results.read(one)
    assert found is not None
    np.testing.assert_array_equal(found["values"], carry_out(one)["values"])


def test_many_who_ask_for_the_same_get_one_computation(ref: SplitRef, shared: Pool) -> None:
    waiters = [Waiter() for _ in range(5)]
    found = {id(shared.start(curve(ref, 2), waiter)) for waiter in waiters}
    assert len(found) == 1


def test_tasks_of_one_group_are_carried_out_one_after_the_other(
    ref: SplitRef, make_pool: MakePool
) -> None:
    pool = make_pool()
    pool._n = 2
    first, second = (replace(curve(ref, seed, LONG), group="a") for seed in (20, 21))
    alone = curve(ref, 22)
    computations = [pool.start(one) for one in (first, second, alone)]
    assert pool.wait(computations[2:], 30)
    assert [one.is_begun for one in computations] == [True, False, True]
    assert len(pool.pids) == 2


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"sha256": "no such model"}, "The model is not known here: choose it again."),
        ({"levels": 0}, UNEXPECTED),
    ],
)
def test_what_cannot_be_computed_is_a_sentence_and_can_be_tried_again(
    ref: SplitRef, shared: Pool, broken: dict[str, int | str], sentence: str
) -> None:
    one = curve(ref, 3, **broken)  # type: ignore[arg-type]
    computation = shared.start(one)
    assert shared.wait([computation], 30)
    assert (computation.state, computation.error) == ("failed", sentence)
    assert shared.start(one) is computation  # remembered, so that no page asks for ever
    shared.forget(one)
    assert shared.start(one) is not computation
    well = shared.start(curve(ref, 4))
    assert shared.wait([well], 30)
    assert well.state == "done"


def test_killed_process_is_told_and_the_next_task_gets_another(
    ref: SplitRef, make_pool: MakePool
) -> None:
    pool = make_pool()
    computation = pool.start(curve(ref, 5, LONG))
    until(lambda: computation.is_begun)
    (pid,) = pool.pids
    psutil.Process(pid).kill()
    until(lambda: computation.state != "running")
    assert (computation.state, computation.error) == ("failed", CRASHED)
    well = pool.start(curve(ref, 6))
    assert pool.wait([well], 30)
    assert well.state == "done"
    assert pid not in pool.pids


def test_computation_that_nobody_waits_for_is_ended(
    ref: SplitRef, make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(pools, "KILL_SECONDS", 0.2)
    pool, waiters = make_pool(), [Waiter(), Waiter()]
    for waiter in waiters:
        long = pool.start(curve(ref, 7, LONG), waiter)
    del waiter
    queued = pool.start(curve(ref, 8, LONG), waiters[0])
    until(lambda: long.is_begun)
    waiters.pop()
    time.sleep(0.6)
    assert long.state == "running"  # one still waits
    waiters.clear()
    until(lambda: {long.state, queued.state} == {"cancelled"})
    last = pool.start(curve(ref, 9))
    assert pool.wait([last], 30)
    assert last.state == "done"


def test_process_is_replaced_when_it_has_grown_and_ends_when_it_idles(
    ref: SplitRef, make_pool: MakePool
) -> None:
    pool = make_pool(grown=1, idle_seconds=0.5)
    pids = []
    for seed in (10, 11):
        computation = pool.start(curve(ref, seed))
        until(lambda: bool(pool.pids))
        pids += pool.pids
        assert pool.wait([computation], 30)
    assert len(set(pids)) == 2
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_process_that_takes_too_much_memory_is_ended_with_a_sentence(
    ref: SplitRef, make_pool: MakePool
) -> None:
    pool = make_pool(most=1)
    computation = pool.start(curve(ref, 12, LONG))
    until(lambda: computation.state != "running")
    assert (computation.state, computation.error) == ("failed", NO_MEMORY)


def test_process_gives_way_to_others(ref: SplitRef, shared: Pool) -> None:
    shared.wait([shared.start(curve(ref, 13))], 30)
    (pid,) = shared.pids
    if sys.platform != "win32":
        assert psutil.Process(pid).nice() >= min(19, psutil.Process().nice() + 5)


def test_who_has_waited_is_not_overtaken_for_ever() -> None:
    pool = Pool(0)
    pool._seconds = {"core.a:slow": 10.0, "core.a:quick": 0.1}  # what they took lately
    slow = Computation(Task("core.a:slow", "[1]", ""))
    quick = Computation(Task("core.a:quick", "[1]", ""))
    assert pool.order([slow, quick]) == [quick, slow]
    slow.asked -= 20
    assert pool.order([slow, quick]) == [slow, quick]


def test_processes_end_with_a_parent_that_is_killed() -> None:
    code = (
        "import time\n"
        "from core.computing.pool import Pool\n"
        "from core.computing.tasks import Task\n"
        "pool = Pool(1)\n"
        "one = pool.start(Task('core.robustness.measure_tasks:curve', '[]', ''))\n"
        "pool.wait([one], 60)\n"
        "print(*pool.pids, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, env=os.environ
    )
    assert parent.stdout is not None
    pids = list(map(int, parent.stdout.readline().split()))
    assert pids
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
