"""`completion`: what a shell needs to complete commands, options, models, runs and data sets."""

import os

import click
from click.shell_completion import get_completion_class, shell_complete

PROGRAM = "hourglass"  # a shell completes programs, and `python -m core` is the program python
VARIABLE = "_HOURGLASS_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print what a shell needs to complete this command line.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete `hourglass`, once Hourglass is installed by pip.

    bash: eval "$(hourglass completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc.
    fish: hourglass completion fish > ~/.config/fish/completions/hourglass.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(context.find_root().command, {}, PROGRAM, VARIABLE).source())


def asked(commands: click.Command) -> int | None:
    """Answer the shell, if it has called us to complete a line; the exit code, else None."""
    instruction = os.environ.get(VARIABLE)
    if not instruction:
        return None
    return shell_complete(commands, {}, PROGRAM, VARIABLE, instruction)
