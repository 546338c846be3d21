"""Training speed: ours against the textbook loop and against forward + backward alone.

`python -m benchmarks.training_speed`. Same network, same batch size, same digits (the embedded
4,000, five times over), one thread, in turn. The textbook loop: torchvision's MNIST class with
ToTensor in a shuffling DataLoader, Adam, `.item()` at each step.
"""

import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from benchmarks.table import Row, printing
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.models import architecture
from core.models.network import Network
from core.training.config import TrainConfig
from core.training.descent import floats, resident
from core.training.events import EpochDone
from core.training.trainer import train

BATCH = 128
REPEATS = 5


@dataclass(frozen=True)
class Case:
    """A network to train."""

    title: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict)


PLAIN = {"activation": "relu", "batch_norm": False}
CASES = (
    Case("dense 784-128-64-2", "dense", {"latent_dim": 2, "widths": [128, 64], **PLAIN}),
    Case(
        "dense 784-392-261-196-4, batch norm",
        "dense",
        {"latent_dim": 4, "widths": [392, 261, 196], "activation": "relu"},
    ),
    Case("conv 16-32-32-32, batch norm", "conv", {"widths": [16, 32, 32, 32]}),
)


def ours(case: Case, images: ImageSet, epochs: int) -> float:
    """Images per second of core.training, the median epoch."""
    config = TrainConfig(
        "mnist-5k", case.arch, case.options, epochs=epochs, batch_size=BATCH, device="cpu"
    )
    few = images.take(slice(0, 10))
    speeds = [
        event.record.images_per_second
        for event in train(config, images, few)
        if isinstance(event, EpochDone)
    ]
    return sorted(speeds)[len(speeds) // 2]


def textbook(case: Case, images: ImageSet, folder: Path) -> float:
    """Images per second of one epoch of the textbook loop."""
    network = _network(case, images)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    dataset = MNIST(folder, transform=ToTensor())
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    total = 0.0
    began = time.perf_counter()
    for x, _ in loader:
        loss = nn.functional.mse_loss(network(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return len(images) / (time.perf_counter() - began)


def forward_backward(case: Case, images: ImageSet) -> float:
    """Images per second of forward + backward alone, on batches that lie ready."""
    network = _network(case, images).to(memory_format=torch.channels_last)
    batches = floats(resident(images, torch.device("cpu"))).split(BATCH)
    began = time.perf_counter()
    for x in batches:
        nn.functional.mse_loss(network(x), x).backward()
    return len(images) / (time.perf_counter() - began)


def rows(rounds: int = 5) -> list[Row]:
    """A row a network; the three ways are measured in turn, `rounds` times."""
    torch.set_num_threads(1)
    images = catalogue.load("mnist-5k", "train")
    images = images.take(np.tile(np.arange(len(images)), REPEATS))
    with tempfile.TemporaryDirectory() as folder:
        write_as_torchvision(images, Path(folder) / "MNIST" / "raw")
        return [_row(case, images, Path(folder), rounds) for case in CASES]


def write_as_torchvision(images: ImageSet, folder: Path) -> None:
    """The files that torchvision's MNIST class reads; as its test split too, which it looks for."""
    assert images.labels is not None
    folder.mkdir(parents=True)
    n = len(images)
    for split in ("train", "t10k"):
        pixels = struct.pack(">4I", 0x803, n, 28, 28) + images.images.tobytes()
        (folder / f"{split}-images-idx3-ubyte").write_bytes(pixels)
        labels = struct.pack(">2I", 0x801, n) + images.labels.astype(np.uint8).tobytes()
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(labels)


def _row(case: Case, images: ImageSet, folder: Path, rounds: int) -> Row:
    ways: tuple[Callable[[], float], ...] = (
        lambda: ours(case, images, epochs=1),
        lambda: textbook(case, images, folder),
        lambda: forward_backward(case, images),
    )
    for way in ways:  # warm up
        way()
    speeds = [[way() for way in ways] for _ in range(rounds)]
    mine, theirs, limit = zip(*speeds, strict=True)
    return Row(
        f"train {case.title}, images",
        mine,
        "textbook loop",
        theirs,
        "forward + backward alone",
        limit,
    )


def _network(case: Case, images: ImageSet) -> Network:
    return Network(architecture(case.arch).plan(images.shape, case.options)).train()


if __name__ == "__main__":
    printing(rows)()
