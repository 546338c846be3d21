"""What commands share: options, options with several values, loading of images."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from core.cli import output
from core.data.offered.names import ENCODINGS
from core.noise import KINDS, Noise
from core.settings import Setting, settings_of

if TYPE_CHECKING:
    from core.checkpoints import Card
    from core.images.imagesets import ImageSet
    from core.images.preparation import Preparation

checkpoint = click.argument(
    "checkpoint", shell_complete=lambda _context, _option, begun: _checkpoint_names(begun)
)
run = click.argument("run", shell_complete=lambda _context, _option, begun: _run_names(begun))
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
data_root = click.option(
    "--data-root",
    type=click.Path(path_type=Path),
    help="Folder with torchvision's data sets.  [default: HOURGLASS_DATA_ROOT, or data/]",
)
name_encoding = click.option(
    "--name-encoding",
    type=click.Choice(("guess", *ENCODINGS)),
    default="guess",
    show_default=True,
    callback=lambda _context, _option, value: "" if value == "guess" else value,
    help="Encoding of file names that an archive does not mark as UTF-8; guesses are reported.",
)
noise_kind = click.option(
    "--noise-kind",
    type=click.Choice(tuple(KINDS)),
    default=Noise().kind,
    show_default=True,
    help="; ".join(f"{name} {kind.explanation}" for name, kind in KINDS.items()) + ".",
)
split = click.option(
    "--split",
    type=click.Choice(["train", "calibration", "test", "all"]),
    help="Split of the data set.  [default: test; all of a folder or archive]",
)
seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Random seed."
)


def source(command: Any) -> Any:
    """The images of a command: SOURCE, or --dataset, not both."""
    return _images("source", "ID, folder or archive: the same as SOURCE.", True)(command)


def dataset(command: Any) -> Any:
    """The images of a command that may be left out: SOURCE, or --dataset, not both."""
    said = "ID, folder or archive: the same as SOURCE.  [default: what the model was trained on]"
    return _images("dataset", said, False)(command)


def train_on(command: Any) -> Any:
    """The images to train on: SOURCE, or --dataset, not both."""
    return _images("dataset", "ID, folder or archive, see `datasets`: the same as SOURCE.", False)(
        command
    )


def _images(name: str, words: str, is_needed: bool) -> Callable[[Any], Any]:
    """SOURCE and --dataset, handed on as `name`."""

    def from_option(context: click.Context, _option: Any, value: str | None) -> None:
        context.meta["dataset"] = value

    def chosen(context: click.Context, argument: Any, value: str | None) -> str | None:
        option: str | None = context.meta.get("dataset")
        if value is not None and option is not None:
            raise click.UsageError("The images are given twice, as SOURCE and --dataset: keep one.")
        if value is None and option is None and is_needed and not context.resilient_parsing:
            raise click.MissingParameter(ctx=context, param=argument)
        if option is not None:
            context.set_parameter_source(name, click.core.ParameterSource.COMMANDLINE)
        return value if option is None else option

    def complete(_context: Any, _option: Any, begun: str) -> list[CompletionItem]:
        return _dataset_names(begun)

    option = click.option(
        "--dataset", "dataset_option", is_eager=True, expose_value=False, callback=from_option,
        shell_complete=complete, help=words,
    )  # fmt: skip
    argument = click.argument(
        name, metavar="SOURCE" if is_needed else "[SOURCE]", required=False, callback=chosen,
        shell_complete=complete,
    )  # fmt: skip
    return lambda command: argument(option(command))


def about(
    card: "Card", dataset: str | None = None, split: str | None = None, seed: int | None = None
) -> dict[str, Any]:
    """What the numbers in a command's JSON are of: model, images, split, classes, seed, versions.

    None where a command has no such thing.
    """
    import hourglass

    return {
        "model": card.name,
        "model_sha256": card.sha256 or None,
        "trained_on": card.dataset,
        "excluded_classes": card.excluded_classes,
        "dataset": dataset,
        "split": split,
        "seed": seed,
        "versions": {"hourglass": hourglass.__version__, **card.document.versions},
    }


def settings(declaring: type, prefix: str = "") -> Callable[[Any], Any]:
    """An option for each setting that a dataclass declares, handed on as prefix + its name."""

    def with_options(command: Any) -> Any:
        for one in reversed(settings_of(declaring)):
            command = setting(one, prefix)(command)
        return command

    return with_options


def setting(one: Setting, prefix: str = "", default: str = "") -> Callable[[Any], Any]:
    """The option of a setting; what is out of bounds is told when all are read.

    default: in words, where it depends on what is not known yet; the value is None then.
    """
    words = default or one.unset
    asked: dict[str, Any] = {"help": f"{one.about}." + f"  [default: {words}]" * bool(words)}
    if not words:
        asked |= {"default": one.default, "show_default": one.kind != "bool"}
    if one.kind == "bool":
        asked |= {"is_flag": True}
    else:
        types: dict[str, Any] = {"int": int, "float": float, "choice": click.Choice(one.choices)}
        asked |= {"type": types[one.kind]}
    return click.option(one.flag, *one.also, f"{prefix}{one.name}", **asked)


def out(metavar: str) -> Callable[[Any], Any]:
    """The option with the output file."""
    path = click.Path(path_type=Path)
    return click.option("--out", required=True, type=path, metavar=metavar, help="Output file.")


class Command(click.Command):
    """A command whose repeatable options also take several values in a row: `--sigma 0.1 0.3`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        several = {name for p in self.params if getattr(p, "multiple", False) for name in p.opts}
        types = {name: p.type for p in self.params for name in p.opts}
        return super().parse_args(ctx, list(_repeated(args, {n: types[n] for n in several}, ctx)))


def _repeated(
    args: Sequence[str], types: dict[str, click.ParamType[Any]], context: click.Context
) -> Iterator[str]:
    """`--sigma 0.1 0.3` as `--sigma 0.1 --sigma 0.3`, while the next argument can be a value."""
    name, n_values = "", 0
    for arg in args:
        if arg.startswith("--"):
            name, n_values = (arg, 0) if arg in types else ("", 0)
        elif name:
            if n_values and not _fits(arg, types[name], context):
                name = ""
            elif n_values:
                yield name
            n_values += 1
        yield arg


def _fits(text: str, kind: click.ParamType[Any], context: click.Context) -> bool:
    try:
        kind.convert(text, None, context)
    except click.BadParameter:
        return False
    return True


# What a shell offers when somebody presses Tab; nothing is loaded until then.


def _checkpoint_names(begun: str) -> list[CompletionItem]:
    from core import checkpoints

    return _offered((card.name for card in checkpoints.available()), begun)


def _run_names(begun: str) -> list[CompletionItem]:
    from core import runs

    return _offered((run.id for run in runs.found()), begun)


def _dataset_names(begun: str) -> list[CompletionItem]:
    """IDs of data sets, and the shell's own completion of paths."""
    from core.data import catalogue

    known = _offered((info.id for info in catalogue.catalogue()), begun)
    return known or [CompletionItem(begun, type="file")]


def _offered(names: Iterable[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def source_id(text: str) -> str:
    """`text` for catalogue.load(): an ID unchanged, a path as folder:, zip: or file:PATH."""
    from core.data import catalogue

    path = Path(text)
    if text in {info.id for info in catalogue.catalogue()} or not path.exists():
        return text
    kind = "folder" if path.is_dir() else "zip" if path.suffix.lower() == ".zip" else "file"
    return f"{kind}:{path.resolve()}"


def is_own(name: str) -> bool:
    """Whether source_id() has recognised a path."""
    from core.data import catalogue

    return name.partition(":")[0] in catalogue.OWN_KINDS


def load_images(
    source: str,
    split: str | None,
    data_root: Path | None,
    preparation: "Preparation",
    encoding: str = "",
) -> "ImageSet":
    """The images of a data set, a folder, an archive or a file.

    A person's own files are prepared like that; a data set is not changed.  encoding: of names in
    an archive, see name_encoding.
    """
    from core.data import catalogue
    from core.data.own.folder import Choice, load_path

    name = source_id(source)
    if not is_own(name):
        with output.progress("load") as tell:
            return catalogue.load(name, split or "test", data_root, tell)
    with output.progress("load") as tell:
        choice = Choice(split or "all", encoding=encoding, preparation=preparation)
        images = load_path(name, choice, tell)
    output.tell_guesses(images.notes)
    output.tell_rejected(images.rejected)
    return images
