"""A network that is trained on the images of a source, within a time, to judge them all.

PyTorch is loaded only when one is trained: without --minutes `find` needs none.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core import machine
from core.anomaly import with_network
from core.anomaly.crossfit import Flags, Index, Scores
from core.anomaly.with_network import Contest, Judge
from core.images.imagesets import ImageSet
from core.images.parts import done
from core.inference import Autoencoder
from core.models import architecture
from core.training.config import TrainConfig, suggested

SHARE = 0.7  # of the time that training may take; the rest is for judging
TIMED, WARM_UP = 6, 2  # steps by which it is found how long one takes, and those before
MOST_OVER = 1.3  # of the time that was planned, after which a training is given up
TITLE = "Training a network"


@dataclass(frozen=True)
class NetworkJudge:
    """A network that was compared with the judges without one.  judge: None if it finds no more."""

    contest: Contest
    judge: Judge | None

    def ranked(self, network: Scores, judge: Scores) -> Scores:
        """What ranks images, by the network's score and the best judge's: (n,) each."""
        return with_network.ranked(self.contest.score, network, judge)


def unseen(of: Index) -> Flags:
    """Which images the network is not trained on: (n,), one fold, so that none has a near copy
    among the others.
    """
    return np.asarray(of == of.min())


def trained(images: ImageSet, of: Index, minutes: float, path: Path | None) -> Autoencoder | None:
    """A network trained on all folds but one; None if the time is too short for it.

    of: (n,) folds.  path: where it is saved, for other processes; None for nowhere.
    """
    from core.training.events import EpochDone, Finished
    from core.training.trainer import train

    machine.check_torch()
    deadline = time.monotonic() + 60 * SHARE * minutes
    held_out = unseen(of)
    usual, others = images.take(~held_out), images.take(held_out)
    config = _within(suggested(images.id, images.shape, len(usual)), usual, deadline)
    if config is None:
        return None
    latest = deadline + (MOST_OVER - 1) * 60 * SHARE * minutes
    n_epochs = 0
    for event in train(config, usual, others, path):
        if isinstance(event, Finished):
            return Autoencoder(event.checkpoint)
        if isinstance(event, EpochDone):
            n_epochs += 1
            done(TITLE, n_epochs, config.epochs)
        if time.monotonic() > latest and n_epochs < config.epochs:
            return None
    return None


def _within(config: TrainConfig, usual: ImageSet, deadline: float) -> TrainConfig | None:
    """The settings with as many epochs as the time allows, up to what suits; None for none."""
    from core.training.descent import Descent

    spec = architecture(config.arch)
    if spec.closed_form:
        return config
    descent = Descent(config, spec.plan(usual.shape, config.options), usual)
    ends = [time.monotonic()]
    while len(ends) <= min(WARM_UP + TIMED, descent.steps):
        descent.advance()
        ends.append(time.monotonic())
    seconds = descent.steps * float(np.median(np.diff(ends)[min(WARM_UP, len(ends) - 2) :]))
    epochs = int((deadline - time.monotonic()) / max(seconds, 1e-6))
    return replace(config, epochs=min(epochs, config.epochs)) if epochs else None


def compared(network: Autoencoder, images: ImageSet, of: Index) -> NetworkJudge:
    """The network beside the judges without one.  Raises DataError with too few images."""
    held_out = unseen(of)
    known = with_network.references(network, images.take(~held_out))
    others = images.take(held_out)
    contest = with_network.contest(known, others)
    judge = with_network.judge(known, contest.score, others) if contest.takes_over else None
    return NetworkJudge(contest, judge)
