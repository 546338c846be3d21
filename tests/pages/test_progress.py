"""What waits for a computation, on a real server: bars, other visitors, crashes, who has left."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from core.computing.pool import CRASHED
from tests.driving.visitor import Visitor

QUICK = "measured=200&levels=21&models=tiny-dense"
LONG = "split=train&measured=all&levels=51&draws=5&models=mnist-conv-denoising"  # many minutes
Family = Callable[[], list[psutil.Process]]


def command(process: psutil.Process) -> list[str]:
    """What it was started with; nothing of one that has ended."""
    try:
        return list(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return []


@pytest.fixture(scope="module")
def family(server: str) -> Family:
    """A function that lists the processes that compute for the server."""
    port = server.rpartition(":")[2]

    def listed() -> list[psutil.Process]:
        children = psutil.Process().children(recursive=True)
        (serving,) = [one for one in children if port in command(one)]
        return [one for one in serving.children() if "core.computing.worker" in command(one)]

    return listed


def texts(visitor: Visitor, kind: str) -> list[str]:
    found: list[Any] = visitor.elements(kind)
    return [getattr(one, "text", getattr(one, "body", "")).replace("\\", "") for one in found]


@contextmanager
def visiting(server: str, query: str) -> Iterator[Visitor]:
    with Visitor(server, "robustness", query) as visitor:
        yield visitor


def wait_until(visitor: Visitor, over: Callable[[], bool], seconds: float = 60) -> None:
    """As the browser does: ask how far it is, and for the page when it is over."""
    deadline = time.monotonic() + seconds
    while not over():
        assert time.monotonic() < deadline
        visitor.wait(time.monotonic() + 0.1)


def is_whole(visitor: Visitor) -> bool:
    return not visitor.is_waiting


def words(server: str, visitor: Visitor) -> str:
    """What the bars say now."""
    asked = (json.loads(bar.json) for bar in visitor.bars())
    links = [f"{server}{one['path']}?names={','.join(one['names'])}" for one in asked]
    found = [json.load(urllib.request.urlopen(link)) for link in links]
    assert all(0 <= one["share"] <= 1 for one in found)
    return " ".join(one["words"] for one in found)


def test_page_stands_at_once_with_a_bar_and_is_whole_when_it_is_computed(server: str) -> None:
    with visiting(server, QUICK) as visitor:
        assert visitor.first.is_waiting
        wait_until(visitor, lambda: "Measuring" in words(server, visitor))
        assert visitor.elements("multiselect")  # the controls can be used meanwhile
        wait_until(visitor, lambda: is_whole(visitor))
        assert any("sweep" in one.component_name for one in visitor.elements("bidi_component"))
        assert not visitor.polls  # nothing on the page asks for a run of the script by itself
    with visiting(server, QUICK) as another:
        assert not another.first.is_waiting


def test_nobody_else_is_held_up_and_what_nobody_waits_for_ends(server: str, family: Family) -> None:
    with visiting(server, LONG) as waiting, visiting(server, QUICK) as other:
        assert waiting.first.is_waiting
        wait_until(other, lambda: is_whole(other))
        for _ in range(5):
            assert not other.again().is_waiting
        assert words(server, waiting)
    deadline = time.monotonic() + 30
    while any(one.cpu_percent(0.5) > 20 for one in family()):
        assert time.monotonic() < deadline, "it is still computed"


def test_crash_is_one_sentence_and_a_button_that_tries_again(server: str, family: Family) -> None:
    with visiting(server, f"{LONG}&seed=3") as visitor:

        def is_told() -> bool:
            for one in family():
                one.kill()
            return bool(texts(visitor, "alert"))

        wait_until(visitor, is_told)
        assert texts(visitor, "alert") == [CRASHED]
        assert visitor.press("Try again").is_waiting
        assert not texts(visitor, "alert")


@pytest.mark.parametrize("query", ["", "?names=", "?names=no-such,thing", "?names=%FF%00&x=1"])
def test_bar_that_asks_for_what_is_not_known_has_its_page_drawn_again(
    server: str, query: str
) -> None:
    with urllib.request.urlopen(f"{server}/hourglass/waiting{query}") as answer:
        assert json.load(answer) == {"share": 1.0, "words": "", "over": True}
        assert answer.headers["Cache-Control"] == "no-store"
