"""Detects trainings that have diverged, and says what to do.

Pixels are 0 to 1, so an error of 1 is the largest that any uniform image can have.
"""

import math

from core.config import Diverged
from core.models import architecture
from core.training.config import TrainConfig, learning_rate

EXPLODED = 1000.0  # bound of losses during training; early in a good training they may exceed 1
WORST = 1.0  # bound of the test error of a trained model


def check(config: TrainConfig, what: str, value: float, at: float) -> None:
    """Raise Diverged if a loss or error during training is NaN or too large.

    what: "The loss" or "The test error".  at: epochs done, with fractions.
    """
    if not (math.isfinite(value) and value <= EXPLODED):
        became = "exploded" if math.isfinite(value) else "stopped being a number"
        raise Diverged(f"{what} {became} in epoch {math.ceil(at)}: {_advice(config)}", at)


def check_model(config: TrainConfig, mse: float, epochs: int) -> None:
    """Raise Diverged if a trained model has a larger test error than a blank image."""
    if not (math.isfinite(mse) and mse <= WORST):
        size = f"{mse:.4g}, more than that of a blank image" if math.isfinite(mse) else "no number"
        raise Diverged(f"The trained model's test error is {size}: {_advice(config)}", epochs)


def lower_rate(config: TrainConfig) -> float:
    """A learning rate to try after this training has diverged."""
    return learning_rate(config, architecture(config.arch)) / 10


def _advice(config: TrainConfig) -> str:
    rate = learning_rate(config, architecture(config.arch))
    said = f"train again with a lower learning rate than {rate:g}"
    return f"{said}, such as {lower_rate(config):g}."
