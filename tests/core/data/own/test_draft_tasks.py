"""Reading images in another process: the same draft as without, and nothing left behind."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.computing.tasks import carry_out, task
from core.config import DataError
from core.data.offered.gate import Terms, at_path, in_files
from core.data.own import draft_tasks, store
from core.data.own.draft import Form
from core.data.own.import_images import gather

FORM = Form((16, 16), 1, "pad")


@pytest.fixture
def archive(home: Path) -> io.BytesIO:
    """Two classes of pictures, one of them twice, and a file that is none."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for i in range(4):
            packed.writestr(f"class {i % 2}/é{i}.png", picture(i % 3))
        packed.writestr("class 0/notes.png", b"no picture")
    return file


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def left() -> list[str]:
    """What uploads have left in the folder of own sets."""
    return [path.name for path in store.own_dir().glob("*upload*")]


def test_draft_of_uploaded_files_is_that_of_the_files_themselves(archive: io.BytesIO) -> None:
    expected = gather(in_files([("a.zip", archive)], Terms()), FORM, "a.zip")
    with draft_tasks.on_disk([("a.zip", archive)]) as files:
        assert left()
        asked = task(draft_tasks.read, files, "", FORM, "", "a.zip", "1", title="Reading")
        found = draft_tasks.as_draft(carry_out(asked), FORM, "a.zip")
    assert left() == []
    for name in ("names", "rejected", "labels", "notes", "form", "source"):
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_array_equal(found.pixels(), expected.pixels())
    np.testing.assert_array_equal(found.equal, expected.equal)
    np.testing.assert_array_equal(found.sides, expected.sides)
    assert len(found) == 4
    assert len(found.rejected) == 1


def test_draft_of_a_path_is_that_of_what_lies_there(archive: io.BytesIO, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(archive.getvalue())
    expected = gather(at_path(path, Terms()), FORM, "mine.zip")
    found = draft_tasks.as_draft(
        draft_tasks.read((), str(path), FORM, "", "mine.zip", "1"), FORM, "mine.zip"
    )
    assert found.names == expected.names
    np.testing.assert_array_equal(found.pixels(), expected.pixels())


def test_uploads_do_not_stay_on_the_disk_when_reading_fails(home: Path) -> None:
    with (
        pytest.raises(DataError, match="no image that can be read"),
        draft_tasks.on_disk([("a.png", io.BytesIO(b"no picture"))]) as files,
    ):
        draft_tasks.read(files, "", FORM, "", "a.png", "1")
    assert left() == []


def test_disk_that_refuses_uploads_is_told(home: Path) -> None:
    (home / "data").write_text("where the folder should be")
    with (
        pytest.raises(DataError, match="free some space"),
        draft_tasks.on_disk([("a.png", io.BytesIO(b"x"))]),
    ):
        pass
