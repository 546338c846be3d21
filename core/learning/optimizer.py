"""AdamW on a one-cycle schedule, with hardly any Python code run at each step.

Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019); Smith and Topin,
Super-Convergence (2018). The same numbers, bit by bit, as torch.optim.AdamW(fused=True) under
torch.optim.lr_scheduler.OneCycleLR, whose care for each weight by itself costs a small network
several percent of its training.
"""

import math
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from core.learning.recipes import WEIGHT_DECAY

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
