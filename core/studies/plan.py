"""A study as a TOML file: which models are trained, and with which noise they are tested.

name = "noise-kinds"               # else the file's name
dataset = "mnist-5k"               # settings that all models share
excluded_classes = ["5", "9"]

[grid]                             # every combination of these
noise_kind = ["gaussian", "masking"]
latent_dim = [8, 32]
seed = [0, 1, 2]

[[models]]                         # a list, each with what differs; combined with the grid
arch = "dense"

[test]                             # noise on the test images, besides clean ones
noise_kind = ["gaussian"]          # "trained": the kind that each model was trained with
noise_std = [0.3]

[figure]                           # found by what varies, unless it is said
x = "latent_dim"
y = "mse"
"""

import difflib
import hashlib
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core import vocabulary
from core.config import HourglassError, OptionError, checked_name
from core.data import catalogue
from core.models import ARCHITECTURES, architecture
from core.noise import KINDS, Noise
from core.runs.series import Wanted
from core.settings import TrainSettings, settings_of
from core.training.config import TrainConfig

MOST_MODELS, MOST_NAME, MOST_BYTES = 5_000, 40, 1_000_000
NOISES = {"noise_kind": "kind", "noise_std": "sigma", "noise_mean": "mu", "noise_clip": "clip"}
TRAINING = tuple(setting.name for setting in settings_of(TrainSettings))
WHAT = ("dataset", "arch", "excluded_classes")
OPTIONS = tuple(dict.fromkeys(one.name for spec in ARCHITECTURES for one in spec.options))
SETTINGS = (*WHAT, *NOISES, *TRAINING, *OPTIONS)
TRAINED = "trained"  # as a kind of noise to test with
TABLES = ("grid", "models", "test", "figure")


@dataclass(frozen=True)
class Tests:
    """Noise on the test images, besides clean ones.

    kinds: of core.noise.KINDS; "trained" for the kind that a model was trained with.
    amounts: above 0 to 1.
    """

    kinds: tuple[str, ...] = ()
    amounts: tuple[float, ...] = ()
    mean: float = 0.0
    clip: bool = False
    seed: int = 0

    def of(self, trained: Noise) -> dict[str, tuple[Noise, ...]]:
        """The noises to test a model with, by their kind.  trained: its own."""
        own = [trained.kind if kind == TRAINED else kind for kind in self.kinds]
        return {
            kind: tuple(Noise(kind, amount, self.mean, self.clip) for amount in self.amounts)  # type: ignore[arg-type]
            for kind in dict.fromkeys(own)
        }


@dataclass(frozen=True)
class Study:
    """name: of its folder and the beginning of its models' names.  text: the file it was read from.

    models: what is trained, each once.  x, y: of the figure, "" where it is to be found.
    """

    name: str
    text: str
    models: tuple[Wanted, ...]
    tests: Tests = Tests()
    x: str = ""
    y: str = ""

    def key(self, model: Wanted) -> str:
        """What a model's result is kept under: its training and how it is tested."""
        return digest((model.config, self.tests))


def digest(value: Any) -> str:
    """Sixteen hexadecimal digits of anything that JSON can hold."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:16]


def read(text: str, name: str = "study") -> Study:
    """The study that a file describes.  name: unless it says another.

    Raises OptionError with a sentence that names the place.
    """
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise OptionError(f"This is not a TOML file ({error}): see `sweep --help`.") from error
    shared = {key: value for key, value in found.items() if key not in (*TABLES, "name")}
    called = _name(found.get("name", name))
    configs = dict.fromkeys(_frozen(one) for one in _models(shared, found))
    models = tuple(_wanted(called, msgspec.convert(_thawed(one), TrainConfig)) for one in configs)
    figure = _table(found, "figure", ("x", "y"))
    x, y = figure.get("x", ""), figure.get("y", "")
    return Study(name=called, text=text, models=models, tests=_tests(found), x=x, y=y)


def _name(asked: Any) -> str:
    if not isinstance(asked, str) or len(asked) > MOST_NAME:
        raise OptionError(f"The name of a study has at most {MOST_NAME} characters.")
    return checked_name(asked.lower().replace(" ", "-").replace(".", "-"))


def _models(shared: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[TrainConfig]:
    """The trainings, one for each entry of the list and each combination of the grid."""
    grid = _settings(_table(found, "grid"), "grid")
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise OptionError(f"grid.{key} must be a list of values, such as [{values}].")
    listed = found.get("models", [{}])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise OptionError("The models of a study are a list of tables: [[models]].")
    n_models = len(listed)
    for values in grid.values():
        n_models *= len(values)
    if not 0 < n_models <= MOST_MODELS:
        raise OptionError(
            f"A study has 1 to {MOST_MODELS:,} models, and this one has {n_models:,}."
        )
    common = _settings(shared, "")
    for one in listed:
        own = _settings(one, "models")
        if twice := own.keys() & grid.keys():
            raise OptionError(f"{min(twice)} is in the grid and in the list: keep one of the two.")
        for values in itertools.product(*grid.values()):
            yield config(common | own | dict(zip(grid, values, strict=True)))


def config(given: Mapping[str, Any]) -> TrainConfig:
    """A training from settings by their names, as in the file.  Raises OptionError."""
    for name in ("dataset", "arch"):
        if name not in given:
            raise OptionError(f"A study says {name} of every model: {name} = ...")
    spec = architecture(given["arch"])
    taken = {one.name for one in spec.options}
    if unused := set(given) & set(OPTIONS) - taken:
        raise OptionError(f"{spec.name} has no option {min(unused)}: put it into [[models]].")
    noise = Noise(**{ours: given[name] for name, ours in NOISES.items() if name in given})
    settings = {name: given[name] for name in TRAINING if name in given}
    if spec.closed_form:  # has neither noise nor epochs
        noise, settings = Noise(), {k: v for k, v in settings.items() if k not in CLOSED}
        settings["epochs"] = 1
    excluded = given.get("excluded_classes", ())
    if not isinstance(excluded, list | tuple):
        excluded = (excluded,)
    return TrainConfig(
        str(given["dataset"]),
        spec.name,
        spec.check({name: given[name] for name in taken if name in given}),
        noise=noise or Noise(),
        exclude_classes=tuple(map(str, excluded)),
        **settings,
    )


CLOSED = ("epochs", "batch_size", "learning_rate")  # mean nothing for PCA


def _settings(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings with the names of today.  Raises OptionError for one that there is not."""
    try:
        found = vocabulary.renamed(given)
    except ValueError as error:
        raise OptionError(f"{error}: keep one of the two.") from error
    for name in found:
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, 1)
            meant = f"did you mean {near[0]}?" if near else f"choose of {', '.join(SETTINGS)}."
            raise OptionError(
                f"A study has no setting {ascii(name)[:60]}{f' in {where}' if where else ''}: "
                f"{meant}"
            )
    return found


def _tests(found: Mapping[str, Any]) -> Tests:
    given = _table(found, "test")
    try:
        asked = vocabulary.renamed(given)
    except ValueError as error:
        raise OptionError(f"test: {error}: keep one of the two.") from error
    if unknown := asked.keys() - {*NOISES, "seed"}:
        raise OptionError(
            f"test has no setting {min(unknown)}: choose of {', '.join(NOISES)}, seed."
        )
    kinds, amounts = (
        _several(asked.get("noise_kind", TRAINED)),
        _several(asked.get("noise_std", [])),
    )
    for kind in kinds:
        if kind not in (*KINDS, TRAINED):
            raise OptionError(f"test.noise_kind: choose of {', '.join((*KINDS, TRAINED))}.")
    for amount in amounts:
        Noise(sigma=amount, mu=asked.get("noise_mean", 0.0), clip=asked.get("noise_clip", False))
    seed = asked.get("seed", 0)
    next(one for one in settings_of(TrainSettings) if one.name == "seed").check(seed)
    above = tuple(sorted({float(amount) for amount in amounts if amount > 0}))
    return Tests(
        kinds=tuple(kinds) if above else (),
        amounts=above,
        mean=float(asked.get("noise_mean", 0.0)),
        clip=bool(asked.get("noise_clip", False)),
        seed=seed,
    )


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _table(found: Mapping[str, Any], name: str, keys: Sequence[str] = ()) -> dict[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise OptionError(f"{name} is a table: begin a line with [{name}].")
    if keys and (unknown := table.keys() - set(keys)):
        raise OptionError(f"{name} has no setting {min(unknown)}: choose of {', '.join(keys)}.")
    return table


def _wanted(study: str, one: TrainConfig) -> Wanted:
    dim = one.options.get("latent_dim", "")
    named = "-".join(filter(None, (study, one.arch, str(dim))))[:54]
    return Wanted(f"{named}-{digest(one)[:8]}", one)


def _frozen(one: TrainConfig) -> bytes:
    return msgspec.json.encode(one)


def _thawed(content: bytes) -> Any:
    return msgspec.json.decode(content)


def check_here(study: Study, data_root: Any = None) -> None:
    """Raise an error before anything is trained: for images that are not here, or a class that
    a set has not, or a network that cannot be built for its images.
    """
    infos = {info.id: info for info in catalogue.catalogue(data_root)}
    for model in study.models:
        one = model.config
        catalogue.check_here(one.dataset, data_root)
        info = infos.get(one.dataset)
        if info is None and one.dataset.partition(":")[0] not in catalogue.OWN_KINDS:
            raise OptionError(f"There is no data set {ascii(one.dataset)[:80]}: see `datasets`.")
        if info is None:
            continue
        if unknown := set(one.exclude_classes) - set(info.class_names):
            known = ", ".join(info.class_names) or "none"
            raise OptionError(f"{info.id} has no class {min(unknown)!r}: its classes are {known}.")
        try:
            architecture(one.arch).plan(info.input_shape, one.options)
        except HourglassError as error:
            raise OptionError(f"{model.name}: {error}") from error
