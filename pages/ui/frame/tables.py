"""Tables: each column is described once, and drawn alike on a page and in its report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import pandas as pd
import streamlit as st

from core.reports import Table
from pages.ui.figures.text import decimal

Kind = Literal["text", "number", "share", "picture"]
DECIMALS = {".3f": 3, ".4f": 4, ".5f": 5}  # formats of numbers that may be too small for them
MOST_ROWS = 200  # in a report


@dataclass(frozen=True)
class Column:
    """One column of a table.

    name: in the data frame.  kind: a share is 0 to 1 and has a bar on the page; a picture is a data
    address, which a page shows and a report has no room for.  form: of numbers, as in f"{x:.4g}".
    unit: stands after them.  help: what they are.  width: pixels, None for as wide as needed.
    pinned: stays in view on the page.
    """

    name: str
    title: str
    kind: Kind = "text"
    form: str = ""
    unit: str = ""
    help: str | None = None
    width: int | None = None
    pinned: bool = False

    @property
    def config(self) -> Any:
        """The column as Streamlit takes it."""
        kinds, form = st.column_config, _printf(self.form, self.unit)
        common: dict[str, Any] = {"help": self.help, "width": self.width, "pinned": self.pinned}
        match self.kind:
            case "text":
                return kinds.TextColumn(self.title, **common)
            case "number":
                return kinds.NumberColumn(self.title, format=form, **common)
            case "share":
                return kinds.ProgressColumn(
                    self.title, format=form, min_value=0, max_value=1, **common
                )
            case "picture":
                return kinds.ImageColumn(self.title, **common)
            case kind:
                assert_never(kind)

    def cell(self, value: Any) -> str:
        """A value as a report has it; "" for none."""
        if value is None or value != value:  # noqa: PLR0124  # nan
            return ""
        digits = DECIMALS.get(self.form)
        said = f"{value:{self.form}}" if digits is None else decimal(value, digits)
        return f"{said} {self.unit}" if self.unit else said


def number(name: str, title: str, form: str, unit: str = "", **more: Any) -> Column:
    """A column of numbers.  more: see Column."""
    return Column(name, title, "number", form, unit=unit, **more)


def config(columns: Iterable[Column]) -> Mapping[str, Any]:
    """The columns as st.dataframe takes them, in their order."""
    return {one.name: one.config for one in columns}


def order(columns: Iterable[Column]) -> tuple[str, ...]:
    """The names of the columns: what st.dataframe is to show of a data frame."""
    return tuple(one.name for one in columns)


def table(title: str, frame: pd.DataFrame, columns: Sequence[Column], note: str = "") -> Table:
    """A data frame as a report has it: its first MOST_ROWS rows, without pictures."""
    left = len(frame) - MOST_ROWS
    more = f"{left:,} more rows are on the page." if left > 0 else ""
    told = [one for one in columns if one.kind != "picture" and one.name in frame]
    parts = [list(map(one.cell, frame[one.name][:MOST_ROWS])) for one in told]
    said = " ".join(filter(None, (note, more)))
    return Table(title, tuple(one.title for one in told), tuple(zip(*parts, strict=True)), said)


def _printf(form: str, unit: str) -> str | None:
    """A format of Python's as printf has it; with commas it is the visitor's own way to write."""
    if not form:
        return None
    if form.startswith(","):
        return "localized"
    after = {"": "", "%": " %%"}.get(unit, f" {unit}")
    return f"%{form}{after}"
