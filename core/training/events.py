"""Events of a training, as data."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.checkpoints import Checkpoint
from core.checkpoints.document import EpochRecord
from core.images.imagesets import Rejected
from core.training.resume_state import State


@dataclass(frozen=True)
class Started:
    """Training begins.  rejected: files of the source that could not be read."""

    n_images: int
    n_parameters: int
    steps_per_epoch: int
    epochs: int
    device: str
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class StepDone:
    """One step of the optimizer is done; epoch and step count from 1.

    loss: mean of this epoch so far, None after most steps, because reading it takes time.
    state: returns a copy of everything needed to resume; call it before the next event.
    """

    epoch: int
    step: int
    steps_per_epoch: int
    loss: float | None
    state: Callable[[], State]


@dataclass(frozen=True)
class EpochDone:
    """One pass over the data is done.

    record: losses and speed.  strip: uint8 (2, m, C, H, W), the first test images, or spoiled ones
    for a network that says where it repairs, and their current reconstructions.  codes: (n, 2) of
    the first n test images if D' = 2, else None.
    state: as in StepDone; None for models fitted in closed form.
    """

    record: EpochRecord
    strip: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.float32] | None = None
    state: Callable[[], State] | None = None


@dataclass(frozen=True)
class Saved:
    """The checkpoint was saved."""

    path: Path


@dataclass(frozen=True)
class Finished:
    """The trained model was measured on the whole test split."""

    checkpoint: Checkpoint


Event = Started | StepDone | EpochDone | Saved | Finished
