"""Settings of a training that are all other than where they begin."""

from typing import Any

from core.noise import Noise
from core.settings import Setting, TrainSettings, settings_of
from core.training.config import TrainConfig

OPTIONS = {"latent_dim": 3, "widths": [40], "beta": 0.5}


def other(setting: Setting) -> Any:
    """A value within the bounds that is not the default."""
    match setting.kind:
        case "bool":
            return not setting.default
        case "choice":
            return next(choice for choice in setting.choices if choice != setting.default)
        case "int":
            half = (setting.default or 20) // 2
            is_other = half >= setting.low and half != setting.default
            return half if is_other else setting.default + 1
        case _:
            low, high = setting.low, setting.high
            return next(x for x in (0.05, (low + high) / 2) if low <= x <= high != setting.default)


def others(declaring: Any) -> dict[str, Any]:
    """All settings that a dataclass declares, other than their defaults."""
    return {setting.name: other(setting) for setting in settings_of(declaring)}


def all_other(**changes: Any) -> TrainConfig:
    """A training that begins nowhere as a new one does.  changes: of it."""
    asked: dict[str, Any] = {
        "dataset": "shapes",
        "arch": "vae",
        "options": OPTIONS,
        "noise": Noise(**others(Noise)),
        "exclude_classes": ("heart",),
    }
    return TrainConfig(**asked | others(TrainSettings) | changes)
