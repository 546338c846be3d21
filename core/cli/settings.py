"""What is written on the command line, as the settings of a training."""

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.cli import options
from core.config import OptionError
from core.models import ArchSpec, architecture
from core.models.options import Option
from core.noise import Noise

if TYPE_CHECKING:
    from core.runs import RunConfig


def arch_options(spec: ArchSpec, settings: Iterable[str], latent_dim: int | None) -> dict[str, Any]:
    """`key=value` texts and D' as options of `spec`; OptionError for what it does not take."""
    known = {option.name: option for option in spec.options}
    given: dict[str, Any] = {} if latent_dim is None else {"latent_dim": latent_dim}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise OptionError(f"{setting!r} is not of the form key=value, e.g. widths=512,256.")
        given[key] = _read(known[key], value) if key in known else value
    spec.check(given)
    return given


def _read(option: Option, text: str) -> Any:
    """`text` as a value of the option's kind, else as it is: check() says best what is allowed."""
    try:
        match option.kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "widths":
                return [int(width) for width in text.split(",") if width]
            case "bool":
                return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError):
        pass
    return text


def run_config(given: dict[str, Any]) -> "RunConfig":
    """The command line's options as settings; OptionError if some are missing or out of bounds."""
    from core import machine, runs
    from core.learning import recipes

    ours = dict(given)
    for name in ("dataset", "arch"):
        if not ours[name]:
            raise OptionError(f"Say what to train: --{name} is missing. See `train --help`.")
    latent_dim, settings = ours.pop("latent_dim"), ours.pop("settings")
    ours["options"] = arch_options(architecture(ours["arch"]), settings, latent_dim)
    kind, std, clip = (ours.pop(f"noise_{part}") for part in ("kind", "std", "clip"))
    ours["noise"] = Noise(kind, std, clip=clip) if std else Noise()
    ours["dataset"] = options.source_id(ours["dataset"])
    name, data_root = ours.pop("name"), ours.pop("data_root")
    return runs.RunConfig(
        name=name or runs.default_name(ours["dataset"], ours["arch"]),
        created=time.time(),
        threads=ours.pop("threads") or max(1, machine.cores() - 1),
        keep_steps=ours.pop("keep_steps"),
        data_root=None if data_root is None else str(data_root.resolve()),
        launcher=_launcher(),
        train=recipes.TrainConfig(**ours),
    )


def _launcher() -> str:
    """What tells one call of torchrun from another: its --rdzv-id, or else its process."""
    from core import processes

    named = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return named if named != "none" else f"process {processes.parent()}"
