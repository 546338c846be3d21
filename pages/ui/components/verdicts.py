"""Verdicts on images that the browser wants kept, read with suspicion."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core import reviews
from core.config import OptionError
from core.reviews import MAX_NAME, MAX_NOTE, VERDICTS, Decision, Verdict

MOST_PENDING = 1_000


class Stamp(NamedTuple):
    """The context of every verdict: data set, model and reviewer."""

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


def read_pending(pending: Any) -> tuple[Said, ...]:
    """The verdicts in a message from the browser, which might be anything."""
    said = [_said(one) for one in pending[:MOST_PENDING]] if isinstance(pending, list) else []
    return tuple(one for one in said if one is not None)


def _said(one: Any) -> Said | None:
    if not isinstance(one, dict) or one.get("verdict") not in VERDICTS:
        return None
    operation, image, note = (str(one.get(name, "")) for name in ("operation", "image", "note"))
    stamp = Stamp(*(str(one.get(name, "")) for name in Stamp._fields))
    if not 8 <= len(operation) <= MAX_NAME or not all((image, *stamp)):
        return None
    return Said(
        operation=operation,
        image=image,
        verdict=one["verdict"],
        note=note[:MAX_NOTE],
        stamp=stamp._replace(reviewer=stamp.reviewer[:MAX_NAME]),
    )


def sorted_out(pending: Sequence[Said]) -> tuple[list[Decision], tuple[Refused, ...]]:
    """What can be kept, and what never can be, which must not keep the others from it."""
    sound, refused = [], []
    for said in pending:
        try:
            one = decision(said)
            one.check()
            sound.append(one)
        except OptionError as error:
            refused.append(Refused(said.operation, str(error)))
    return sound, tuple(refused)


def decision(said: Said) -> Decision:
    """What the browser said, as it is kept."""
    source, checkpoint, reviewer = said.stamp
    time = reviews.now()
    return Decision(
        operation=said.operation,
        source=source,
        image=said.image,
        checkpoint=checkpoint,
        reviewer=reviewer,
        verdict=said.verdict,
        note=said.note,
        time=time,
    )
