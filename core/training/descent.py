"""Gradient descent step by step, from the beginning or from a saved state."""

import math
import time
from collections.abc import Iterable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from core.checkpoints.document import EpochRecord
from core.config import TrainingError
from core.images.imagesets import ImageSet
from core.models import architecture
from core.models.layers import Plan
from core.models.network import Network
from core.noise import KINDS, Noise
from core.training import divergence
from core.training.config import WEIGHT_DECAY, TrainConfig, learning_rate
from core.training.distributed import ALONE, Team, together
from core.training.resume_state import Arrays, State, fingerprint

# AdamW with a one-cycle schedule, with little Python code at each step.

BETA2, EPSILON = 0.999, 1e-8
WARM_UP = 0.2  # share of the schedule in which the learning rate rises
START, END = (
    1 / 25,
    1 / 25 / 1e4,
)  # learning rate at the beginning and at the end, relative to the peak
MAX_MOMENTUM, BASE_MOMENTUM = 0.95, 0.85  # at both ends of the schedule, and at its peak


class OneCycle:
    """One-cycle schedule: the learning rate rises to the peak, then falls to nearly 0.

    peak: the highest learning rate, > 0.  steps: of the whole training, >= 1.
    """

    def __init__(self, peak: float, steps: int) -> None:
        self.peak = peak
        steps += steps * WARM_UP == 1  # else the rise would have length 0
        self.top, self.last = WARM_UP * steps - 1, steps - 1

    def at(self, done: int) -> tuple[float, float]:
        """Learning rate and momentum (beta 1) of the step after `done` steps."""
        low, high, least = self.peak * START, self.peak, self.peak * END
        if done <= self.top:
            share = done / self.top
            return _eased(low, high, share), _eased(MAX_MOMENTUM, BASE_MOMENTUM, share)
        share = (done - self.top) / (self.last - self.top)
        return _eased(high, least, share), _eased(BASE_MOMENTUM, MAX_MOMENTUM, share)


class AdamW:
    """AdamW with PyTorch's fused kernel.

    averages: running means of gradients and of their squares, a tensor like each weight; restored
    states are copied into them.
    """

    def __init__(self, weights: Iterable[nn.Parameter], schedule: OneCycle) -> None:
        self.weights: list[Tensor] = list(weights)
        self.schedule = schedule
        self.averages = {
            name: [torch.zeros_like(weight) for weight in self.weights]
            for name in ("exp_avg", "exp_avg_sq")
        }
        self._count = torch.zeros((), device=self.weights[0].device)
        self.done = 0

    @property
    def done(self) -> int:
        """Number of steps taken."""
        return self._done

    @done.setter
    def done(self, steps: int) -> None:
        self._done = steps
        self._count.fill_(steps)

    @torch.no_grad()
    def step(self) -> None:
        """Take one step with the gradients of the weights, then release the gradients."""
        gradients = [cast(Tensor, weight.grad) for weight in self.weights]
        rate, momentum = self.schedule.at(self._done)
        self.done += 1
        torch._fused_adamw_(
            self.weights,
            gradients,
            self.averages["exp_avg"],
            self.averages["exp_avg_sq"],
            [],
            [self._count] * len(self.weights),
            lr=rate,
            beta1=momentum,
            beta2=BETA2,
            weight_decay=WEIGHT_DECAY,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )
        for weight in self.weights:
            weight.grad = None


def _eased(start: float, end: float, share: float) -> float:
    """Cosine interpolation from start to end, share 0 to 1."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


# Batches of images: on the device, in a reproducible order, with new noise at each step.


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto takes CUDA, else MPS, else the CPU.

    Raises TrainingError if this machine does not have it.
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
    """All images on the device as uint8 (N, C, H, W), a quarter of the size of float32."""
    array = images.images
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)


def floats(x: Tensor) -> Tensor:
    """uint8 (B, C, H, W) -> float32 in [0, 1], channels last in memory."""
    return x.to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The order of n images in an epoch: (n,) int64, a pure function of the arguments."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(mixed_seed(seed, epoch)))


def n_batches(n: int, batch_size: int, least: int = 2) -> int:
    """Number of batches in an epoch; a last batch of fewer than `least` images is left out.

    Batch normalisation needs two images, and several processes one each.
    """
    return n // batch_size + (n % batch_size >= least)


def noisy(x: Tensor, noise: Noise, generator: torch.Generator) -> Tensor:
    """`x` (B, C, H, W) with new noise; the PyTorch counterpart of core.noise.corrupt."""
    out = KINDS[noise.kind].for_training(x, noise.sigma, noise.mu, generator)
    return out.clamp(0, 1) if noise.clip else out


def mixed_seed(*parts: int) -> int:
    """A 63-bit seed from several small numbers; similar numbers give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


LOOK = 25  # steps between two readings of the loss, which take time on a GPU


class Descent:
    """A network in training, with its optimizer, schedule and position.

    epoch: the current one, from 1.  step: its steps done.  steps: in an epoch.
    """

    def __init__(
        self, config: TrainConfig, plan: Plan, train_set: ImageSet, team: Team = ALONE
    ) -> None:
        self.config, self.team = config, team
        self.device = choose_device(config.device)
        network = _initialised(plan, config.seed).to(self.device)
        self.network = network.to(memory_format=torch.channels_last)
        self.data = resident(train_set, self.device)
        self.steps = n_batches(len(self.data), config.batch_size, max(2, team.size))
        peak = learning_rate(config, architecture(config.arch))
        schedule = OneCycle(peak, self.steps * config.epochs)
        self.optimizer = AdamW(self.network.parameters(), schedule)
        self._objective: nn.Module | None = together(self.network) if team.size > 1 else None
        self.rejected = train_set.rejected
        self._fingerprint = fingerprint(train_set.images)
        self.history: tuple[EpochRecord, ...] = ()
        self._enter(1)

    def advance(self) -> float | None:
        """Take one step of the optimizer.

        Returns the mean loss of the epoch so far, every LOOK steps and after the last, else None.
        Raises Diverged if the loss is NaN or too large.
        """
        if not self.network.training:  # set by the evaluation after the last epoch
            self.network.train()
        loss = self._loss()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.total += loss.detach()
        self.step += 1
        return self._looked() if self.step % LOOK == 0 or self.step == self.steps else None

    def finish_epoch(
        self, test_mse: float, seconds: float, found: float | None = None
    ) -> EpochRecord:
        """Add the epoch to the history and begin the next.  seconds: duration of the epoch.

        found: see EpochRecord.
        Raises Diverged if the test error is NaN or too large.
        """
        divergence.check(self.config, "The test error", test_mse, self.epoch)
        loss = float(self.team.mean(self.total)) / self.steps
        record = EpochRecord(
            epoch=self.epoch,
            train_loss=loss,
            test_mse=test_mse,
            seconds=seconds,
            images_per_second=len(self.data) / seconds,
            found=found,
        )
        self.history = (*self.history, record)
        self._enter(self.epoch + 1)
        return record

    def seconds(self) -> float:
        """Wall time of the epoch so far."""
        return time.perf_counter() - self._began

    def state(self) -> State:
        """A copy of everything needed to resume from here; all processes must call it."""
        return State(
            epoch=self.epoch,
            step=self.step,
            total=float(self.team.mean(self.total)),
            seconds=self.seconds(),
            history=self.history,
            data=self._fingerprint,
            tensors=self._tensors(),
        )

    def take_over(self, tensors: Arrays, history: tuple[EpochRecord, ...]) -> None:
        """Go on from the weights of a finished model, after the epochs of its history.

        tensors: as a checkpoint has them.  The optimizer's averages, which it lacks, begin at zero.
        """
        weights = {name: torch.from_numpy(t) for name, t in tensors.items()}
        self.network.load_state_dict(weights, strict=False)  # it lacks counters of batches
        self.history = history
        self.optimizer.done = len(history) * self.steps
        self._enter(len(history) + 1)

    def restore(self, state: State) -> None:
        """Resume from `state`.  Raises TrainingError if network or images are others."""
        if state.data != self._fingerprint:
            raise TrainingError(
                "The training images have changed since this run began: start a new run on them."
            )
        own = self._tensors()
        if {n: t.shape for n, t in own.items()} != {n: t.shape for n, t in state.tensors.items()}:
            raise TrainingError("The saved state is of another network: start the run again.")
        self._load(state)
        self.history = state.history
        self._enter(state.epoch)
        self.step = state.step
        self.total.fill_(state.total)
        self._began -= state.seconds

    def _enter(self, epoch: int) -> None:
        self.epoch, self.step = epoch, 0
        self.total = torch.zeros((), device=self.device)
        order = epoch_order(len(self.data), self.config.seed, epoch)
        self._order = order.to(self.device)
        self._began = time.perf_counter()

    def _loss(self) -> Tensor:
        """Loss of this process's share of the next batch; noise is drawn for the whole batch."""
        size, noise = self.config.batch_size, self.config.noise
        chosen = self._order[self.step * size : (self.step + 1) * size]
        seed = mixed_seed(self.config.seed, self.epoch, self.step)
        generator = torch.Generator(self.device).manual_seed(seed)
        x = floats(self.data.index_select(0, chosen))
        x_in = noisy(x, noise, generator) if noise else x
        drawn = self.network.code_noise(len(x), generator)
        if self._objective is None:
            return self.network.loss(x_in, x, drawn)
        part, weight = self.team.share(len(x))
        own = None if drawn is None else drawn[part]
        return cast(Tensor, self._objective(x_in[part], x[part], own) * weight)

    def _looked(self) -> float:
        mean = float(self.team.mean(self.total)) / self.step
        at = self.epoch - 1 + self.step / self.steps
        divergence.check(self.config, "The loss", mean, at)
        return mean

    def _tensors(self) -> Arrays:
        """Weights, batch statistics and the optimizer's averages by name."""
        tensors = {f"network.{n}": t for n, t in self.network.state_dict().items()}
        tensors |= self._averages()
        copies = {n: t.detach().to("cpu", copy=True) for n, t in tensors.items()}
        return {n: np.atleast_1d(t.contiguous().numpy()) for n, t in copies.items()}

    def _averages(self) -> dict[str, Tensor]:
        names = [name for name, _ in self.network.named_parameters()]
        averages = self.optimizer.averages.items()
        return {
            f"{key}.{name}": t for key, ts in averages for name, t in zip(names, ts, strict=True)
        }

    def _load(self, state: State) -> None:
        """Copy a state in place, in the memory layout of the weights, as fused kernels require."""
        own = {f"network.{n}": t for n, t in self.network.state_dict().items()} | self._averages()
        with torch.no_grad():
            for name, values in own.items():
                values.copy_(torch.from_numpy(state.tensors[name]).reshape(values.shape))
        self.optimizer.done = (state.epoch - 1) * self.steps + state.step


def _initialised(plan: Plan, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):  # so that the caller's random numbers do not change
        torch.manual_seed(mixed_seed(seed))
        return Network(plan)
