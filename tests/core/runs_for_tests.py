"""A folder of small images to train on, and runs on it, for tests that watch processes."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core import runs
from core.runs import Run, RunConfig
from core.runs.status import RunState
from core.training.config import TrainConfig

LONG = 10_000  # epochs: never done within a test
TINY = {"latent_dim": 2, "widths": [8]}


def write_images(folder: Path, n: int = 40) -> str:
    """The id of a new data set: bright squares at random places, 16 x 16."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for i, (row, column) in enumerate(rng.integers(0, 10, (n, 2))):
        pixels = np.zeros((16, 16), np.uint8)
        pixels[row : row + 6, column : column + 6] = 230
        Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    return f"folder:{folder}"


def new_run(dataset: str, name: str = "mine", keep_steps: int = 10, **train: Any) -> Run:
    """A run that has not begun: five steps an epoch."""
    settings: dict[str, Any] = {"options": TINY, "batch_size": 8, "device": "cpu"} | train
    config = TrainConfig(dataset, "dense", **settings)
    return runs.create(RunConfig(name, time.time(), config, keep_steps=keep_steps))


def wait_for(run: Run, ready: Callable[[Run], bool], seconds: float = 60) -> Run:
    """The run as soon as it is ready; fails with its log if it is not in time."""
    until = time.monotonic() + seconds
    while not ready(now := runs.read(run.folder)):
        assert time.monotonic() < until, (now.status, now.log())
        time.sleep(0.02)
    return now


def wait_for_state(run: Run, *states: RunState) -> Run:
    return wait_for(run, lambda now: now.state in states)


def wait_for_epoch(run: Run, epoch: int) -> Run:
    return wait_for(run, lambda now: now.state == "running" and now.status.epoch >= epoch)
