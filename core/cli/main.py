"""All commands, and the place where their errors become one line and an exit code."""

import io
import os
import sys
from collections.abc import Sequence

import click

from core.cli import completion
from core.cli.app import app
from core.cli.datasets import datasets
from core.cli.evaluate import evaluate
from core.cli.export import export
from core.cli.find import find
from core.cli.lists import archs, checkpoints
from core.cli.outliers import outliers
from core.cli.project import encode, project, structure
from core.cli.runs import estimate, runs
from core.cli.score import score
from core.cli.set_aside import set_aside
from core.cli.sizes import sizes
from core.cli.sweep import sweep
from core.cli.take import take
from core.cli.train import train
from core.config import COMMAND, HourglassError

USER_ERROR = 2
INTERRUPTED, READER_GONE = 130, 141  # as shells report SIGINT and SIGPIPE


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def commands(context: click.Context) -> None:
    """Hourglass: train autoencoders and see what they see.

    CHECKPOINT is a name that `checkpoints` lists, or a .safetensors file. Results go to stdout,
    progress to stderr. With --json, stdout has exactly one JSON object. An error in the input is
    one line on stderr and exit code 2.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    app,
    datasets,
    archs,
    checkpoints,
    train,
    estimate,
    runs,
    evaluate,
    score,
    outliers,
    find,
    set_aside,
    sizes,
    sweep,
    encode,
    export,
    project,
    structure,
    take,
    completion.completion,
):
    commands.add_command(command)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line (sys.argv if None) and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names need not be text
    try:
        if (answered := completion.asked(commands)) is not None:
            return answered
        code = _run(list(sys.argv[1:] if args is None else args))
        _flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _close_output()
        return READER_GONE
    except (HourglassError, click.ClickException, OSError, MemoryError) as error:
        return _refuse(_sentence(error))
    return code


def _run(args: list[str]) -> int:
    try:
        with commands.make_context(COMMAND, args) as context:
            commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return INTERRUPTED
    return 0


def _sentence(error: BaseException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or "There is not enough memory for this: use fewer or smaller images."


def _refuse(sentence: str) -> int:
    """Print `sentence` as one line on stderr, without control characters."""
    line = "".join(c if c.isprintable() else " " for c in sentence)
    try:
        click.echo("Error: " + " ".join(line.split()), err=True)
        _flush()
    except OSError:
        _close_output()
    return USER_ERROR


def _flush() -> None:
    """Flush stdout now, since an error at the interpreter's end could not be reported."""
    if sys.stdout is not None:  # it was closed before we began
        sys.stdout.flush()


def _close_output() -> None:
    """Replace a closed stdout, so that the interpreter does not fail when it flushes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
