"""Gradient descent, step by step, from the beginning or from a kept state."""

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

# AdamW on a one-cycle schedule, with hardly any Python code run at each step.

BETA2, EPSILON = 0.999, 1e-8
WARM_UP = 0.2  # share of the schedule in which the learning rate rises
START, END = 1 / 25, 1 / 25 / 1e4  # learning rate at the beginning and at the end, of the peak
CALM, BRISK = 0.95, 0.85  # momentum at the ends, and at the peak


class OneCycle:
    """Learning rate and momentum at each step: up to the peak, down to nearly nothing.

    peak: the highest learning rate, > 0.  steps: of the whole training, >= 1.
    """

    def __init__(self, peak: float, steps: int) -> None:
        self.peak = peak
        steps += steps * WARM_UP == 1  # a rise of no length at all
        self.top, self.last = WARM_UP * steps - 1, steps - 1

    def at(self, done: int) -> tuple[float, float]:
        """Learning rate and momentum (beta 1) of the step after `done` steps."""
        low, high, least = self.peak * START, self.peak, self.peak * END
        if done <= self.top:
            share = done / self.top
            return _eased(low, high, share), _eased(CALM, BRISK, share)
        share = (done - self.top) / (self.last - self.top)
        return _eased(high, least, share), _eased(BRISK, CALM, share)


class AdamW:
    """Takes weights down their gradients.

    averages: of gradients and of their squares, a tensor like each weight; to be filled in place.
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
        """How many steps have been taken."""
        return self._done

    @done.setter
    def done(self, steps: int) -> None:
        self._done = steps
        self._count.fill_(steps)

    @torch.no_grad()
    def step(self) -> None:
        """One step by the gradients that the weights hold, which are let go."""
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
    """From start to end along half a cosine, share 0 to 1."""
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


# Images on their way into a network: held on the device, in a fixed order, with fresh noise.


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
    out = KINDS[noise.kind].for_training(x, noise.sigma, noise.mu, generator)
    return out.clamp(0, 1) if noise.clip else out


def mixed_seed(*parts: int) -> int:
    """One 63-bit seed from several small numbers; nearby ones give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


LOOK = 25  # steps from one look at the loss to the next: fetching it from a GPU costs time


class Descent:
    """A network, its optimizer and schedule, and how far they are.

    epoch: the one under way, from 1.  step: how many of its steps are done.  steps: in an epoch.
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
        """One step of the optimizer.

        Returns the mean loss of the epoch so far, every LOOK steps and after the last, else None.
        Raises Diverged if it is no number or has exploded.
        """
        if not self.network.training:  # the last epoch's judgement left it so
            self.network.train()
        loss = self._loss()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.total += loss.detach()
        self.step += 1
        return self._looked() if self.step % LOOK == 0 or self.step == self.steps else None

    def finish_epoch(self, test_mse: float, seconds: float) -> EpochRecord:
        """Add the epoch to the history and enter the next.  seconds: that it took.

        Raises Diverged if the test error is no number or has exploded.
        """
        divergence.check(self.config, "The test error", test_mse, self.epoch)
        loss = float(self.team.mean(self.total)) / self.steps
        record = EpochRecord(self.epoch, loss, test_mse, seconds, len(self.data) / seconds)
        self.history = (*self.history, record)
        self._enter(self.epoch + 1)
        return record

    def seconds(self) -> float:
        """Wall time of the epoch so far."""
        return time.perf_counter() - self._began

    def state(self) -> State:
        """A copy of everything needed to go on from here; to be called by the whole team."""
        return State(
            epoch=self.epoch,
            step=self.step,
            total=float(self.team.mean(self.total)),
            seconds=self.seconds(),
            history=self.history,
            data=self._fingerprint,
            tensors=self._tensors(),
        )

    def restore(self, state: State) -> None:
        """Go on from `state`; TrainingError if it belongs to another network or other images."""
        if state.data != self._fingerprint:
            raise TrainingError(
                "The images are not those this run began with: start a new run on them."
            )
        own = self._tensors()
        if {n: t.shape for n, t in own.items()} != {n: t.shape for n, t in state.tensors.items()}:
            raise TrainingError("The saved state is of another network: start the run anew.")
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
        """Of the next batch; noise is drawn for all of it, whoever takes which share."""
        size, noise = self.config.batch_size, self.config.noise
        chosen = self._order[self.step * size : (self.step + 1) * size]
        seed = mixed_seed(self.config.seed, self.epoch, self.step)
        generator = torch.Generator(self.device).manual_seed(seed)
        x = floats(self.data.index_select(0, chosen))
        x_in = noisy(x, noise, generator) if noise else x
        drawn = self.network.draw(len(x), generator)
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
        """Weights, running statistics and the optimizer's averages, by name."""
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
        """In place and in the memory layout of the weights: fused optimizers go by position."""
        own = {f"network.{n}": t for n, t in self.network.state_dict().items()} | self._averages()
        with torch.no_grad():
            for name, values in own.items():
                values.copy_(torch.from_numpy(state.tensors[name]).reshape(values.shape))
        self.optimizer.done = (state.epoch - 1) * self.steps + state.step


def _initialised(plan: Plan, seed: int) -> Network:
    with torch.random.fork_rng(devices=[]):  # the caller's own random numbers go on undisturbed
        torch.manual_seed(mixed_seed(seed))
        return Network(plan)
