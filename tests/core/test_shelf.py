"""What is made once and kept within so many bytes, also when many ask at one time."""

import threading

import pytest

from core.shelf import LEAST, Shelf

MOST = 10 * LEAST


def test_thing_is_made_once_and_kept() -> None:
    shelf = Shelf(MOST)
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "thing"

    for _ in range(3):
        assert shelf.get("a", make) == "thing"
    assert made == [1]


def test_thing_not_asked_for_longest_goes_first() -> None:
    shelf = Shelf(2 * LEAST)
    shelf.get("a", lambda: "old a")
    shelf.get("b", lambda: "old b")
    shelf.get("a", lambda: "new a")
    shelf.get("c", lambda: "c")
    assert shelf.get("a", lambda: "new a") == "old a"
    assert shelf.get("b", lambda: "new b") == "new b"


def test_thing_that_cannot_be_made_is_tried_again() -> None:
    shelf = Shelf(MOST)
    with pytest.raises(ZeroDivisionError):
        shelf.get("a", lambda: 1 // 0)
    assert shelf.get("a", lambda: 1) == 1


def test_thing_asked_for_by_many_at_once_is_made_once() -> None:
    shelf, made, may_go_on = Shelf(MOST), [], threading.Event()

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


def test_heavy_things_leave_room_for_fewer() -> None:
    shelf = Shelf(MOST)
    for name in "abc":
        shelf.put(name, bytes(4 * LEAST))
    assert ["a" in shelf, "b" in shelf, "c" in shelf] == [False, True, True]
    assert shelf.bytes <= MOST


def test_thing_heavier_than_all_room_is_given_but_not_kept() -> None:
    shelf = Shelf(MOST)
    shelf.put("small", "stays")
    assert len(shelf.get("large", lambda: bytes(2 * MOST))) == 2 * MOST
    assert "large" not in shelf
    assert "small" in shelf


def test_thing_put_again_counts_once() -> None:
    shelf = Shelf(MOST)
    for _ in range(5):
        shelf.put("a", bytes(4 * LEAST))
    assert len(shelf) == 1
    assert shelf.bytes < 5 * LEAST


def test_thing_that_has_grown_makes_others_go() -> None:
    shelf, growing = Shelf(MOST), [b""]
    shelf.put("old", "old")
    shelf.put("growing", growing)
    growing.append(bytes(MOST - 2 * LEAST))
    shelf.weigh_again()
    assert "growing" in shelf
    growing.append(bytes(2 * LEAST))
    shelf.weigh_again()
    assert len(shelf) == 0
    assert shelf.bytes == 0


def test_what_nobody_asks_for_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("core.shelf.time.monotonic", lambda: now[0])
    shelf = Shelf(MOST)
    shelf.put("idle", 1)
    shelf.put("used", 2)
    now[0] += 60
    assert shelf.find("used") == 2
    now[0] += 60
    assert shelf.drop_idle(90) == 1
    assert shelf.find("idle") is None
    assert shelf.find("used") == 2
