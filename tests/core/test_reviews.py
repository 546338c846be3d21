"""Decisions: kept once acknowledged, whoever is killed; never changed; two people at once."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core import reviews
from core.config import OptionError, ReviewError
from core.reviews import Database, Decision, Reviews, disagreements, journal_for, now

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
    monkeypatch.setattr(reviews, "PATIENCE", 0.05)
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


# What else happens to the file


def decide(kept: Reviews, n: int) -> list[Decision]:
    made = [decision(f"i{i}") for i in range(n)]
    for one in made:
        kept.record([one])
    return made


def moved_away(path: Path) -> Path:
    """As a person does it, or a program that tidies up."""
    return path.rename(path.with_name("away.sqlite3"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def deleted_with_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.skipif(os.name != "posix", reason="an open file is neither moved nor deleted there")
@pytest.mark.parametrize("happens", [Path.unlink, moved_away, emptied, deleted_with_its_folder])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_file_that_is_gone_or_emptied_is_told_of_and_decisions_go_on(
    happens: Callable[[Path], object], is_restarted: bool, tmp_path: Path
) -> None:
    kept = Reviews(tmp_path / "data" / "reviews.sqlite3")
    decide(kept, 3)
    if is_restarted:
        kept.close()
    happens(kept.path)
    if is_restarted:
        kept = Reviews(kept.path)
    kept.record([decision("new")])
    assert [one.image for one in kept.history()] == ["new"]
    assert [one.image for one in again(kept).history()] == ["new"], "it is on the disk"
    if not (is_restarted and happens is deleted_with_its_folder):  # nothing is left to know it by
        (notice,) = kept.notices()
        assert notice.startswith("3 decisions that were kept in reviews.sqlite3 are not there")
        assert again(kept).lost == 3
        kept.go_on_without()
        assert (kept.notices(), again(kept).notices()) == ((), ())


@pytest.mark.skipif(os.name != "posix", reason="an open file is neither moved nor deleted there")
def test_file_that_is_put_back_is_used_again_and_nothing_is_missed(kept: Reviews) -> None:
    decide(kept, 3)
    away = moved_away(kept.path)
    assert kept.history() == []
    assert kept.lost == 3
    away.replace(kept.path)
    assert len(kept.history()) == 3
    assert kept.notices() == ()
    kept.record([decision("new")])
    assert len(again(kept).history()) == 4


def test_older_file_in_its_place_is_told_of(kept: Reviews) -> None:
    decide(kept, 2)
    kept.close()
    older = kept.path.read_bytes()
    decide(kept, 3)
    kept.close()
    kept.path.write_bytes(older)
    assert len(kept.history()) == 2
    assert "3 decisions that were kept" in kept.notices()[0]


def test_decisions_are_brought_back_from_the_copy_without_those_made_since_being_lost(
    kept: Reviews,
) -> None:
    made = decide(kept, 25)
    assert kept.n_copied == 20
    kept.close()
    emptied(kept.path)
    new = decision("new")
    kept.record([new])
    assert (kept.lost, kept.n_copied) == (25, 20), "the copy is not overwritten by less"
    assert kept.bring_back() == 20
    assert kept.history() == [new, *made[:20]]
    assert (kept.lost, kept.n_copied) == (5, 0), "it has no more to give"
    assert [path.name for path in kept.path.parent.glob(".*")] == []


def test_what_was_decided_since_counts_more_than_what_is_brought_back(kept: Reviews) -> None:
    decide(kept, 20)
    kept.close()
    emptied(kept.path)
    kept.record([decision("i3", "normal"), decision("i4", "normal", reviewer="bob")])
    assert kept.bring_back() == 20
    current = kept.current("set")
    assert len(current) == 20
    assert current["i3"]["ann"].verdict == "normal"
    assert {name: one.verdict for name, one in current["i4"].items()} == {
        "ann": "outlier",
        "bob": "normal",
    }


def test_copy_grows_with_the_decisions(kept: Reviews) -> None:
    for n in (19, 1, 40, 300):
        kept.record([decision() for _ in range(n)])
    assert kept.n_copied == 360
    kept.record([decision() for _ in range(20)])
    assert kept.n_copied == 360, "a tenth of them may be newer"


def test_decisions_of_other_processes_are_never_missed(kept: Reviews) -> None:
    other = Reviews(kept.path)
    for _ in range(3):
        decide(kept, 2)
        decide(other, 2)
    assert (kept.lost, other.lost, again(kept).lost) == (0, 0, 0)


def test_decision_that_is_added_while_they_are_counted_is_no_loss(
    kept: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Reviews(kept.path)
    read = Database.read

    def slow(self: Database, query: str, values: Any = ()) -> Any:
        found = read(self, query, values)
        if "count" in query and self is kept._database:
            monkeypatch.setattr(Database, "read", read)
            decide(other, 2)
        return found

    monkeypatch.setattr(Database, "read", slow)
    decide(kept, 1)
    assert (kept.lost, again(kept).lost) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"{", b'{"n": -1}', b'{"n": "many"}', b"\xff"])
def test_note_of_how_many_there_are_that_cannot_be_read_changes_nothing(
    content: bytes, kept: Reviews
) -> None:
    decide(kept, 2)
    kept.path.with_name("reviews.kept.json").write_bytes(content)
    assert (len(again(kept).history()), again(kept).notices()) == (2, ())


ROW = "INSERT INTO decisions VALUES (NULL, ?, 'set', 'b', 'm', ?, 'outlier', ?, 't')"


@pytest.mark.parametrize(
    "values",
    [
        ("op", "ann", b"\x00\x01"), ("op", "ann", "x" * 9_999), ("op", "", "note"),
        ("op", "ann", "CAST(X'FF' AS TEXT)"), ("op", b"\xff", "note"),
    ],
)  # fmt: skip
def test_row_that_cannot_be_read_hides_no_other_and_is_told_of(
    values: tuple[Any, ...], kept: Reviews
) -> None:
    kept.record([decision("a")])
    with contextlib.closing(sqlite3.connect(kept.path)) as other, other:
        statement = ROW
        if values[2] == "CAST(X'FF' AS TEXT)":  # text that is no UTF-8
            statement, values = ROW.replace("'outlier', ?", f"'outlier', {values[2]}"), values[:2]
        other.execute(statement, values)
    kept.record([decision("c")])
    assert [one.image for one in kept.history("set")] == ["a", "c"]
    assert set(kept.current("set")) == {"a", "c"}
    (notice,) = kept.notices("set")
    assert notice.startswith("1 decision in reviews.sqlite3 cannot be read")
    assert kept.notices("other") == ()


@pytest.mark.parametrize("field", ["note", "image", "source", "checkpoint", "reviewer"])
@pytest.mark.parametrize("text", ["\ud83d", "a\0b"])
def test_text_that_cannot_be_kept_is_refused_in_a_sentence_and_nothing_is_written(
    field: str, text: str, kept: Reviews
) -> None:
    with pytest.raises(OptionError, match="cannot be kept.*write it anew") as refusal:
        kept.record([decision("a"), decision(**({"image": "b"} | {field: text}))])
    str(refusal.value).encode()  # it can be shown
    assert kept.history() == []


def test_name_that_is_too_long_is_refused(kept: Reviews) -> None:
    with pytest.raises(OptionError, match="longer than 5,000 characters"):
        kept.record([decision("x" * 5_001)])


def test_file_that_is_locked_for_long_is_told_of_with_advice_that_works(
    kept: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reviews, "PATIENCE", 0.01)
    kept.close()
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for attempt in (lambda: kept.record([decision()]), kept.history):
        with pytest.raises(ReviewError, match="another program has been writing") as refusal:
            attempt()
        assert "move" not in str(refusal.value)
    other.execute("ROLLBACK")
    other.close()
    kept.record([decision()])
    assert len(kept.history()) == 1


def test_file_that_may_not_be_written_is_told_of_and_goes_on_when_it_may(
    kept: Reviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.record([decision("a")])
    kept._database.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(ReviewError, match="let who runs Hourglass write in"):
        kept.record([decision("b")])
    assert len(kept.history()) == 1
    kept._database.connection.execute("PRAGMA query_only = 0")
    kept.record([decision("b")])
    assert len(kept.history()) == 2


def test_damaged_file_is_left_alone_until_it_is_moved_and_then_mended_from_the_copy(
    kept: Reviews,
) -> None:
    decide(kept, 20)
    kept.close()
    content = kept.path.read_bytes()
    kept.path.write_bytes(content[:40] + b"\xff" * (len(content) - 40))
    with pytest.raises(ReviewError, match="damaged.*move the file away"):
        kept.record([decision("b")])
    moved_away(kept.path)
    kept.record([decision("b")])
    assert (kept.lost, kept.bring_back(), len(kept.history())) == (20, 20, 21)


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
