"""Moves or copies the files that a table names out of a folder, whole or not at all, each for
itself.

Nothing is overwritten, nothing outside the two folders is touched, and links are not followed.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from core.config import DataError
from core.data.offered.names import printable

Manner = Literal["move", "copy"]
APOSTROPHE = "'"  # before what a spreadsheet would take for a formula
FORMULAS = tuple("'" + one for one in "=+-@\t\r＝＋－＠")
IDS = ("id", "image")  # columns that may name the files
WHY = {
    "outside": "its name leads out of the folder",
    "missing": "it is not there",
    "no file": "it is no file, or a link",
    "taken": "a file of this name is there already",
}


@dataclass(frozen=True)
class Step:
    """One file.  source, target: where it is, and where it goes.  why: why it stays, or ""."""

    name: str
    source: Path
    target: Path
    why: str = ""


def chosen(table: pd.DataFrame, verdict: str = "") -> list[str]:
    """The files that a table flags, each once, in its order.

    table: of `find`, `score` or the pages: a column id (or image), and is_outlier, flagged or
    verdict.  verdict: takes the rows of that verdict; "" those that are flagged, or that were
    called outliers where nothing is flagged.  A decision that was taken back later does not count.
    Raises DataError if there are no such columns.
    """
    name = next((one for one in IDS if one in table), None)
    if name is None:
        raise DataError(f"The table names no files: it needs a column {' or '.join(IDS)}.")
    flags = [one for one in ("is_outlier", "flagged") if one in table]
    if not verdict and flags:
        wanted = table[flags[0]].map(_is_true)
    elif "verdict" in table:
        wanted = _latest(table, name)["verdict"] == (verdict or "outlier")
    else:
        raise DataError(
            "The table flags no files: it needs a column is_outlier, flagged or verdict."
        )
    ids = table.loc[wanted[wanted].index, name].astype(str)
    return list(dict.fromkeys(_as_written(one) for one in ids))


def plan(names: Iterable[str], folder: Path, to: Path) -> list[Step]:
    """What would happen to each file.  Raises DataError if a folder is not one."""
    root = _folder(folder)
    if to.exists() and not to.is_dir():
        raise DataError(f"{printable(str(to))} is a file: name a folder.")
    target, taken = to.resolve(), set[str]()
    steps = []
    for name in names:
        step = _step(name, root, target)
        folded = str(step.target).casefold()
        if not step.why and folded in taken:
            step = Step(name, step.source, step.target, WHY["taken"])
        taken.add(folded)
        steps.append(step)
    return steps


def carry_out(steps: Sequence[Step], manner: Manner) -> list[Step]:
    """Do it; returns the same steps, with the reason for each that could not be done."""
    return [step if step.why else _done(step, manner) for step in steps]


def _done(step: Step, manner: Manner) -> Step:
    try:
        step.target.parent.mkdir(parents=True, exist_ok=True)
        if manner == "move" and _linked(step):
            step.source.unlink()
            return step
        _copy(step)
        if manner == "move":
            step.source.unlink()
    except FileExistsError:
        return Step(step.name, step.source, step.target, WHY["taken"])
    except OSError as error:
        why = f"the system refuses ({error.strerror or error})"
        return Step(step.name, step.source, step.target, why)
    return step


def _linked(step: Step) -> bool:
    """Give the file its second name, which fails where that is taken; False on another disk."""
    try:
        os.link(step.source, step.target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        return False
    return True


def _copy(step: Step) -> None:
    """Copy bytes and times; what was begun and failed is removed."""
    with open(step.source, "rb") as source, open(step.target, "xb") as target:
        try:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        except OSError:
            step.target.unlink(missing_ok=True)
            raise
    shutil.copystat(step.source, step.target, follow_symlinks=False)


def _step(name: str, root: Path, to: Path) -> Step:
    inside = PurePosixPath(name)
    if not name or "\0" in name or inside.is_absolute() or ".." in inside.parts:
        return Step(name, root, to, WHY["outside"])
    source, target = root / inside, to / inside
    try:
        about = source.lstat()
        is_inside = source.parent.resolve().is_relative_to(root)
        lands = _landing(target).is_relative_to(_landing(to))
    except (OSError, ValueError, RuntimeError):
        return Step(name, source, target, WHY["missing"])
    if not is_inside or not lands:
        return Step(name, source, target, WHY["outside"])
    if not stat.S_ISREG(about.st_mode):
        return Step(name, source, target, WHY["no file"])
    why = WHY["taken"] if os.path.lexists(target) else ""
    return Step(name, source, target, why)


def _landing(path: Path) -> Path:
    """Where a path that may not be there yet leads, links of what is there followed."""
    return path.parent.resolve() / path.name if not path.is_dir() else path.resolve()


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise DataError(
            f"{printable(str(folder))} is not a folder: files can be taken out of a folder only."
        )
    return folder.resolve()


def _latest(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Of a list of decisions the last of each reviewer on each file; other tables as they are."""
    if "operation" not in table:
        return table
    by = [one for one in ("source", name, "reviewer") if one in table]
    return table.drop_duplicates(by, keep="last")


def _is_true(value: object) -> bool:
    return str(value).strip().lower() in ("true", "1", "1.0")


def _as_written(name: str) -> str:
    """A name without the apostrophe that kept a spreadsheet from taking it for a formula."""
    return name[1:] if name.startswith(FORMULAS) else name
