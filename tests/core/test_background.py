import threading

import pytest

from core.background import MOST_AT_ONCE, NO_MEMORY, UNEXPECTED, Job, Jobs, Progress
from core.config import DataError


def counting(progress: Progress) -> str:
    for done in range(5):
        progress(done + 1, 5)
    return "counted"


class Gate:
    """Work that waits at a gate, and notes how it ended."""

    def __init__(self) -> None:
        self.opened, self.reached, self.cleaned = (threading.Event() for _ in range(3))

    def work(self, progress: Progress) -> str:
        progress(1, 4)
        self.reached.set()
        try:
            self.opened.wait(20)
            progress(2, 4)
            return "through"
        finally:
            self.cleaned.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_job_that_ends_is_done_and_keeps_its_result() -> None:
    job = Job("count", counting)
    job.wait(10)
    assert (job.state, job.result, job.error) == ("done", "counted", "")
    assert (job.done, job.total, job.share()) == (5, 5, 1.0)


def test_job_tells_how_far_it_is_and_how_long_it_will_take(gate: Gate) -> None:
    job = Job("wait", gate.work)
    gate.reached.wait(10)
    assert job.state == "running"
    assert job.share() == 0.25
    left = job.seconds_left()
    assert left is not None
    assert left > 0
    gate.opened.set()
    job.wait(10)
    assert job.result == "through"


def test_job_of_unknown_length_has_no_share_and_no_time_left() -> None:
    def endless(progress: Progress) -> None:
        progress(7, None)

    job = Job("endless", endless)
    job.wait(10)
    assert job.done == 7
    assert job.share() is None
    assert job.seconds_left() is None


def test_cancelled_job_counts_as_cancelled_at_once_and_cleans_up_at_its_next_report(
    gate: Gate,
) -> None:
    job = Job("wait", gate.work)
    gate.reached.wait(10)
    job.cancel()  # returns at once: its thread waits at the gate
    assert job.state == "cancelled"
    assert not gate.cleaned.is_set()
    gate.opened.set()
    job.wait(10)
    assert gate.cleaned.is_set()
    assert (job.state, job.result, job.done) == ("cancelled", None, 1)


def test_job_done_stays_done_when_cancelled_after() -> None:
    job = Job("count", counting)
    job.wait(10)
    job.cancel()
    assert job.state == "done"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DataError("Choose another file."), "Choose another file."),
        (MemoryError(), NO_MEMORY),
        (KeyError("secret path"), UNEXPECTED),
    ],
)
def test_job_that_fails_keeps_a_sentence(error: Exception, sentence: str) -> None:
    def failing(progress: Progress) -> None:
        raise error

    job = Job("fail", failing)
    job.wait(10)
    assert (job.state, job.error) == ("failed", sentence)


def test_second_start_of_a_running_key_gives_back_the_first_job(gate: Gate) -> None:
    jobs = Jobs()
    first = jobs.start("a", "wait", gate.work)
    assert jobs.start("a", "count", counting) is first
    gate.opened.set()
    first.wait(10)
    second = jobs.start("a", "count", counting)
    assert second is not first
    assert jobs.get("a") is second


def test_more_jobs_than_allowed_at_once_are_refused_with_a_sentence(gate: Gate) -> None:
    jobs = Jobs()
    for number in range(MOST_AT_ONCE):
        jobs.start(str(number), "wait", gate.work)
    with pytest.raises(DataError, match="wait for one to end"):
        jobs.start("one more", "wait", gate.work)
    gate.opened.set()


def test_forgotten_job_is_cancelled_and_gone(gate: Gate) -> None:
    jobs = Jobs()
    job = jobs.start("a", "wait", gate.work)
    jobs.forget("a")
    jobs.forget("a")
    assert job.state == "cancelled"
    assert jobs.get("a") is None
    gate.opened.set()
