"""What the commands share: options, several values behind one option, and how results are shown."""

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

if TYPE_CHECKING:
    from core.data.imagesets import ImageSet, Rejected

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
data_root = click.option(
    "--data-root",
    type=click.Path(path_type=Path),
    help="Folder with torchvision's data sets.  [default: HOURGLASS_DATA_ROOT, or data/]",
)
split = click.option(
    "--split",
    type=click.Choice(["train", "test", "all"]),
    help="Part of it.  [default: test; all of a folder or zip]",
)
seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of all chance."
)


def out(metavar: str) -> Callable[[Any], Any]:
    """The option that names the file to write."""
    path = click.Path(path_type=Path)
    return click.option("--out", required=True, type=path, metavar=metavar, help="What to write.")


class Command(click.Command):
    """A command whose repeatable options also take several values in a row: `--sigma 0.1 0.3`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        several = {name for p in self.params if getattr(p, "multiple", False) for name in p.opts}
        types = {name: p.type for p in self.params for name in p.opts}
        return super().parse_args(ctx, list(_repeated(args, {n: types[n] for n in several}, ctx)))


def _repeated(
    args: Sequence[str], types: dict[str, click.ParamType[Any]], context: click.Context
) -> Iterator[str]:
    """`--sigma 0.1 0.3` as `--sigma 0.1 --sigma 0.3`, as long as what follows can be a value."""
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


def source_id(text: str) -> str:
    """`text` as datasets.load() takes it: an ID as it is, a path as folder:PATH or zip:PATH."""
    from core import datasets

    path = Path(text)
    if text in {info.id for info in datasets.catalogue()} or not path.exists():
        return text
    return f"{'folder' if path.is_dir() else 'zip'}:{path.resolve()}"


def load_images(
    source: str, split: str | None, data_root: Path | None, shape: tuple[int, int, int]
) -> "ImageSet":
    """The images of a data set, a folder or a zip for a model of this input shape.

    A person's own images are brought to that shape; a data set is not changed.
    """
    from core import datasets
    from core.streaming import scoring

    name = source_id(source)
    own = name.startswith(("folder:", "zip:"))
    with progress("load") as tell:
        images = datasets.load(
            name, split or ("all" if own else "test"), data_root, tell, shape[1:] if own else None
        )
    tell_rejected(images.rejected)
    return scoring.with_channels(images, shape[0]) if own else images


def tell_rejected(rejected: "Sequence[Rejected]", n: int | None = None) -> None:
    """Say on stderr how many files were left out, and why the first of them was.

    n: how many, if not all of them are in rejected.
    """
    if rejected:
        first, n = rejected[0], n or len(rejected)
        text = f"{n:,} files could not be read, e.g. {first.name}: {first.reason}"
        click.echo(text, err=True)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr with the time left, told (done, total); none if stderr is no terminal."""
    with bar(title) as shown:

        def tell(done: int, total: int | None) -> None:
            """Images done, of how many; None = nobody knows."""
            shown.total = total
            shown.update(done - shown.n)

        yield tell


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """One bar on stderr for work of several stages, told (stage, done, total)."""
    with bar("") as shown:
        current = ""

        def tell(stage: str, done: int, total: int) -> None:
            """Images done of this stage; another stage begins the bar anew."""
            nonlocal current
            if stage != current:
                current = stage
                shown.reset(total)
                shown.set_description(stage, refresh=False)
            shown.update(done - shown.n)

        yield tell


def bar(title: str) -> "tqdm[Any]":
    """An empty bar of progress() to be driven by hand."""
    return tqdm(desc=title, file=sys.stderr, disable=None, leave=False)


def show(result: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """Print `result` as one JSON object, or `lines` for people. NaN and infinity become null."""
    if as_json:
        click.echo(json.dumps(_jsonable(result), allow_nan=False))
    else:
        click.echo("\n".join(lines))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Aligned lines: numbers to the right, text to the left, one space of air."""
    cells = [list(header), *([_cell(v) for v in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [
        bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        for i in range(len(header))
    ]
    return [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5f}" if abs(value) < 1 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
