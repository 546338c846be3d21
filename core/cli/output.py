"""Output of commands: progress bars and remarks on stderr, results on stdout."""

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from core.text import visible

if TYPE_CHECKING:
    from core.images.imagesets import Rejected


def tell_rejected(rejected: "Sequence[Rejected]", n: int | None = None) -> None:
    """Print to stderr how many files were left out, with the reason for the first.

    n: their number, if not all of them are in rejected.
    """
    if rejected:
        first, n = rejected[0], n or len(rejected)
        what = "1 file could not be read:" if n == 1 else f"{n:,} files could not be read, e.g."
        click.echo(visible(f"{what} {first.name}: {first.reason}"), err=True)


def tell_guesses(guesses: Iterable[str]) -> None:
    """Print to stderr how file names were decoded, and the option for it, if there is one."""
    options = [name for p in click.get_current_context().command.params for name in p.opts]
    way = " (--name-encoding)" if "--name-encoding" in options else ""
    for guess in guesses:
        click.echo(f"{guess.removesuffix('.')}{way}.", err=True)


def tell_warnings(warnings: Iterable[str]) -> None:
    """Say on stderr what somebody should know before going on."""
    for warning in warnings:
        click.echo(visible(f"Warning: {warning}"), err=True)


@contextlib.contextmanager
def progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Context with a function (done, total) that updates a bar on stderr, if it is a terminal."""
    with bar(title) as shown:

        def tell(done: int, total: int | None) -> None:
            """Images done, images in all; None = unknown."""
            shown.total = total
            shown.update(done - shown.n)

        yield tell


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Context with a function (stage, done, total) that updates one bar on stderr."""
    with bar("") as shown:
        current = ""

        def tell(stage: str, done: int, total: int) -> None:
            """Images done in this stage; another stage resets the bar."""
            nonlocal current
            if stage != current:
                current = stage
                shown.reset(total)
                shown.set_description(stage, refresh=False)
            shown.update(done - shown.n)

        yield tell


def bar(title: str) -> "tqdm[Any]":
    """An empty bar as in progress(), to be updated by the caller."""
    return tqdm(desc=title, file=sys.stderr, disable=None, leave=False)


def show(result: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """Print `result` as one JSON object, or `lines` for people. NaN and infinity become null.

    Lines may contain untrusted names, so control characters are replaced.
    """
    if as_json:
        click.echo(json.dumps(_jsonable(result), allow_nan=False))
    else:
        click.echo("\n".join(map(visible, lines)))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Aligned lines: numbers to the right, text to the left, two spaces between columns."""
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
