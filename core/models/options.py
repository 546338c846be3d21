"""The settings that an architecture has, as data: their kinds, bounds and defaults."""

from dataclasses import dataclass
from typing import Any, Literal

from core.config import OptionError

MOST_WIDTHS = 8


@dataclass(frozen=True)
class Option:
    """One setting of an architecture, with its bounds.

    kind: "int" and "float" lie in [low, high]; "choice" is one of choices; "widths" is a list of
    at_least to MOST_WIDTHS ints in [low, high]; "bool" is true or false.
    """

    name: str
    kind: Literal["int", "float", "bool", "choice", "widths"]
    default: Any
    explanation: str
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    at_least: int = 0

    def check(self, value: Any) -> Any:
        """`value` in its canonical form, or OptionError."""
        match self.kind:
            case "bool" if isinstance(value, bool):
                return value
            case "choice" if value in self.choices:
                return value
            case "int" if self._is_whole(value):
                return int(value)
            case "float" if _is_number(value) and self.low <= value <= self.high:
                return float(value)
            case "widths" if self._are_widths(value):
                return [int(width) for width in value]
        raise OptionError(f"{self.name} must be {self.bounds()}, not {str(value)[:60]}.")

    def bounds(self) -> str:
        """What values it takes, as the end of a sentence: "a whole number from 1 to 4096"."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        what = {
            "int": "a whole number",
            "float": "a number",
            "widths": f"a list of {self.at_least} to {MOST_WIDTHS} whole numbers",
        }[self.kind]
        return f"{what} from {self.low:g} to {self.high:g}"

    def _is_whole(self, value: Any) -> bool:
        return _is_number(value) and isinstance(value, int) and self.low <= value <= self.high

    def _are_widths(self, value: Any) -> bool:
        is_list = isinstance(value, list | tuple) and self.at_least <= len(value) <= MOST_WIDTHS
        return is_list and all(self._is_whole(width) for width in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
