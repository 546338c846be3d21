"""Fitting the weights of a plan to images: by gradient, or in closed form for PCA."""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.batches import choose_device, epoch_order, floats, mixed_seed, n_batches, noisy, resident
from core.config import TrainingError
from core.documents import EpochRecord
from core.events import EpochDone, Event, Started, StepDone
from core.imagesets import ImageSet
from core.models import architecture, pca
from core.models.layers import Plan
from core.models.network import Network
from core.noise import Noise
from core.recipes import WEIGHT_DECAY, TrainConfig, learning_rate

N_STRIP = 8  # images in the strip that each epoch reconstructs
N_WATCHED = 2000  # test images whose error is followed from epoch to epoch
WARM_UP = 0.2  # share of the one-cycle schedule in which the learning rate rises


@dataclass(frozen=True)
class Fitted:
    """Weights as they will be stored, and how they came about."""

    tensors: dict[str, npt.NDArray[Any]]
    history: tuple[EpochRecord, ...]
    device: str
    explained_variance: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """Wall time of the training itself."""
        return sum(record.seconds for record in self.history)


Fit = Generator[Event, None, Fitted]


def fit_closed_form(plan: Plan, train_set: ImageSet, test_set: ImageSet) -> Fit:
    """Principal components of the training images."""
    began = time.perf_counter()
    yield Started(len(train_set), plan.n_parameters(), 1, 1, "cpu")
    tensors, shares = pca.fit(train_set.pixels().reshape(len(train_set), -1), plan.latent_dim)
    seconds = time.perf_counter() - began
    network = Network(plan).eval()
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    cpu = torch.device("cpu")
    watched = resident(test_set, cpu)[:N_WATCHED]
    train_mse = _mse(network, resident(train_set, cpu))
    speed = len(train_set) / seconds
    record = EpochRecord(1, train_mse, _mse(network, watched), seconds, speed)
    yield EpochDone(record, _strip(network, watched))
    return Fitted(tensors, (record,), "cpu", tuple(shares))


def fit_by_gradient(
    config: TrainConfig, plan: Plan, train_set: ImageSet, test_set: ImageSet
) -> Fit:
    """AdamW on a one-cycle schedule; noise, if any, is drawn afresh in each step."""
    device = choose_device(config.device)
    network = _initialised(plan, config.seed).to(device).to(memory_format=torch.channels_last)
    data, watched = resident(train_set, device), resident(test_set, device)[:N_WATCHED]
    steps = n_batches(len(data), config.batch_size)
    optimizer, schedule = _optimizer(network, config, steps * config.epochs)
    yield Started(len(data), plan.n_parameters(), steps, config.epochs, device.type)
    history: list[EpochRecord] = []
    for epoch in range(1, config.epochs + 1):
        began = time.perf_counter()
        total = torch.zeros((), device=device)
        order = epoch_order(len(data), config.seed, epoch).to(device)
        for step in range(steps):
            chosen = order[step * config.batch_size : (step + 1) * config.batch_size]
            generator = torch.Generator(device).manual_seed(mixed_seed(config.seed, epoch, step))
            if not network.training:  # the last epoch's judgement left it so
                network.train()
            x = floats(data.index_select(0, chosen))
            total += _step(network, optimizer, x, config.noise, generator)
            schedule.step()
            yield StepDone(epoch, step + 1, steps)
        train_loss = _finite(total.item() / steps, epoch)
        seconds = time.perf_counter() - began
        test_mse = _mse(network, watched)
        record = EpochRecord(epoch, train_loss, test_mse, seconds, len(order) / seconds)
        history.append(record)
        yield EpochDone(record, _strip(network, watched))
    return Fitted(_stored(network, config.half), tuple(history), device.type)


def _initialised(plan: Plan, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):  # the caller's own random numbers go on undisturbed
        torch.manual_seed(mixed_seed(seed))
        return Network(plan)


def _step(
    network: Network,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    noise: Noise,
    generator: torch.Generator,
) -> Tensor:
    """One step towards clean targets x (B, C, H, W); the loss stays on its device."""
    loss = network.loss(noisy(x, noise, generator) if noise else x, x, generator)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def _optimizer(
    network: Network, config: TrainConfig, steps: int
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    peak = learning_rate(config, architecture(config.arch))
    weights = network.parameters()
    optimizer = torch.optim.AdamW(weights, lr=peak, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=steps, pct_start=WARM_UP
    )
    return optimizer, schedule


def _finite(loss: float, epoch: int) -> float:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss stopped being a number in epoch {epoch}: choose a lower learning rate."
        )
    return loss


def _mse(network: Network, x: Tensor, batch: int = 1000) -> float:
    network.eval()
    with torch.inference_mode():
        parts = (floats(x[i : i + batch]) for i in range(0, len(x), batch))
        total = sum((network(part) - part).square().mean() * len(part) for part in parts)
        return float(total) / len(x)


def _strip(network: Network, watched: Tensor) -> npt.NDArray[np.uint8]:
    x = watched[:N_STRIP]
    network.eval()
    with torch.inference_mode():
        x_hat = network(floats(x)).clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.stack([x.cpu().numpy(), x_hat.contiguous().cpu().numpy()])


def _stored(network: Network, half: bool) -> dict[str, npt.NDArray[Any]]:
    """The tensors of the plan; with half, matrices and kernels as float16."""
    state = {name: t for name, t in network.state_dict().items() if t.ndim}
    arrays = {name: t.detach().cpu().contiguous().numpy() for name, t in state.items()}
    return {n: a.astype(np.float16) if half and a.ndim > 1 else a for n, a in arrays.items()}
