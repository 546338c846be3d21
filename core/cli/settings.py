"""`--option key=value`: the settings of an architecture, from text."""

from collections.abc import Iterable
from typing import Any

from core.config import OptionError
from core.models import ArchSpec, Option


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
