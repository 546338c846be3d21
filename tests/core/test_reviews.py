"""Decisions: kept once acknowledged, whoever is killed; never changed; two people at once."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from core import database
from core.config import OptionError, ReviewError
from core.database import journal_for
from core.reviews import Decision, Reviews, disagreements, now

PROJECT = Path(__file__).resolve().parents[2]
WRITER = """
import sys, time
from pathlib import Path
from uuid import uuid4
from core.reviews import Decision, Reviews, now
reviews = Reviews(Path(sys.argv[1]))
i = 0
while True:
    operation = uuid4().hex
    reviews.record([Decision(operation, "s", f"i{i}", "m", sys.argv[2], "outlier", "", now())])
    print(operation, flush=True)
    i += 1
    time.sleep(0.02)  # SQLite's queue is not fair: let the others in
"""


def decision(image: str = "a", verdict: str = "outlier", **changes: str) -> Decision:
    fields = {
        "operation": uuid4().hex, "source": "set", "image": image, "checkpoint": "model",
        "reviewer": "ann", "verdict": verdict, "note": "", "time": now(),
    }  # fmt: skip
    return Decision(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def kept(tmp_path: Path) -> Reviews:
    return Reviews(tmp_path / "reviews.sqlite3")


def again(kept: Reviews) -> Reviews:
    """As after a restart."""
    kept.close()
    return Reviews(kept.path)


def test_decision_is_there_after_a_restart(kept: Reviews) -> None:
    one = decision(note="=HYPERLINK(1)\n\u202eodd '; DROP TABLE decisions; --")
    kept.record([one])
    assert again(kept).history("set") == [one]


def test_current_verdict_is_the_latest_of_each_reviewer(kept: Reviews) -> None:
    kept.record([decision(verdict="normal"), decision(verdict="unsure")])
    kept.record([decision(verdict="outlier", reviewer="bob"), decision(verdict="outlier")])
    found = kept.current("set")["a"]
    assert {name: one.verdict for name, one in found.items()} == {
        "ann": "outlier",
        "bob": "outlier",
    }
    assert len(kept.history("set")) == 4


def test_verdict_taken_back_is_none_but_stays_in_the_history(kept: Reviews) -> None:
    kept.record([decision()])
    kept.record([decision(verdict="")])
    assert kept.current("set") == {}
    assert [one.verdict for one in kept.history()] == ["outlier", ""]


def test_decisions_on_other_sets_stay_apart(kept: Reviews) -> None:
    kept.record([decision(), decision(source="other", image="b")])
    assert list(kept.current("set")) == ["a"]
    assert list(kept.current("other")) == ["b"]
    assert len(kept.history()) == 2


def test_operation_recorded_twice_is_kept_once_as_it_was(kept: Reviews) -> None:
    first = decision()
    kept.record([first])
    kept.record([decision(operation=first.operation, verdict="normal"), decision(image="b")])
    assert [one.verdict for one in kept.history()] == ["outlier", "outlier"]


def test_batch_with_one_bad_row_is_not_kept_at_all(kept: Reviews) -> None:
    bad = decision("b")
    object.__setattr__(bad, "verdict", "maybe")
    with pytest.raises(ReviewError):
        kept.record([decision("a"), bad])
    assert kept.history() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET verdict = ''", "DELETE FROM decisions"]
)
def test_rows_cannot_be_changed_or_deleted(statement: str, kept: Reviews) -> None:
    kept.record([decision()])
    with sqlite3.connect(kept.path) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(statement)
    other.close()
    assert len(kept.history()) == 1


@pytest.mark.parametrize(
    "changes", [{"verdict": "bad"}, {"reviewer": ""}, {"reviewer": "x" * 81}, {"note": "x" * 2001}]
)
def test_decision_out_of_bounds_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(OptionError):
        decision(**changes)


def test_disagreement_is_normal_against_outlier(kept: Reviews) -> None:
    kept.record([decision("a", "normal"), decision("a", "outlier", reviewer="bob")])
    kept.record([decision("b", "unsure"), decision("b", "outlier", reviewer="bob")])
    kept.record([decision("c", "normal"), decision("c", "normal", reviewer="bob")])
    kept.record([decision("d", "normal"), decision("d", "outlier", reviewer="bob")])
    kept.record([decision("d", "", reviewer="bob")])
    assert disagreements(kept.current("set")) == ["a"]


# How SQLite is used


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "DELETE"), ((3, 44, 5), "DELETE"), ((3, 44, 6), "WAL"), ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"), ((3, 50, 7), "WAL"), ((3, 51, 0), "DELETE"), ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"), ((3, 52, 0), "WAL"),
    ],
)  # fmt: skip
def test_write_ahead_log_is_used_only_where_it_loses_nothing(
    version: tuple[int, ...], mode: str
) -> None:
    assert journal_for(version) == (mode, "FULL" if mode == "WAL" else "EXTRA")


def test_file_is_in_the_journal_mode_for_this_sqlite(kept: Reviews) -> None:
    mode, synchronous = journal_for(sqlite3.sqlite_version_info)
    execute = kept._database.connection.execute
    assert execute("PRAGMA journal_mode").fetchone() == (mode.lower(),)
    assert execute("PRAGMA synchronous").fetchone() == ({"FULL": 2, "EXTRA": 3}[synchronous],)


def test_many_threads_lose_nothing(kept: Reviews) -> None:
    def work(name: str) -> None:
        for i in range(10):
            kept.record([decision(f"i{i}", reviewer=name)])

    threads = [threading.Thread(target=work, args=(f"r{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(one.image, one.reviewer) for one in kept.history()}) == 80


def test_writer_waits_for_another_process_and_then_succeeds(kept: Reviews) -> None:
    other = sqlite3.connect(kept.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    kept.record([decision()])
    other.close()
    assert len(kept.history()) == 1


def test_writer_that_waits_in_vain_says_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    kept = Reviews(tmp_path / "r.sqlite3")
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ReviewError, match="cannot be written"):
        kept.record([decision()])
    other.execute("ROLLBACK")
    other.close()
    kept.record([decision()])  # and goes on afterwards
    assert len(kept.history()) == 1


def test_full_disk_is_said_and_goes_on_when_there_is_room(kept: Reviews) -> None:
    kept.record([decision()])
    execute = kept._database.connection.execute
    (pages,) = execute("PRAGMA page_count").fetchone()
    execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ReviewError, match="full"):
        kept.record([decision(note="x" * 2000) for _ in range(20)])
    execute("PRAGMA max_page_count = 1000000")
    kept.record([decision("b")])
    assert [one.image for one in again(kept).history()] == ["a", "b"]


def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite3"
    path.write_bytes(b"not a database, but somebody's file\n" * 40)
    with pytest.raises(ReviewError, match="move the file away"):
        Reviews(path)
    assert path.read_bytes().startswith(b"not a database")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_writers_killed_at_any_moment_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "reviews.sqlite3"
    Reviews(path).close()
    acknowledged: set[str] = set()
    rng = random.Random(0)
    for turn in range(3):
        said = [tmp_path / f"{turn}-{i}.txt" for i in range(4)]
        writers = []
        for i, place in enumerate(said):
            with place.open("w") as file:
                command = [sys.executable, "-c", WRITER, str(path), f"r{i}"]
                writers.append(subprocess.Popen(command, cwd=PROJECT, stdout=file))
        until = time.monotonic() + 60
        while not all(place.stat().st_size for place in said) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.4))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait(timeout=30)
        lines = [line for place in said for line in place.read_text().splitlines(keepends=True)]
        acknowledged |= {line.strip() for line in lines if line.endswith("\n")}
    kept = Reviews(path)
    stored = [one.operation for one in kept.history()]
    assert len(acknowledged) >= 12
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    assert kept._database.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
