"""What the browser says in a review, read with suspicion."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.reviews import MAX_NAME, MAX_NOTE, VERDICTS, Verdict

MOST_PENDING = 1_000


class Stamp(NamedTuple):
    """What every verdict is given along with: on which data, through which model, by whom."""

    source: str
    checkpoint: str
    reviewer: str


class Said(NamedTuple):
    """A verdict that the browser wants kept.  operation: its own, unique name for it."""

    operation: str
    image: str
    verdict: Verdict
    note: str
    stamp: Stamp


class Refused(NamedTuple):
    """A verdict that cannot be kept as it is.  why: a sentence that says what to do."""

    operation: str
    why: str


@dataclass(frozen=True)
class Report:
    """What the browser said last.

    place: where in the queue it stands.  pending: what it does not know to be kept.
    known: the images whose pictures it has.
    """

    place: int
    pending: tuple[Said, ...]
    known: frozenset[str]


def read_report(report: Any) -> Report | None:
    """The report in a message from the browser, which might be anything."""
    place = report.get("place") if isinstance(report, dict) else None
    if not isinstance(place, int | float) or not math.isfinite(place):
        return None
    pending = report.get("pending")
    said = [_said(one) for one in pending[:MOST_PENDING]] if isinstance(pending, list) else []
    known = report.get("known")
    return Report(
        int(place),
        tuple(one for one in said if one is not None),
        frozenset(map(str, known)) if isinstance(known, list) else frozenset(),
    )


def _said(one: Any) -> Said | None:
    if not isinstance(one, dict) or one.get("verdict") not in VERDICTS:
        return None
    operation, image, note = (str(one.get(name, "")) for name in ("operation", "image", "note"))
    stamp = Stamp(*(str(one.get(name, "")) for name in Stamp._fields))
    if not 8 <= len(operation) <= MAX_NAME or not all((image, *stamp)):
        return None
    return Said(
        operation,
        image,
        one["verdict"],
        note[:MAX_NOTE],
        stamp._replace(reviewer=stamp.reviewer[:MAX_NAME]),
    )
