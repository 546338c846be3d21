"""Writes the files of a run's folder; core.runs.records reads them."""

import contextlib
import io
import os
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core import locks
from core.config import OptionError
from core.files import remove_abandoned, write_atomically
from core.runs import Run, processes
from core.runs.status import RunState, lock_of, replace_state, write_status
from core.training.events import EpochDone, Event, Finished, Saved, Started, StepDone
from core.training.resume_state import State

MOST_PICTURES = 200  # epochs whose pictures are kept; of a longer run every second, third ...
FIRST_PICTURES = 20  # epochs that count as such in any case
TELL_SECONDS = 0.5  # between two signs of life
SPARE_BYTES = 1 << 18  # freed on a full disk, so that the reason can still be written
PATIENCE = 1.0  # seconds to wait for the lock: who only looks whether it is held has it so briefly


@contextlib.contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Context that owns a folder of work.  Raises OptionError if another process does.

    At the end a pending request is deleted: it was carried out, or came too late.
    """
    path = lock_of(folder)
    lock = locks.handed(path) or locks.take(path, PATIENCE)
    if lock is None:
        raise OptionError(f"{folder.name} is running already.")
    try:
        remove_abandoned(folder)
        with contextlib.suppress(OSError):  # the disk is full already
            (folder / "spare").write_bytes(bytes(SPARE_BYTES))
        yield
    finally:
        free_spare(folder)
        (folder / "request").unlink(missing_ok=True)
        lock.release()


def free_spare(folder: Path) -> None:
    """Free some bytes, so that a full disk still takes the reason why work failed."""
    (folder / "spare").unlink(missing_ok=True)


def log_error(folder: Path) -> None:
    """Append the traceback of the exception that is being handled to the folder's log."""
    with open(folder / "log.txt", "a", encoding="utf-8") as log:
        log.write(traceback.format_exc())


class Journal:
    """The writer of a run's folder, used by the one process that owns the folder."""

    def __init__(self, run: Run) -> None:
        self.folder, self.config = run.folder, run.config
        pid, started = processes.this()
        self.status = msgspec.structs.replace(run.status, pid=pid, started=started)
        self._told = self._began = time.monotonic()
        self._done_before = -1  # steps, when this process began

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Context that owns the folder.  Raises OptionError if another process does.

        At the end a pending request is deleted: it was carried out, or came too late.
        """
        with owned(self.folder):
            (self.folder / "epochs").mkdir(exist_ok=True)
            yield

    def set(self, state: RunState, reason: str = "", **fields: Any) -> None:
        """Write the status, safe against a power cut."""
        status = replace_state(self.status, state, reason)
        self.status = msgspec.structs.replace(status, **fields)
        write_status(self.folder, self.status)

    def fail(self, state: RunState, reason: str) -> None:
        """As set(), in an exception handler: frees the spare bytes and logs the traceback first."""
        free_spare(self.folder)
        if state in ("failed", "diverged"):
            log_error(self.folder)
        self.set(state, reason)
        self.append("ended", state=state, reason=reason)

    def append(self, name: str, **fields: Any) -> None:
        """Append an event to events.jsonl.

        fields: anything that JSON can hold; it has no infinity, so that such a number becomes null.
        """
        line = msgspec.json.encode({"event": name, "time": round(time.time(), 3), **fields})
        with open(self.folder / "events.jsonl", "ab+") as file:
            if file.tell() and not _ends_in_newline(file):
                line = b"\n" + line  # the process before us was killed while it wrote
            file.write(line + b"\n")

    def begin(self, state: State | None) -> None:
        """Record that training begins or resumes from `state`; events of later steps are void."""
        steps = max(1, self.status.steps_per_epoch)
        self.append("begun", at=0.0 if state is None else state.epoch - 1 + state.step / steps)
        self._done_before = -1

    def loaded(self, done: int, total: int | None) -> None:
        """Tell how many of the images' bytes or files are there; total: of how many, if known."""
        if time.monotonic() - self._told >= TELL_SECONDS:
            share = f", {done / total:.0%}" if total else ""
            self._tell(phase=f"loading the images{share}")

    def note(self, event: Event) -> None:
        """Record an event; progress at most every TELL_SECONDS."""
        match event:
            case Started():
                self._started(event)
            case StepDone():
                self._step(event)
            case EpochDone():
                self._epoch(event)
            case Saved(path):
                self.append("saved", checkpoint=path.stem)
                self._tell(checkpoint=path.stem)
            case Finished(checkpoint):
                found = checkpoint.card.metrics
                numbers = {name: found[name] for name in ("mse", "psnr", "ssim")}
                self.append("judged", n=found["n"], **numbers)
                self._tell(**numbers)

    def _started(self, event: Started) -> None:
        self._tell(
            n_images=event.n_images,
            n_parameters=event.n_parameters,
            steps_per_epoch=event.steps_per_epoch,
            phase="training",
        )

    def _step(self, event: StepDone) -> None:
        done = (event.epoch - 1) * event.steps_per_epoch + event.step
        if self._done_before < 0:
            self._done_before, self._began = done - 1, self._told
        if time.monotonic() - self._told < TELL_SECONDS:
            return
        per_step = (time.monotonic() - self._began) / (done - self._done_before)
        left = self.config.train.epochs * event.steps_per_epoch - done
        self._tell(
            epoch=event.epoch,
            step=event.step,
            seconds_left=left * per_step,
            images_per_second=self.status.n_images / event.steps_per_epoch / per_step,
            phase="training",
        )
        if event.loss is not None:
            at = event.epoch - 1 + event.step / event.steps_per_epoch
            self.append("loss", at=round(at, 4), loss=event.loss)

    def _epoch(self, event: EpochDone) -> None:
        n = event.record.epoch
        codes = event.codes if event.codes is not None else np.empty((0, 2), np.float32)
        file = io.BytesIO()
        np.savez(file, strip=event.strip, codes=codes)
        write_atomically(self._pictures(n), file.getvalue(), durable=False)
        if not self._lasts(n - 1):
            self._pictures(n - 1).unlink(missing_ok=True)
        self.append("epoch", record=msgspec.to_builtins(event.record))
        speed = event.record.images_per_second
        self._tell(epoch=n, step=self.status.steps_per_epoch, images_per_second=speed)

    def _pictures(self, epoch: int) -> Path:
        return self.folder / "epochs" / f"{epoch:05d}.npz"

    def _lasts(self, epoch: int) -> bool:
        """Whether an epoch's pictures are kept after the next ones were written."""
        every = -(-self.config.train.epochs // MOST_PICTURES)
        return epoch <= FIRST_PICTURES or epoch % every == 0

    def _tell(self, **fields: Any) -> None:
        self._told = time.monotonic()
        self.status = msgspec.structs.replace(self.status, **fields)
        write_status(self.folder, self.status, durable=False)


def _ends_in_newline(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
