"""Reads the curves and pictures that a run has written so far."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core import arraycache
from core.checkpoints.document import EpochRecord
from core.runs import Run
from core.training.divergence import EXPLODED

MOST_EPOCHS = 10_000
NUMBERS = ("train_loss", "test_mse", "seconds", "images_per_second")


@dataclass(frozen=True)
class Curves:
    """The losses of a run.

    looked: (m, 2) epochs done, with fractions, and the mean training loss of the epoch up to there.
    epochs: a record an epoch, in order.
    A number that was none, or a loss or an error that had exploded, is nan in both.
    """

    looked: npt.NDArray[np.float64]
    epochs: tuple[EpochRecord, ...]

    def by_epoch(self) -> dict[int, EpochRecord]:
        """The records by the number of the epoch; one may be missing."""
        return {record.epoch: record for record in self.epochs}

    def exploded(self) -> tuple[float, ...]:
        """When a loss or a test error was no number or had exploded: epochs done, rising."""
        looks = self.looked[~np.isfinite(self.looked[:, 1]), 0].tolist()
        whole = [
            float(one.epoch)
            for one in self.epochs
            if not (math.isfinite(one.train_loss) and math.isfinite(one.test_mse))
        ]
        return tuple(sorted({*looks, *whole}))


@dataclass(frozen=True)
class Pictures:
    """The reconstructions of the first test images after an epoch.

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
        at = _number(event.get("at"), MOST_EPOCHS)
        if event["event"] == "epoch" and (record := _record(event.get("record"))):
            epochs[record.epoch] = record
        elif event["event"] == "loss" and not math.isnan(at):
            looked.append((at, _number(event.get("loss"), EXPLODED)))
        elif event["event"] == "begun" and not math.isnan(at):
            looked = [one for one in looked if one[0] <= at]
            epochs = {n: record for n, record in epochs.items() if n <= at}
    points = np.array(looked, np.float64).reshape(-1, 2)
    return Curves(points, tuple(epochs[n] for n in sorted(epochs)))


def pictured_epochs(run: Run) -> tuple[int, ...]:
    """The epochs whose pictures are kept, in order."""
    known = curves(run).by_epoch()
    names = {path.stem for path in (run.folder / "epochs").glob("*.npz")}
    return tuple(epoch for epoch in sorted(known) if f"{epoch:05d}" in names)


def pictures(run: Run, epoch: int) -> Pictures | None:
    """The pictures after an epoch, None if they are not there."""
    path = run.folder / "epochs" / f"{epoch:05d}.npz"
    found = arraycache.read(path, ("strip", "codes"))
    if found is None or not _is_strip(found["strip"]):
        return None
    codes = found["codes"]
    are_codes = codes.dtype.kind == "f" and codes.ndim == 2 and codes.shape[1] == 2 and len(codes)
    return Pictures(epoch, found["strip"], codes if are_codes else None)


def _is_strip(array: npt.NDArray[Any]) -> bool:
    """Whether it is (2, m, C, H, W) uint8 as pages show it."""
    if array.dtype != np.uint8 or array.ndim != 5:
        return False
    pair, m, c, h, w = array.shape
    return pair == 2 and 1 <= m <= 64 and c in (1, 3) and 1 <= h <= 512 and 1 <= w <= 512


def _record(found: Any) -> EpochRecord | None:
    """An epoch's record, with nan where there is no such number; None without an epoch."""
    epoch = found.get("epoch") if isinstance(found, dict) else None
    if not isinstance(epoch, int) or not 1 <= epoch <= MOST_EPOCHS:
        return None
    most = dict.fromkeys(NUMBERS, 1e15) | {"train_loss": EXPLODED, "test_mse": EXPLODED}
    numbers = {name: _number(found.get(name), most[name]) for name in NUMBERS}
    share = _number(found.get("found"), 1.0)
    return EpochRecord(epoch=epoch, found=share if share >= 0 else None, **numbers)


def _number(value: Any, most: float) -> float:
    """A number as it is, nan for what is none or is beyond `most` either way."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        return math.nan
    return float(value)


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            event = json.loads(line)  # which takes NaN and Infinity: earlier versions wrote them
        except (ValueError, RecursionError):
            continue  # its process was killed while it wrote
        if isinstance(event, dict) and "event" in event:
            yield event
