"""Imports in the background: the draft they make, what their folders say, what is left of them."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import imports, locks
from core.config import PROJECT, DataError
from core.data.offered.gate import Terms, at_path, in_files
from core.data.own import draft as drafts
from core.data.own.draft import Draft, Form
from core.data.own.import_images import gather
from core.data.own.store import own_dir
from core.imports import Import, ImportConfig, ImportStatus, control, execute
from core.runs.status import lock_of, write_status

FORM = Form((16, 16), 1, "pad")
SECONDS = 60  # a busy machine is slow and not wrong
posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture
def archive(home: Path) -> Iterator[io.BytesIO]:
    """Two classes of pictures, one of them twice, and a file that is none."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for i in range(4):
            packed.writestr(f"class {i % 2}/é{i}.png", picture(i % 3))
        packed.writestr("class 0/notes.png", b"no picture")
    yield file
    for one in imports.found():
        control.remove(one)


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def handed_over(archive: io.BytesIO, created: float | None = None) -> Import:
    """An import of the archive that has not begun."""
    config = ImportConfig("a.zip", created or time.time(), FORM, files=("a.zip",))
    return imports.create(config, [archive])


def wait_for(one: Import, ready: Callable[[Import], bool]) -> Import:
    until = time.monotonic() + SECONDS
    while not ready(now := imports.read(one.folder)):
        assert time.monotonic() < until, now.status
        time.sleep(0.02)
    return now


def check_equal(found: Draft, expected: Draft) -> None:
    for name in ("names", "rejected", "labels", "notes", "form", "source", "preparation"):
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_array_equal(found.pixels(), expected.pixels())
    for name in ("equal", "near", "sides"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(found.looks.tones, expected.looks.tones)


def endless(packed: Path) -> Path:
    """A folder whose reading takes long enough to be caught at it."""
    packed.mkdir()
    for i in range(3_000):
        (packed / f"{i}.png").write_bytes(picture(i % 50))
    return packed


def test_import_makes_the_draft_that_reading_the_files_makes(archive: io.BytesIO) -> None:
    expected = gather(in_files([("a.zip", archive)], Terms()), FORM, "a.zip")
    one = handed_over(archive)
    assert (one.state, one.is_live) == ("interrupted", False)
    execute.execute(one)
    done = imports.get(one.id)
    assert done.is_read
    check_equal(done.draft(), expected)
    expected.discard()


def test_import_of_a_path_is_that_of_what_lies_there(archive: io.BytesIO, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(archive.getvalue())
    expected = gather(at_path(path, Terms()), FORM, "mine.zip")
    one = imports.create(ImportConfig("mine.zip", 1.0, FORM, path=str(path)))
    execute.execute(one)
    check_equal(imports.read(one.folder).draft(), expected)


def test_import_without_an_image_failed_with_the_reason_and_can_be_removed(home: Path) -> None:
    config = ImportConfig("a.png", 1.0, FORM, files=("a.png",))
    one = imports.create(config, [io.BytesIO(b"no picture")])
    execute.execute(one)
    failed = imports.read(one.folder)
    assert failed.state == "failed"
    assert "no image that can be read" in failed.status.reason
    control.remove(failed)
    assert imports.found() == ()


def test_disk_that_refuses_uploads_is_told(home: Path) -> None:
    (home / "data").write_text("where the folder should be")
    with pytest.raises(DataError, match="free some space"):
        imports.create(ImportConfig("a.png", 1.0, FORM, files=("a.png",)), [io.BytesIO(b"x")])


@posix
def test_killed_import_is_told_and_read_again_from_the_files_that_were_kept(
    archive: io.BytesIO, tmp_path: Path
) -> None:
    folder = endless(tmp_path / "many")
    one = control.start(imports.create(ImportConfig("many", 1.0, FORM, path=str(folder))))
    assert one.is_live
    begun = wait_for(one, lambda now: now.status.n_done > 0)
    assert os.getpgid(begun.status.pid) == begun.status.pid  # it outlives a server that is ended
    with pytest.raises(DataError, match="already"):
        control.again(begun)
    os.kill(begun.status.pid, signal.SIGKILL)
    killed = wait_for(one, lambda now: not now.is_live)
    assert killed.state == "interrupted"
    assert "killed" in killed.status.reason
    control.again(killed, Form((20, 20), 1))
    wait_for(one, lambda now: now.status.n_done > 0 or now.is_read)
    began = time.monotonic()
    control.remove(imports.read(one.folder))
    assert time.monotonic() - began < 15  # two on a quiet machine
    assert imports.found() == ()


def test_imports_beyond_the_places_wait_and_the_oldest_goes_first(
    archive: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "MOST_AT_ONCE", 1)
    first, second, third = (handed_over(archive, created=float(i)) for i in (1, 2, 3))
    held = [locks.take(lock_of(one.folder)) for one in (first, second, third)]
    for one, state in ((first, "running"), (second, "queued"), (third, "queued")):
        write_status(one.folder, ImportStatus(state=state))  # type: ignore[arg-type]
    every = imports.found()
    by_id = {one.id: one for one in every}
    ahead = [execute.n_ahead(by_id[one.id], every) for one in (second, third)]
    assert ahead == [1, 2]
    for lock in held:
        assert lock is not None
        lock.release()
    assert all(one.state == "interrupted" for one in imports.found())


def test_import_nobody_looked_at_for_a_day_is_removed_and_one_being_read_stays(
    archive: io.BytesIO,
) -> None:
    old, used, live = (handed_over(archive, created=float(i)) for i in (1, 2, 3))
    before = time.time() - 2 * control.KEPT_SECONDS
    for one in (old, used, live):
        for path in (one.folder / "import.json", one.folder / "status.json", one.folder):
            os.utime(path, (before, before))
    control.note_use(used)
    lock = locks.take(lock_of(live.folder))
    write_status(live.folder, ImportStatus(state="running"))
    os.utime(live.folder / "status.json", (before, before))
    os.utime(live.folder, (before, before))
    control.tidy()
    assert {one.id for one in imports.found()} == {used.id, live.id}
    assert lock is not None
    lock.release()


def test_damaged_import_is_left_out_of_the_list(archive: io.BytesIO) -> None:
    one = handed_over(archive)
    for content in (b"{}", b"\xff", b'{"source":"a","created":1,"form":{"size":[1,1]}}'):
        (one.folder / "import.json").write_bytes(content)
        assert imports.found() == ()
        with pytest.raises(DataError, match="not there any more"):
            imports.get(one.id)
    with pytest.raises(DataError, match="no import"):
        imports.get("../x")


def test_draft_that_was_damaged_is_one_sentence(archive: io.BytesIO) -> None:
    one = handed_over(archive)
    execute.execute(one)
    for content in (b"", b"PK\x03\x04 broken"):
        (one.folder / "draft" / "known.npz").write_bytes(content)
        with pytest.raises(DataError, match="read its files again"):
            imports.read(one.folder).draft()


def test_draft_of_a_killed_process_is_left_to_nobody(home: Path) -> None:
    script = (
        "import sys; from core.data.own import draft;"
        "context = draft.draft_folder(); folder, _ = context.__enter__();"
        "print(folder, flush=True);"
        "sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().decode().strip())
    assert folder.parent == own_dir()
    past = time.time() - 2 * drafts.NEW_SECONDS
    os.utime(folder, (past, past))
    drafts.forget_abandoned_drafts()
    assert folder.exists()  # its process is at work
    process.kill()
    process.communicate()
    drafts.forget_abandoned_drafts()
    assert not folder.exists()


def test_progress_tells_the_time_left_and_cancelling_ends_the_reading(
    archive: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "TELL_SECONDS", 0.0)
    one, told = handed_over(archive), list[Any]()

    def look(folder: Path, status: ImportStatus, durable: bool = True) -> None:
        write_status(folder, status, durable)
        told.append(status)
        if status.n_done == 3:
            (folder / "request").write_bytes(b"cancel")

    monkeypatch.setattr(execute, "write_status", look)
    execute.execute(one)
    assert imports.read(one.folder).state == "cancelled"
    assert not (one.folder / "draft").exists()
    running = [status for status in told if status.n_done and status.state == "running"]
    assert [status.n_done for status in running] == [1, 2, 3]
    assert running[0].n_files == 5
    assert running[-1].seconds_left >= 0


def test_import_that_takes_too_much_memory_ends_and_says_so(
    archive: io.BytesIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = handed_over(archive)
    monkeypatch.setattr(execute, "MOST_BYTES", 0)
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit):
        execute._watch_memory(one)
    ended = imports.read(one.folder)
    assert ended.state == "failed"
    assert "not enough memory" in ended.status.reason
