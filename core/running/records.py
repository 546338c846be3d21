"""What a run has written so far, read back as curves and pictures."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from core import arraycache
from core.documents import EpochRecord
from core.runs import Run


@dataclass(frozen=True)
class Curves:
    """What a run's losses have been.

    looked: (m, 2) epochs done, with fractions, and the mean training loss of the epoch up to there.
    epochs: a record an epoch, in order.
    """

    looked: npt.NDArray[np.float64]
    epochs: tuple[EpochRecord, ...]


@dataclass(frozen=True)
class Pictures:
    """What the network made of the first test images after an epoch.

    strip: uint8 (2, m, C, H, W), originals and reconstructions.  codes: (n, 2) if D' = 2.
    """

    epoch: int
    strip: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.float32] | None


def curves(run: Run) -> Curves:
    """The losses so far.

    When a run goes on from a kept state, what a killed process wrote about later steps is left out.
    """
    looked: list[tuple[float, float]] = []
    epochs: dict[int, EpochRecord] = {}
    for event in _events(run.folder):
        if event["event"] == "loss":
            looked.append((float(event["at"]), float(event["loss"])))
        elif event["event"] == "epoch":
            record = msgspec.convert(event["record"], EpochRecord)
            epochs[record.epoch] = record
        elif event["event"] == "begun":
            at = float(event["at"])
            looked = [one for one in looked if one[0] <= at]
            epochs = {n: record for n, record in epochs.items() if n <= at}
    points = np.array(looked, np.float64).reshape(-1, 2)
    return Curves(points, tuple(epochs[n] for n in sorted(epochs)))


def pictured_epochs(run: Run) -> tuple[int, ...]:
    """The epochs whose pictures are kept, in order."""
    last = len(curves(run).epochs)
    names = (path.stem for path in (run.folder / "epochs").glob("*.npz"))
    return tuple(sorted(n for n in map(int, filter(str.isdecimal, names)) if n <= last))


def pictures(run: Run, epoch: int) -> Pictures | None:
    """The pictures after an epoch, None if they are not there."""
    path = run.folder / "epochs" / f"{epoch:05d}.npz"
    found = arraycache.read(path, ("strip", "codes"))
    if found is None:
        return None
    return Pictures(epoch, found["strip"], found["codes"] if len(found["codes"]) else None)


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # its process was killed while it wrote
        if isinstance(event, dict) and "event" in event:
            yield event
