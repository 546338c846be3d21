"""Gradient descent, step by step, from the beginning or from a kept state."""

import time
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from core.config import TrainingError
from core.data.imagesets import ImageSet
from core.distributed import ALONE, Team, together
from core.documents import EpochRecord
from core.learning import divergence
from core.learning.batches import (
    choose_device,
    epoch_order,
    floats,
    mixed_seed,
    n_batches,
    noisy,
    resident,
)
from core.learning.optimizer import AdamW, OneCycle
from core.learning.recipes import TrainConfig, learning_rate
from core.learning.state import Arrays, State, fingerprint
from core.models import architecture
from core.models.layers import Plan
from core.models.network import Network

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
