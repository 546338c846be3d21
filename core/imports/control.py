"""Starts, repeats, cancels and removes imports, and cleans up after them, from any process."""

import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from core.computing.pool import ENVIRONMENT, default_workers
from core.config import DataError, TrainingError, python
from core.data.own import draft as drafts
from core.data.own.draft import Form
from core.imports import DRAFT, IMPORT, Import, ImportStatus, execute, found, imports_dir, read
from core.imports import write_config as write_config_of
from core.runs import control as run_control
from core.runs.status import replace_state, write_status

KEPT_SECONDS = drafts.DRAFT_SECONDS  # that an import nobody looks at is kept
USED_SECONDS = 600  # between two notes that it is looked at


def start(one: Import) -> Import:
    """Begin to read, in a process of its own; it waits in the queue by itself.

    With HOURGLASS_WORKERS=0 a thread of this process reads.
    Raises DataError if it is being read already, or was removed.
    """
    one = read(one.folder)
    if one.is_live:
        raise DataError(f"{one.config.source} is being read already.")
    if default_workers():
        command = python("core.imports.execute", one.id)
        run_control.launch_in(one.folder, ImportStatus(), command, ENVIRONMENT)
    else:
        write_status(one.folder, ImportStatus())
        _in_thread(one)
    return read(one.folder)


def _in_thread(one: Import) -> None:
    begun = threading.Event()
    threading.Thread(target=execute.execute, args=(one, begun.set), daemon=True).start()
    begun.wait()


def again(one: Import, form: Form | None = None) -> Import:
    """Read the files once more, from the first on.  form: how they are prepared now."""
    one = read(one.folder)
    if one.is_live:
        raise DataError(f"{one.config.source} is being read already.")
    if form is not None:
        write_config_of(one.folder, msgspec.structs.replace(one.config, form=form))
    shutil.rmtree(one.folder / DRAFT, ignore_errors=True)
    write_status(one.folder, replace_state(one.status, "interrupted"))
    return start(one)


def remove(one: Import) -> None:
    """End an import if it is being read, and delete its folder with all that was read.

    Raises DataError if its process cannot be ended from here, or the disk refuses.
    """
    if not one.folder.is_dir():
        return
    if read(one.folder).is_live and not run_control.end_work(one.folder):
        raise DataError(
            f"The process that reads {one.config.source} cannot be ended from here: end process "
            f"{one.status.pid} of the machine that it runs on."
        )
    try:
        run_control.delete_folder(one.folder)
    except TrainingError as error:
        raise DataError(str(error)) from error


def note_use(one: Import) -> None:
    """Note that somebody looks at an import, which is then kept for another day."""
    with suppress(OSError):
        if time.time() - (one.folder / IMPORT).stat().st_mtime > USED_SECONDS:
            os.utime(one.folder / IMPORT)


def tidy() -> None:
    """Remove imports that nobody has looked at for a day, and what killed processes have left.

    What is being read stays.
    """
    drafts.forget_abandoned_drafts()
    run_control.empty_trash(imports_dir())
    known = {one.folder: one for one in found()}
    for folder in imports_dir().glob("[!.]*") if imports_dir().is_dir() else ():
        one = known.get(folder)
        if (one is None or not one.is_live) and _age(folder) > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    """Seconds since an import was read or looked at."""
    seen = []
    for path in (folder, folder / IMPORT, folder / "status.json"):
        with suppress(OSError):
            seen.append(path.stat().st_mtime)
    return time.time() - max(seen, default=0.0)
