"""What waits for a computation, on a real server: bars, other visitors, crashes, who has left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from benchmarks.visitor import Visitor
from core.computing.pool import CRASHED

LONG = "split=train&measured=all&levels=51&draws=5"  # minutes of measuring
Family = Callable[[], list[psutil.Process]]


@pytest.fixture(scope="module")
def family(server: str) -> Family:
    """A function that lists the processes that compute for the server."""
    port = server.rpartition(":")[2]

    def listed() -> list[psutil.Process]:
        children = psutil.Process().children(recursive=True)
        (serving,) = [one for one in children if port in one.cmdline()]
        return [one for one in serving.children() if "core.computing.worker" in one.cmdline()]

    return listed


def texts(visitor: Visitor, kind: str) -> list[str]:
    found: list[Any] = visitor.elements(kind)
    return [getattr(one, "text", getattr(one, "body", "")).replace("\\", "") for one in found]


@contextmanager
def visiting(server: str, query: str) -> Iterator[Visitor]:
    with Visitor(server, "robustness", f"{query}&models=tiny-dense") as visitor:
        yield visitor


def poll_until(visitor: Visitor, over: Callable[[], bool], seconds: float = 60) -> None:
    """As the browser does: ask again for what asks by itself."""
    deadline = time.monotonic() + seconds
    while not over():
        assert time.monotonic() < deadline
        for fragment, pause in list(visitor.polls.items()):
            time.sleep(pause)
            visitor.poll(fragment)


def is_whole(visitor: Visitor) -> bool:
    return not visitor.elements("progress")


def test_page_stands_at_once_with_a_bar_and_is_whole_when_it_is_computed(server: str) -> None:
    with visiting(server, "measured=200&levels=21") as visitor:
        assert visitor.first.is_waiting
        poll_until(visitor, lambda: "Measuring" in "".join(texts(visitor, "progress")))
        assert visitor.elements("multiselect")  # the controls can be used meanwhile
        assert not visitor.elements("bidi_component")[1:]
        poll_until(visitor, lambda: is_whole(visitor))
        assert any("sweep" in one.component_name for one in visitor.elements("bidi_component"))
        assert not visitor.polls
    with visiting(server, "measured=200&levels=21") as another:
        assert not another.first.is_waiting


def test_nobody_else_is_held_up_and_what_nobody_waits_for_ends(server: str, family: Family) -> None:
    with visiting(server, LONG) as waiting, visiting(server, "measured=200&levels=21") as other:
        assert waiting.first.is_waiting
        poll_until(other, lambda: is_whole(other))
        for _ in range(5):
            assert not other.again().is_waiting
        assert texts(waiting, "progress")
    deadline = time.monotonic() + 30
    while any(one.cpu_percent(0.5) > 20 for one in family()):
        assert time.monotonic() < deadline, "it is still computed"


def test_crash_is_one_sentence_and_a_button_that_tries_again(server: str, family: Family) -> None:
    with visiting(server, f"{LONG}&seed=3") as visitor:

        def is_told() -> bool:
            for one in family():
                one.kill()
            return bool(texts(visitor, "alert"))

        poll_until(visitor, is_told)
        assert texts(visitor, "alert") == [CRASHED]
        assert visitor.press("Try again").is_waiting
        assert not texts(visitor, "alert")
