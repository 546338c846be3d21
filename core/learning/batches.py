"""Images on their way into a network: held on the device, in a fixed order, with fresh noise."""

import numpy as np
import torch
from torch import Tensor

from core.config import TrainingError
from core.data.imagesets import ImageSet
from core.noise import Noise


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto takes CUDA, else MPS, else the CPU.

    Raises TrainingError if it is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there["cpu"] = True
    if name == "auto":
        name = next(device for device, found in there.items() if found)
    if not there.get(name, False):
        usable = " or ".join(device for device, found in there.items() if found)
        raise TrainingError(f"There is no device {name[:40]!r} here: use {usable}.")
    return torch.device(name)


def resident(images: ImageSet, device: torch.device) -> Tensor:
    """All images on the device as uint8 (N, C, H, W), a quarter of what floats would take."""
    array = images.images
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)


def floats(x: Tensor) -> Tensor:
    """uint8 (B, C, H, W) -> float32 in [0, 1], channels last in memory."""
    return x.to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The order in which an epoch visits n images: (n,) int64, a pure function of the arguments."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(mixed_seed(seed, epoch)))


def n_batches(n: int, batch_size: int, least: int = 2) -> int:
    """Batches an epoch; a last one of fewer than `least` images is left out.

    Batch normalisation needs two, and several processes one each.
    """
    return n // batch_size + (n % batch_size >= least)


def noisy(x: Tensor, noise: Noise, generator: torch.Generator) -> Tensor:
    """`x` with freshly drawn noise, the twin of core.noise.corrupt: (B, C, H, W) -> the same."""
    if noise.kind in ("gaussian", "speckle"):
        drawn = torch.empty_like(x).normal_(noise.mu, noise.sigma, generator=generator)
        out = x + drawn if noise.kind == "gaussian" else x * (1 + drawn)
    else:
        pixel = x[:, :1]
        where = torch.empty_like(pixel).uniform_(generator=generator) < noise.sigma
        value = torch.zeros_like(pixel)
        if noise.kind == "salt_and_pepper":
            value = value.uniform_(generator=generator).round()
        out = torch.where(where, value, x)
    return out.clamp(0, 1) if noise.clip else out


def mixed_seed(*parts: int) -> int:
    """One 63-bit seed from several small numbers; nearby ones give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))
