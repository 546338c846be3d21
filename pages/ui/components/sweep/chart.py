"""Curves above the slider of a sweep, drawn in the browser; dragging in them moves the slider."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from core.reports.charts import Dash, Dot


@dataclass(frozen=True)
class Line:
    """One curve.

    y, low, high: a value for each x of the chart, NaN = missing; low and high bound a band, empty =
    no band.  note: text under its name.  mark: an x at which the curve gets a diamond, or None.
    reference: drawn in grey, and ignored for the range of the axis.
    """

    name: str
    y: tuple[float, ...]
    colour: str
    dash: Dash = "solid"
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    note: str = ""
    mark: float | None = None
    reference: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves over the values of a sweep.

    x: (S,), ascending.  log: whether the y axis is logarithmic.  from_zero: whether it begins at 0.
    digits: decimals of the numbers beside the names.  higher_is_nearer: whether the highest value
    is the best.  points: indices in x that were measured.  label: description for screen readers.
    height: in pixels at most; narrow screens have less.
    """

    x: tuple[float, ...]
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...] = ()
    x_title: str = ""
    y_title: str = ""
    log: bool = False
    from_zero: bool = False
    digits: int = 4
    higher_is_nearer: bool = False
    points: tuple[int, ...] = ()
    label: str = ""
    height: int = 360

    def document(self) -> dict[str, Any]:
        """The chart as JSON values; NaN becomes null."""
        found: dict[str, Any] = json.loads(_json(self))
        return found


def numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Values rounded to six digits, which is enough for a screen and shortens the JSON."""
    return tuple(float(f"{value:.6g}") for value in values)


@lru_cache(maxsize=32)  # most reruns draw the same curves as the last one
def _json(chart: Chart) -> str:
    document = asdict(chart)
    document["dots"] = [dot._asdict() for dot in chart.dots]
    return json.dumps(_without_nan(document), allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
