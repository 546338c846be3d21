"""One name for each thing, in options, JSON, columns, studies and Python; older ones are read, too.

docs/vocabulary.md is the same table in words; a test holds both together.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")

# Older spellings, as they stood in options (without dashes), in files and in JSON.
OLDER: Mapping[str, str] = MappingProxyType(
    {
        "architecture": "arch",
        "data": "dataset",
        "source": "dataset",
        "kind": "noise_kind",
        "noise": "noise_kind",
        "sigma": "noise_std",
        "mu": "noise_mean",
        "noise_mu": "noise_mean",
        "clip": "noise_clip",
        "exclude_class": "excluded_classes",
        "exclude_classes": "excluded_classes",
        "excluded_class": "excluded_classes",
        "lr": "learning_rate",
        "dim": "latent_dim",
        "checkpoint": "model",
        "n_images": "n_train",
    }
)


def canonical(name: str) -> str:
    """The name of today for a spelling: "exclude-class" -> "excluded_classes"."""
    plain = name.strip().lstrip("-").replace("-", "_").lower()
    return OLDER.get(plain, plain)


def renamed(given: Mapping[str, T]) -> dict[str, T]:
    """The same mapping with the names of today.  ValueError if two of its names are one."""
    found: dict[str, T] = {}
    for name, value in given.items():
        if (today := canonical(name)) in found:
            raise ValueError(f"{today} is given twice, once as {name}")
        found[today] = value
    return found
