"""No exported CSV is taken for formulas, and no Parquet loses anything."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import OptionError
from core.export import tables

DANGEROUS = "=+-@\t\r＝＋－＠"
hostile = st.builds(str.__add__, st.sampled_from(["", *DANGEROUS, " =", "\u200b+"]), st.text())


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(st.lists(hostile, min_size=1), hostile)
def test_csv_cell_with_any_text_begins_with_nothing_that_calculates(
    texts: list[str], name: str
) -> None:
    table = pd.DataFrame({name: pd.Series(texts, dtype=object)})
    for row in cells(tables.csv_bytes(table)):
        assert not row[0].startswith(tuple(DANGEROUS))


@given(st.lists(hostile.filter(lambda text: not text.startswith("'"))))
def test_csv_text_without_its_apostrophe_is_the_text_again(texts: list[str]) -> None:
    table = pd.DataFrame({"id": pd.Series(texts, dtype=object)})
    _, *rows = cells(tables.csv_bytes(table))
    assert [row[0].removeprefix("'") for row in rows] == texts


@given(st.lists(st.floats(allow_nan=False)))
def test_csv_numbers_are_the_same_numbers(values: list[float]) -> None:
    _, *rows = cells(tables.csv_bytes(pd.DataFrame({"error": values}, dtype=np.float64)))
    assert [float(row[0]) for row in rows] == values


def test_csv_text_cell_is_quoted_so_that_other_separators_do_not_split_it() -> None:
    table = pd.DataFrame({"id": ["a;=1+1"], "n": [-1]})
    assert tables.csv_bytes(table) == b'"id","n"\n"a;=1+1",-1\n'


def test_csv_missing_values_of_every_kind_are_empty() -> None:
    table = pd.DataFrame(
        {
            "error": [np.nan, 0.5],
            "is_outlier": pd.array([None, True], dtype="boolean"),
            "reason": [None, "x"],
        }
    )
    assert cells(tables.csv_bytes(table))[1:] == [["", "", ""], ["0.5", "True", "x"]]


def test_csv_of_a_category_column_is_safe_too() -> None:
    table = pd.DataFrame({"label": pd.Categorical(["=x", "y"])})
    assert cells(tables.csv_bytes(table))[1:] == [["'=x"], ["y"]]


def test_safe_table_leaves_the_given_table_alone() -> None:
    table = pd.DataFrame({"id": ["=1"]})
    tables.safe_table(table)
    assert table["id"].tolist() == ["=1"]


@given(st.lists(hostile))
def test_parquet_read_back_is_the_same_table(texts: list[str]) -> None:
    table = pd.DataFrame({"id": pd.Series(texts, dtype="str"), "n": np.arange(len(texts))})
    found = pd.read_parquet(io.BytesIO(tables.parquet_bytes(table)))
    pd.testing.assert_frame_equal(found, table)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "A.CSV"])
def test_table_saved_by_suffix_is_read_back_equal(name: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["a", "b"], "error": [0.5, 0.25]})
    tables.save(table, tmp_path / name)
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    pd.testing.assert_frame_equal(read(tmp_path / name), table)


@pytest.mark.parametrize("name", ["a.txt", "a", "nowhere/a.csv", "folder.csv"])
def test_table_that_cannot_be_written_there_is_refused_beforehand(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OptionError):
        tables.check_path(tmp_path / name)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_table_written_in_pieces_is_the_table_written_at_once(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROW_GROUP", 5)
    table = pd.DataFrame({"id": [f"=x{i}" for i in range(12)], "error": np.arange(12) / 7})
    at_once, in_pieces = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    tables.save(table, at_once)
    with tables.writing(in_pieces) as write:
        for start in range(0, 12, 3):
            write(table[start : start + 3])
    if suffix == ".csv":
        assert in_pieces.read_bytes() == at_once.read_bytes()
    else:
        pd.testing.assert_frame_equal(pd.read_parquet(in_pieces), table)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_table_whose_writing_is_interrupted_leaves_the_old_file_and_no_other(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"table{suffix}"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with tables.writing(path) as write:
            write(pd.DataFrame({"x": [1]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
