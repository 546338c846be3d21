"""Modules of PyTorch as an autoencoder: trained here, then used like those of a checkpoint."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from core.config import TrainingError
from core.images.imagesets import ImageSet
from core.inference import Autoencoder

Array = npt.NDArray[np.float32]
Progress = Callable[[int, float], None]  # epochs done, mean loss of the last
BATCH, FEWEST, STEPS = 128, 8, 12  # images at a time, at most and at least; steps an epoch
PEAK, WEIGHT_DECAY = 5e-3, 1e-4


@dataclass(frozen=True)
class Recipe:
    """How modules are trained.  noise_std: sigma on the input, the target stays clean."""

    epochs: int
    seed: int
    noise_std: float = 0.0


class ModuleBackend:
    """Runs two modules on arrays."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        self._encoder, self._decoder = encoder, decoder

    def encode(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, latent_dim)."""
        return self._run(self._encoder, x)

    def decode(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, C, H, W)."""
        return self._run(self._decoder, z)

    def locate(self, z: Array) -> Array:
        """No pair of modules says where it repairs."""
        raise NotImplementedError

    def hidden(self, x: Array) -> Array:
        """The code: what is inside of a module of somebody's own is not known."""
        return self.encode(x)

    @staticmethod
    def _run(module: nn.Module, values: Array) -> Array:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(values)).numpy(), np.float32)


class ModulePair(Autoencoder):
    """An encoder (B, C, H, W) -> (B, D') and a decoder (B, D') -> (B, C, H, W), on the CPU.

    shape: (C, H, W) of the images.  Raises TrainingError if they do not fit together.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, shape: tuple[int, int, int]) -> None:
        self._modules, self._shape = (encoder.eval(), decoder.eval()), shape
        self._latent_dim = _checked(encoder, decoder, shape)
        self._backend = ModuleBackend(encoder, decoder)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self._modules, self._shape)

    @property
    def name(self) -> str:
        return "The pair of modules"

    @property
    def digest(self) -> str:
        return ""

    @property
    def input_shape(self) -> tuple[int, int, int]:
        return self._shape

    @property
    def latent_dim(self) -> int:
        return self._latent_dim

    @property
    def is_locator(self) -> bool:
        return False

    def weight(self) -> int:
        return sum(4 * p.numel() for module in self._modules for p in module.parameters())

    def _batches(self, n: int) -> list[slice]:
        return [slice(i, i + BATCH) for i in range(0, n, BATCH)]


def trained(
    modules: tuple[nn.Module, nn.Module],
    images: ImageSet,
    recipe: Recipe,
    tell: Progress | None = None,
) -> ModulePair:
    """Copies of the modules, trained to rebuild images with AdamW and a one-cycle schedule.

    tell: called after each epoch.  The same seed gives the same weights.  Raises TrainingError if
    the modules do not fit the images or each other, or if the loss is no number any more.
    """
    encoder, decoder = copy.deepcopy(modules)
    _checked(encoder, decoder, images.shape)
    both = nn.Sequential(encoder, decoder).train()
    generator = torch.Generator().manual_seed(recipe.seed)
    size = min(BATCH, max(FEWEST, len(images) // STEPS))
    steps = recipe.epochs * -(-len(images) // size)
    optimizer = torch.optim.AdamW(both.parameters(), lr=PEAK, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps + 1)
    for epoch in range(1, recipe.epochs + 1):
        losses = []
        order = torch.randperm(len(images), generator=generator).numpy()
        for start in range(0, len(order), size):
            x = torch.from_numpy(images.pixels(order[start : start + size]))
            noise = torch.empty_like(x).normal_(generator=generator)
            loss = nn.functional.mse_loss(both(x + recipe.noise_std * noise), x)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if not np.isfinite(losses).all():
            raise TrainingError("The loss of your modules is not a number any more: scale them.")
        if tell is not None:
            tell(epoch, float(np.mean(losses)))
    return ModulePair(encoder, decoder, images.shape)


def _checked(encoder: nn.Module, decoder: nn.Module, shape: tuple[int, int, int]) -> int:
    """D', once the modules were tried on two images."""
    try:
        with torch.inference_mode():
            z = encoder.eval()(torch.zeros(2, *shape))
            x_hat = decoder.eval()(z)
    except RuntimeError as error:
        raise TrainingError(f"The modules do not take images of {shape}: {error}") from error
    if z.ndim != 2 or x_hat.shape != (2, *shape):
        raise TrainingError(
            f"The encoder must give (B, D') and the decoder (B, *{shape}), not "
            f"{tuple(z.shape)} and {tuple(x_hat.shape)}."
        )
    return int(z.shape[1])
