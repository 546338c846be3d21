"""Tables that leave the program: CSV that no spreadsheet takes for formulas, loss-free Parquet."""

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pandas as pd

from core.config import OptionError
from core.files import replacing, write_atomically

# What a spreadsheet takes for a formula: in ASCII or full width, also after invisible characters.
FORMULA = re.compile(r"[\s\0\ufeff\u200b-\u200f]*[=+\-@＝＋－＠]|[\t\r\n]")
SUFFIXES = (".csv", ".parquet")
ROW_GROUP = 1 << 14  # rows that are collected in memory before they are written
Write = Callable[[pd.DataFrame], None]


def safe_text(text: str) -> str:
    """`text`, with a leading apostrophe if a spreadsheet would take it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose text cells and column names are safe to open as CSV; numbers stay numbers."""
    columns = {
        _safe(name): table[name] if _has_no_text(table[name]) else table[name].map(_safe)
        for name in table.columns
    }
    return pd.DataFrame(columns, index=table.index)


def csv_bytes(table: pd.DataFrame) -> bytes:
    """`table` as UTF-8 CSV with a header line: text quoted and made safe, missing values empty."""
    text = safe_table(table).to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    return text.encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """`table` as Parquet: every value as it is."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def check_path(path: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Path:
    """`path` if save() could write there, else OptionError: ask before the work, not after it."""
    if path.suffix.lower() not in suffixes:
        raise OptionError(f"{path.name!a} must end in {' or '.join(suffixes)}.")
    if path.is_dir() or not path.parent.is_dir():
        raise OptionError(f"{str(path)!a} cannot be a file: name one in a folder that exists.")
    return path


def save(table: pd.DataFrame, path: Path) -> None:
    """Write `table` to a .csv or .parquet file, whole or not at all; OptionError otherwise."""
    as_bytes = csv_bytes if check_path(path).suffix.lower() == ".csv" else parquet_bytes
    try:
        write_atomically(path, as_bytes(table))
    except OSError as error:
        raise OptionError(f"{str(path)!a} cannot be written ({error.strerror}).") from error


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Write]:
    """Write a table of any length to a .csv or .parquet file, piece by piece, whole or not at all.

    Gives a function that takes the next rows. All pieces must have the columns of the first and
    their types, so a column of text has the type str even where all of it is missing.
    Raises OptionError if the file cannot be written; what the block itself raises goes on.
    """
    pieces = _csv_pieces if check_path(path).suffix.lower() == ".csv" else _parquet_pieces
    try:
        with replacing(path) as file, pieces(file) as write:
            yield write
    except OSError as error:
        raise OptionError(f"{str(path)!a} cannot be written ({error.strerror}).") from error


@contextlib.contextmanager
def _csv_pieces(file: IO[bytes]) -> Iterator[Write]:
    def write(table: pd.DataFrame) -> None:
        text = csv_bytes(table)
        file.write(text.partition(b"\n")[2] if file.tell() else text)

    yield write


@contextlib.contextmanager
def _parquet_pieces(file: IO[bytes]) -> Iterator[Write]:
    """Pieces are put together into row groups of ROW_GROUP rows or more, but for the last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    waiting: list[Any] = []
    with contextlib.ExitStack() as stack:
        writers: list[pq.ParquetWriter] = []

        def flush() -> None:
            if not writers:
                writers.append(stack.enter_context(pq.ParquetWriter(file, waiting[0].schema)))
            writers[0].write_table(pa.concat_tables(waiting))
            waiting.clear()

        def write(table: pd.DataFrame) -> None:
            schema = waiting[0].schema if waiting else writers[0].schema if writers else None
            waiting.append(pa.Table.from_pandas(table, schema, preserve_index=False))
            if sum(map(len, waiting)) >= ROW_GROUP:
                flush()

        yield write
        if waiting:
            flush()


def _safe(value: Any) -> Any:
    return safe_text(value) if isinstance(value, str) else value


def _has_no_text(column: "pd.Series[Any]") -> bool:
    return pd.api.types.is_any_real_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
