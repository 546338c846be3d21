"""Fits the weights of a plan to images: by gradient descent, or in closed form for PCA."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.checkpoints.document import EpochRecord
from core.images.imagesets import ImageSet
from core.models import pca
from core.models.layers import Plan
from core.models.network import Network
from core.training.descent import Descent, floats, resident
from core.training.events import EpochDone, Event, Started, StepDone
from core.training.planted import Planted, is_settled
from core.training.resume_state import State

N_STRIP = 8  # test images whose reconstructions are kept for each epoch
N_WATCHED = 2000  # test images for the test error of each epoch


@dataclass(frozen=True)
class Fitted:
    """Weights as they will be stored, and the history of their training."""

    tensors: dict[str, npt.NDArray[Any]]
    history: tuple[EpochRecord, ...]
    device: str
    explained_variance: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """Wall time of the training, without loading and testing."""
        return sum(record.seconds for record in self.history)


Fit = Generator[Event, None, Fitted]


def fit_closed_form(plan: Plan, train_set: ImageSet, test_set: ImageSet) -> Fit:
    """Principal components of the training images."""
    yield Started(
        n_images=len(train_set),
        n_parameters=plan.n_parameters(),
        steps_per_epoch=1,
        epochs=1,
        device="cpu",
        rejected=train_set.rejected,
    )
    began = time.perf_counter()
    tensors, shares = pca.fit(train_set.pixels().reshape(len(train_set), -1), plan.latent_dim)
    seconds = time.perf_counter() - began
    network = Network(plan).eval()
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    cpu = torch.device("cpu")
    watched = resident(test_set, cpu)[:N_WATCHED]
    train_mse = mean_error(network, resident(train_set, cpu))
    speed = len(train_set) / seconds
    record = EpochRecord(
        epoch=1,
        train_loss=train_mse,
        test_mse=mean_error(network, watched),
        seconds=seconds,
        images_per_second=speed,
    )
    yield EpochDone(record, _strip(network, watched), _codes(network, watched))
    return Fitted(tensors, (record,), "cpu", tuple(shares))


def fit_by_gradient(descent: Descent, test_set: ImageSet, start: State | None = None) -> Fit:
    """AdamW with a one-cycle schedule, resuming from `start`, with new noise at each step.

    A network that says where it repairs ends earlier if planted defects are found no better.
    """
    network, epochs = descent.network, descent.config.epochs
    if start is not None:
        descent.restore(start)
    watched = resident(test_set, descent.device)[:N_WATCHED]
    planted = Planted(test_set, descent.device) if network.plan.locator else None
    n, n_parameters = len(descent.data), network.plan.n_parameters()
    device = descent.device.type
    yield Started(
        n_images=n,
        n_parameters=n_parameters,
        steps_per_epoch=descent.steps,
        epochs=epochs,
        device=device,
        rejected=descent.rejected,
    )
    while descent.epoch <= epochs and not (planted and is_settled(descent.history, epochs)):
        while descent.step < descent.steps:
            loss = descent.advance()
            yield StepDone(
                epoch=descent.epoch,
                step=descent.step,
                steps_per_epoch=descent.steps,
                loss=loss,
                state=descent.state,
            )
        seconds = descent.seconds()
        found = planted.found(network) if planted else None
        record = descent.finish_epoch(mean_error(network, watched), seconds, found)
        strip = planted.strip(network) if planted else _strip(network, watched)
        yield EpochDone(record, strip, _codes(network, watched), descent.state)
    return fitted(descent)


def fitted(descent: Descent) -> Fitted:
    """The current weights, as they will be stored."""
    tensors = _stored(descent.network, descent.config.half)
    return Fitted(tensors, descent.history, descent.device.type)


def mean_error(network: Network, x: Tensor, batch: int = 1000) -> float:
    """The mean squared error of the reconstructions of uint8 images (n, C, H, W)."""
    network.eval()
    with torch.inference_mode():
        parts = (floats(x[i : i + batch]) for i in range(0, len(x), batch))
        total = sum((network(part) - part).square().mean() * len(part) for part in parts)
        return float(total) / len(x)


def _strip(network: Network, watched: Tensor) -> npt.NDArray[np.uint8]:
    """The first test images and their reconstructions: (2, N_STRIP or fewer, C, H, W)."""
    x = watched[:N_STRIP]
    network.eval()
    with torch.inference_mode():
        x_hat = network(floats(x)).clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.stack([x.cpu().numpy(), x_hat.contiguous().cpu().numpy()])


def _codes(network: Network, watched: Tensor) -> npt.NDArray[np.float32] | None:
    """The codes (n, 2) of the first N_WATCHED test images if D' = 2, else None."""
    if network.plan.latent_dim != 2:
        return None
    network.eval()
    with torch.inference_mode():
        return network.encode(floats(watched)).float().cpu().numpy()


def _stored(network: Network, half: bool) -> dict[str, npt.NDArray[Any]]:
    """The tensors of the plan; with half, matrices and kernels as float16."""
    state = {name: t for name, t in network.state_dict().items() if t.ndim}
    arrays = {name: t.detach().cpu().contiguous().numpy() for name, t in state.items()}
    return {n: a.astype(np.float16) if half and a.ndim > 1 else a for n, a in arrays.items()}
