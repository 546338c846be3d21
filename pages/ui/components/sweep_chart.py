"""Curves above the slider of a sweep: drawn in the browser, so that dragging in them moves it."""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from core.reports.svg import Dash


@dataclass(frozen=True)
class Line:
    """One curve.

    y, low, high: one for each x of the chart, nan where there is none; low and high bound a band,
    empty for none.  note: said under its name.  mark: an x where the curve gets a diamond, or None.
    reference: drawn in grey, and the axis does not make room for it.
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


class Dot(NamedTuple):
    """A numbered place on the chart; text: what is said when the pointer rests on it."""

    x: float
    y: float
    number: str
    text: str


@dataclass(frozen=True)
class Chart:
    """Curves over the values of a sweep.

    x: (S,), rising.  log: the y axis.  from_zero: it begins at 0.  digits: of the numbers beside
    the names.  higher_is_nearer: which of them is the best.  points: positions in x that were
    measured.  label: the chart in words.  height: pixels, at most; narrow screens make it less.
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
        """As it is sent: JSON has no nan, so that it becomes null."""
        found: dict[str, Any] = json.loads(_json(self))
        return found


def numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Six digits of each, which is more than a screen shows and less than a float takes to send."""
    return tuple(float(f"{value:.6g}") for value in values)


@lru_cache(maxsize=32)  # most reruns draw the curves of the last one
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
