"""What helps a model that is worth little: trainings to do instead of the one that made it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.checkpoints.card import Card
from core.config import COMMAND, HourglassError
from core.models import BY_NAME, architecture
from core.settings import settings_of
from core.text import counted
from core.training.config import OF_THE_COUNT, TrainConfig
from core.training.divergence import lower_rate

LONGER = 4  # times as many epochs
RISEN = 1.05  # times its least value: a test error that has risen since
MOST_PCA = 1024  # components


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """words: what to do, on a button.  about: what is to be expected of it, a phrase.

    config: of the training to do instead.
    """

    words: str
    about: str
    config: TrainConfig


def remedies(config: TrainConfig, card: Card) -> tuple[Remedy, ...]:
    """What to train instead of a model of which something is known to be wrong; none if nothing is.

    config: of the training that made the model.  card: the model, with its health.
    """
    if not card.warning or card.health is None:
        return ()
    return tuple(one for one in _tried(config, card) if _can_be_built(one.config, card))


def command(config: TrainConfig) -> str:
    """A training as a command line, quoted for the shell."""
    parts = ["--dataset", config.dataset, "--arch", config.arch]
    for name, value in config.options.items():
        if name == "latent_dim":
            parts += ["--latent-dim", str(value)]
        else:
            parts += ["--option", f"{name}={_written(value)}"]
    for settings in (config, config.noise):
        for setting in settings_of(settings):
            value = getattr(settings, setting.name)
            if setting.name in OF_THE_COUNT or value != setting.default:
                parts += _flag(setting.flag, value)
    for name in config.exclude_classes:
        parts += ["--exclude-class", name]
    return f"{COMMAND} train {shlex.join(parts)}"


def _tried(config: TrainConfig, card: Card) -> Iterator[Remedy]:
    """In the order in which they are worth trying."""
    spec, health, dim = architecture(config.arch), card.health, card.latent_dim
    assert health is not None
    if not spec.closed_form and health.posterior_collapse >= 0.5:
        beta = spec.check(config.options)["beta"] / 10
        yield Remedy(
            words=f"Train with beta = {beta:g}",
            about="the code may then say more about each image",
            config=_with_option(config, beta=beta),
        )
    if not spec.closed_form:
        yield _other_duration(config, card)
    if spec.check(config.options).get("latent_dim") and 4 * dim < _n_pixels(card):
        yield Remedy(
            words=f"Double the code, D' = {2 * dim:,}",
            about="twice as many numbers for each image",
            config=_with_option(config, latent_dim=2 * dim),
        )
    if not spec.closed_form and dim <= min(MOST_PCA, card.document.training.n_images - 1):
        yield Remedy(
            words=f"Use PCA, D' = {dim:,}",
            about="the best linear code of this size, in a second",
            config=TrainConfig(
                config.dataset,
                "pca",
                {"latent_dim": dim},
                exclude_classes=config.exclude_classes,
                seed=config.seed,
            ),
        )


def _other_duration(config: TrainConfig, card: Card) -> Remedy:
    """Shorter if the test error has risen since an earlier epoch, else longer, or more gently."""
    history = card.document.history
    best = min(history, key=lambda record: record.test_mse, default=None)
    if best is not None and RISEN * best.test_mse < history[-1].test_mse:
        return Remedy(
            words=f"Train {counted(best.epoch, 'epoch')} only",
            about="the test error was lowest then: later the network learnt its training images "
            "by heart",
            config=replace(config, epochs=best.epoch),
        )
    epochs = config.epochs * LONGER
    if epochs <= _most_epochs():
        return Remedy(
            words=f"Train {LONGER} times as long",
            about=f"{epochs:,} epochs instead of {config.epochs:,}",
            config=replace(config, epochs=epochs),
        )
    rate = lower_rate(config)
    return Remedy(
        words=f"Train with a learning rate of {rate:g}",
        about="smaller steps may come closer to a minimum",
        config=replace(config, learning_rate=rate),
    )


def _can_be_built(config: TrainConfig, card: Card) -> bool:
    try:
        BY_NAME[config.arch].plan(card.input_shape, config.options)
    except HourglassError:
        return False
    return True


def _with_option(config: TrainConfig, **options: Any) -> TrainConfig:
    return replace(config, options={**config.options, **options})


def _most_epochs() -> int:
    return int(next(one.high for one in settings_of(TrainConfig) if one.name == "epochs"))


def _n_pixels(card: Card) -> int:
    c, h, w = card.input_shape
    return c * h * w


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _flag(flag: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    return [flag, str(value)]
