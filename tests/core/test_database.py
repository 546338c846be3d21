"""One SQLite file: its schema grows, and a failed statement leaves nothing behind."""

import sqlite3
from pathlib import Path

import pytest

from core.reviews import Database

# A primary key with AUTOINCREMENT and a UNIQUE column each make SQLite add an object of its own.
TABLE = "CREATE TABLE IF NOT EXISTS a (n INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT UNIQUE)"
INDEX = "CREATE INDEX IF NOT EXISTS by_word ON a (word, n)"
SECOND = "CREATE TABLE IF NOT EXISTS b (n INTEGER)"
INSERT = "INSERT INTO a (word) VALUES (?)"


def names(path: Path) -> set[str]:
    database = Database(path, ())
    rows = database.read("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")
    database.close()
    return {name for (name,) in rows}


def test_schema_with_statements_added_later_is_completed_on_the_next_opening(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deeper" / "a.sqlite3"
    first = Database(path, (TABLE,))
    first.write(INSERT, [("kept",)])
    first.close()
    assert names(path) == {"a"}
    second = Database(path, (TABLE, INDEX, SECOND))
    assert names(path) == {"a", "by_word", "b"}
    assert second.read("SELECT word FROM a") == [("kept",)]
    second.close()


def test_rows_of_which_one_is_refused_are_none_of_them_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite3", (TABLE,))
    with pytest.raises(sqlite3.IntegrityError):
        database.write(INSERT, [("one",), ("one",)])
    assert database.read("SELECT * FROM a") == []
    database.write(INSERT, [("one",)])
    assert database.read("SELECT word FROM a WHERE word = ?", ("one",)) == [("one",)]
    database.close()
