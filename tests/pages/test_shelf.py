"""What is made once and kept, also when many ask at one time."""

import threading

import pytest

from pages.ui.shelf import Shelf


def test_thing_is_made_once_and_kept() -> None:
    shelf, made = Shelf(2), []
    for _ in range(3):
        assert shelf.get("a", lambda: made.append(1) or "thing") == "thing"
    assert made == [1]


def test_thing_not_asked_for_longest_goes_first() -> None:
    shelf = Shelf(2)
    shelf.get("a", lambda: "old a")
    shelf.get("b", lambda: "old b")
    shelf.get("a", lambda: "new a")
    shelf.get("c", lambda: "c")
    assert shelf.get("a", lambda: "new a") == "old a"
    assert shelf.get("b", lambda: "new b") == "new b"


def test_thing_that_cannot_be_made_is_tried_again() -> None:
    shelf = Shelf(2)
    with pytest.raises(ZeroDivisionError):
        shelf.get("a", lambda: 1 // 0)
    assert shelf.get("a", lambda: 1) == 1


def test_thing_asked_for_by_many_at_once_is_made_once() -> None:
    shelf, made, may_go_on = Shelf(2), [], threading.Event()

    def make() -> str:
        may_go_on.wait(10)
        made.append(1)
        return "thing"

    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(shelf.get("a", make))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    may_go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == ["thing"] * 5
    assert made == [1]
