"""Settings, each declared once: of an architecture (Option), and of a training (Setting).

The form of the Train page, links to it, "Clone settings", the command line, checkpoints' documents,
reports and exported scripts go over these declarations and know no setting by name.
"""

from dataclasses import dataclass, field, fields
from numbers import Integral, Real
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
        raise OptionError(f"{self.title} must be {self.bounds()}, not {str(value)[:60]}.")

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return self.name

    def bounds(self) -> str:
        """The values it takes, as the end of a sentence: "a whole number from 1 to 4,096"."""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "float":
            return f"a number from {self.low:g} to {self.high:g}"
        many = f"a list of {self.at_least} to {MOST_WIDTHS} whole numbers"
        what = "a whole number" if self.kind == "int" else many
        return f"{what} from {int(self.low):,} to {int(self.high):,}"

    def _is_whole(self, value: Any) -> bool:
        is_whole = _is_number(value) and isinstance(value, Integral)
        return is_whole and self.low <= int(value) <= self.high

    def _are_widths(self, value: Any) -> bool:
        is_list = isinstance(value, list | tuple) and self.at_least <= len(value) <= MOST_WIDTHS
        return is_list and all(self._is_whole(width) for width in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)  # NumPy's numbers, too


@dataclass(frozen=True, kw_only=True)
class Setting(Option):
    """One setting of a training: an option with its words.

    label: of its widget; in lower case its name in reports and sentences.  explanation: a phrase,
    for the help of the widget and of the command line.  flag: on the command line.  key: in the
    link, and of the widget.  unset: what None stands for; "" if it must have a value.  step: of a
    slider; 0 = a field for a number.  main: shown at once, not under "More".
    also: other spellings of the flag, which are accepted.
    """

    label: str
    flag: str
    key: str
    unset: str = ""
    step: float = 0
    main: bool = False
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.label

    def check(self, value: Any) -> Any:
        """`value` in its canonical form, or OptionError."""
        return None if value is None and self.unset else super().check(value)

    @property
    def about(self) -> str:
        """The explanation as a sentence without a full stop."""
        return f"{self.explanation[0].upper()}{self.explanation[1:]}"

    def words(self, value: Any) -> str:
        """A value of it as a report tells it."""
        if value is None:
            return self.unset
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:,}" if isinstance(value, int) else str(value)


def declared(setting: Setting) -> Any:
    """A field of a dataclass with the setting's default, which settings_of() finds again."""
    return field(default=setting.default, metadata={"setting": setting})


def settings_of(declaring: Any) -> tuple[Setting, ...]:
    """The settings that a dataclass, or the class of one, declares; in their order."""
    return tuple(each.metadata["setting"] for each in fields(declaring) if each.metadata)


def check_settings(of: Any) -> None:
    """Raise OptionError for the first setting of a dataclass that is out of its bounds."""
    for setting in settings_of(of):
        setting.check(getattr(of, setting.name))


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of a training, except for the architecture, the images and their noise.

    learning_rate: the peak of the one-cycle schedule; None takes the architecture's own.
    half: store weights as float16 (the network is judged as stored).
    n_train: train on so many of the images, see ImageSet.drawn; None: on all.
    Raises OptionError if one is out of bounds.
    """

    epochs: int = declared(
        Setting(
            name="epochs",
            kind="int",
            default=10,
            low=1,
            high=10_000,
            label="Epochs",
            explanation="number of passes over all training images",
            flag="--epochs",
            key="train_epochs",
            main=True,
        )
    )
    batch_size: int = declared(
        Setting(
            name="batch_size",
            kind="int",
            default=128,
            low=2,
            high=65_536,
            label="Batch size",
            explanation="images in each training step",
            flag="--batch-size",
            key="train_batch",
        )
    )
    learning_rate: float | None = declared(
        Setting(
            name="learning_rate",
            kind="float",
            default=None,
            low=1e-12,
            high=10,
            label="Learning rate",
            explanation="peak of the one-cycle schedule, which rises and then falls",
            flag="--learning-rate",
            also=("--lr",),
            key="train_lr",
            unset="the architecture's own",
        )
    )
    seed: int = declared(
        Setting(
            name="seed",
            kind="int",
            default=0,
            high=2**32 - 1,
            label="Training seed",
            explanation="the same seed gives the same first weights, order of images and noise",
            flag="--seed",
            key="train_seed",
        )
    )
    device: str = declared(
        Setting(
            name="device",
            kind="choice",
            default="auto",
            choices=("auto", "cpu", "cuda", "mps"),
            label="Device",
            explanation="device to train on; auto takes a GPU if there is one",
            flag="--device",
            key="train_device",
        )
    )
    half: bool = declared(
        Setting(
            name="half",
            kind="bool",
            default=False,
            label="Half precision",
            explanation="store the weights as float16, at half the size",
            flag="--half",
            key="train_half",
        )
    )
    n_train: int | None = declared(
        Setting(
            name="n_train",
            kind="int",
            default=None,
            low=2,
            high=10**9,
            label="Training images",
            explanation="how many of the training images to learn from, drawn by the seed; for "
            "studies of how much data a model needs",
            flag="--n-train",
            key="train_n",
            unset="all of them",
        )
    )

    def __post_init__(self) -> None:
        check_settings(self)


THREADS = Setting(
    name="threads",
    kind="int",
    default=1,
    low=1,
    high=256,
    label="CPU threads",
    explanation="more than the free cores make small networks many times slower",
    flag="--threads",
    key="train_threads",
)
