"""`set-aside`: moves or copies the files that a table flags, after saying what would happen."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from core.cli import options, output
from core.config import OptionError
from core.text import counted, visible

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20  # files that are printed


@click.command(cls=options.Command, short_help="Move or copy the files that a table flags.")
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--move-to", "move", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where the files go; their folders are kept.")  # fmt: skip
@click.option("--copy-to", "copy", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where copies of the files go.")  # fmt: skip
@click.option("--verdict", type=click.Choice(("outlier", "normal", "unsure")), default=None,
              help="Take the files of this verdict instead of those that are flagged.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do it; without it, only what would happen is said.")
@options.as_json
def set_aside(
    table: Path,
    folder: Path,
    move: Path | None,
    copy: Path | None,
    verdict: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Move or copy the files of FOLDER that TABLE flags.

    TABLE is what `find` or `score` has written, or an export of the pages: .csv or .parquet with a
    column id (or image), and is_outlier, flagged or verdict. FOLDER is the folder that they were
    read from.

    Without --yes nothing is done. Nothing is ever overwritten, and no file outside FOLDER and
    the folder named is touched; what has to stay is said, with the reason.
    """
    from core.data.own import set_aside as aside

    if (move is None) == (copy is None):
        raise OptionError("Give one of --move-to FOLDER and --copy-to FOLDER.")
    manner: Literal["move", "copy"] = "move" if copy is None else "copy"
    to = move or copy
    assert to is not None
    steps = aside.plan(aside.chosen(_read(table), verdict or ""), folder, to)
    if yes:
        steps = aside.carry_out(steps, manner)
    stay = [step for step in steps if step.why]
    n = len(steps) - len(stay)
    done = {"move": ("moved", "would be moved"), "copy": ("copied", "would be copied")}[manner]
    lines = [f"{counted(n, 'file')} {done[not yes]} from {folder} to {to}."]
    if not yes:
        lines += [f"  {step.name}" for step in steps if not step.why][:SHOWN]
        lines += ["Nothing was done: add --yes to do it."]
    lines += [f"Stays: {step.name}: {step.why}." for step in stay[:SHOWN]]
    if len(stay) > SHOWN:
        lines.append(f"... and {len(stay) - SHOWN:,} more stay.")
    result = {
        "n": n,
        "done": yes,
        "manner": manner,
        "to": to,
        "stay": [{"id": step.name, "why": step.why} for step in stay],
    }
    output.show(result, [visible(line) for line in lines], as_json)


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except Exception as error:
        raise OptionError(f"{path.name} cannot be read as a table: {error}") from error
