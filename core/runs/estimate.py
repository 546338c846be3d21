"""Estimates time and memory of a training by running a second of it.

It runs in a process of its own, whose peak memory is then that of the training.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt
import psutil

from core.config import python
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.models import architecture
from core.training.config import TrainConfig

if TYPE_CHECKING:
    from core.models.network import Network

Array = npt.NDArray[np.float32]
SECONDS = 1.5  # of training that are measured
LEAST_STEPS, WARM_UP = 5, 2  # steps measured at least, and those before that do not count
N_JUDGED = 200  # test images whose judgement is measured


@dataclass(frozen=True)
class Estimate:
    """seconds: for all epochs and the judgement at the end.  memory: bytes at most."""

    n_parameters: int
    seconds: float
    seconds_per_epoch: float
    images_per_second: float
    memory: int


def measure(config: TrainConfig, data_root: Path | str | None = None) -> Estimate:
    """An estimate for this machine, with as many threads as torch has now.

    Loads the images, which counts for the memory but not for the time.  Raises what training does.
    """
    train_set = catalogue.training_images(config.dataset, config.exclude_classes, data_root)
    train_set = train_set.drawn(config.n_train, config.seed)
    test_set = catalogue.load(config.dataset, "test", data_root)
    test_set = test_set.without_classes(config.exclude_classes)
    plan = architecture(config.arch).plan(train_set.shape, config.options)
    way = _closed_form if architecture(config.arch).closed_form else _by_gradient
    per_epoch, judging = way(config, train_set, test_set)
    epochs = 1 if way is _closed_form else config.epochs
    return Estimate(
        n_parameters=plan.n_parameters(),
        seconds=epochs * per_epoch + judging,
        seconds_per_epoch=per_epoch,
        images_per_second=len(train_set) / per_epoch,
        memory=_peak_memory(),
    )


def command(config: TrainConfig, threads: int, data_root: str | None = None) -> list[str]:
    """The command of a process that prints an estimate as JSON."""
    root = ["--data-root", data_root] if data_root else []
    settings = ["--settings", msgspec.json.encode(config).decode(), "--threads", str(threads)]
    return python("core", "estimate", *settings, *root)


def _by_gradient(
    config: TrainConfig, train_set: ImageSet, test_set: ImageSet
) -> tuple[float, float]:
    """Seconds for an epoch, with the look at the test images after it, and for the judgement."""
    from core.inference.evaluation import qualities
    from core.training.descent import Descent, resident
    from core.training.fitting import N_WATCHED, mean_error

    plan = architecture(config.arch).plan(train_set.shape, config.options)
    descent = Descent(config, plan, train_set)
    ends = [time.perf_counter()]
    while len(ends) <= descent.steps and not _enough(ends):
        descent.advance()
        ends.append(time.perf_counter())
    steps = np.diff(ends)
    per_step = float(np.median(steps[WARM_UP:] if len(steps) > WARM_UP else steps))
    began = time.perf_counter()
    mean_error(descent.network, resident(test_set, descent.device)[:N_WATCHED])
    looked = time.perf_counter()
    some = test_set.take(slice(0, N_JUDGED))
    qualities(_Rebuilder(descent.network), some)
    per_image = (time.perf_counter() - looked) / max(1, len(some))
    return descent.steps * per_step + looked - began, per_image * len(test_set)


def _enough(ends: list[float]) -> bool:
    return len(ends) > WARM_UP + LEAST_STEPS and ends[-1] - ends[WARM_UP] > SECONDS


def _closed_form(
    config: TrainConfig, train_set: ImageSet, test_set: ImageSet
) -> tuple[float, float]:
    """Seconds for PCA, which is fitted as a whole, and for testing it."""
    from core.training.trainer import train

    began = time.perf_counter()
    for _ in train(config, train_set, test_set):
        pass
    return time.perf_counter() - began, 0.0


class _Rebuilder:
    """A network that is being trained, as core.inference.evaluation takes models."""

    def __init__(self, network: "Network") -> None:
        self._network = network.eval()

    def reconstruct(self, x: Array) -> Array:
        """(n, C, H, W) -> the same."""
        import torch

        with torch.inference_mode():
            x_hat = self._network(torch.from_numpy(x).to(next(self._network.parameters()).device))
        return np.asarray(x_hat.cpu().numpy())


def _peak_memory() -> int:
    """Bytes of memory that this process had at most."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
