import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from core.data.offered.gate import Terms, at_path, in_files
from core.data.own import originals, store
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from tests.core.data.own.test_import_images import image_file

FORM = Form((16, 16), 1)
FILES = {f"{'ab'[i % 2]}/{i:02d}.png": image_file(24 + i, 40, 3, seed=i) for i in range(8)}


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def written(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, one in files.items():
            archive.writestr(name, one)
    return content


def set_of(source: Path | io.BytesIO, form: Form = FORM, keeping: Keeping | None = None) -> str:
    terms = Terms()
    offers = (
        at_path(source, terms) if isinstance(source, Path) else in_files([("a.zip", source)], terms)
    )
    draft = gather(offers, form, "a test")
    own = make(draft, "mine", keeping or Keeping())
    draft.discard()
    return own.id


def check_all(data_id: str) -> None:
    for name, content in FILES.items():
        found = originals.original(data_id, name)
        assert found is not None
        np.testing.assert_array_equal(np.asarray(found), pixels(content))


def test_originals_of_a_folder_are_its_files_at_their_own_size(home: Path) -> None:
    data_id = set_of(written(home / "files"))
    check_all(data_id)
    assert not (store.folder_of("mine") / originals.BYTES).exists()


def test_originals_of_an_archive_outlive_the_archive(home: Path) -> None:
    path = home / "a.zip"
    path.write_bytes(zipped(FILES).getvalue())
    data_id = set_of(path)
    path.unlink()
    check_all(data_id)


def test_originals_of_uploads_are_kept_for_the_images_of_the_set_alone(home: Path) -> None:
    twice = {**FILES, "z.png": FILES["a/00.png"]}  # equal: left out
    data_id = set_of(zipped(twice))
    check_all(data_id)
    kept = (store.folder_of("mine") / originals.BYTES).stat().st_size
    assert kept == sum(map(len, FILES.values()))


@pytest.mark.parametrize("name", ["caf\udce9.png", "a\\b.png", "cafe\u0301.png"])
def test_originals_are_found_by_the_path_that_the_system_has(home: Path, name: str) -> None:
    folder = written(home / "files")
    (folder / name).write_bytes(image_file(30, 30, 3, seed=99))
    data_id = set_of(folder)
    (own,) = set(store.load("mine", "all").ids.tolist()) - FILES.keys()
    found = originals.original(data_id, own)
    assert found is not None
    assert found.size == (30, 30)


def test_a_file_that_was_changed_is_not_shown_as_the_original(home: Path) -> None:
    folder = written(home / "files")
    data_id = set_of(folder)
    (folder / "a/00.png").write_bytes(FILES["b/01.png"])
    assert originals.find(data_id, "a/00.png") == originals.Found(None, originals.CHANGED)
    (folder / "a/02.png").write_bytes(b"no image")
    assert originals.find(data_id, "a/02.png") == originals.Found(None, originals.GONE)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(home: Path) -> None:
    folder = written(home / "files")
    data_id = set_of(folder)
    shutil.move(folder / "a/00.png", home / "elsewhere.png")
    (folder / "a/00.png").symlink_to(home / "elsewhere.png")
    assert originals.find(data_id, "a/00.png").why == originals.GONE
    assert originals.missing(data_id, "a/00.png") == originals.GONE
    assert not originals.may_be_had(data_id, "a/00.png")


def test_a_folder_that_is_gone_is_said_in_a_sentence(home: Path) -> None:
    folder = written(home / "files")
    data_id = set_of(folder)
    shutil.rmtree(folder)
    assert originals.missing(data_id, "a/00.png") == originals.GONE


def test_no_more_is_kept_than_allowed_and_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = len(FILES["a/00.png"])
    monkeypatch.setattr(originals, "MOST_BYTES", first)
    draft = gather(in_files([("a.zip", zipped(FILES))], Terms()), FORM, "a test")
    assert "originals of 7 images are not kept" in draft.notes[-1]
    own = make(draft, "mine", Keeping())
    assert originals.original(own.id, "a/00.png") is not None
    assert originals.find(own.id, "b/01.png").why == originals.TOO_MANY


def test_a_picture_of_the_sets_own_size_is_its_own_original(home: Path) -> None:
    files = {f"{i}.png": image_file(16, 16, 3, seed=i) for i in range(4)}
    data_id = set_of(zipped(files), Form((16, 16), 3))
    found = originals.original(data_id, "2.png")
    np.testing.assert_array_equal(np.asarray(found), pixels(files["2.png"]))
    assert not (store.folder_of("mine") / originals.BYTES).exists()


def test_large_pictures_are_shown_smaller_and_in_colour(home: Path) -> None:
    files = {f"{i}.png": image_file(40, 2000, 3, seed=i) for i in range(2)}
    data_id = set_of(zipped(files))
    found = originals.original(data_id, "1.png")
    assert found is not None
    assert (found.size, found.mode) == ((1600, 32), "RGB")


def test_sets_without_originals_say_so_and_named_ones_have_none(home: Path) -> None:
    data_id = set_of(written(home / "files"))
    (store.folder_of("mine") / originals.ORIGIN).unlink()
    assert originals.find(data_id, "a/00.png").why == originals.NO_ORIGINALS
    assert originals.find("mnist-5k", "mnist/00001") == originals.Found(None)
    assert originals.find("own:../mine", "a/00.png") == originals.Found(None)
    assert originals.find(data_id, "../../etc/passwd") == originals.Found(None)


def test_files_come_back_byte_by_byte_with_what_the_camera_wrote(home: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Nikon", "D40"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    content = io.BytesIO()
    Image.new("RGB", (90, 60), (200, 30, 30)).save(content, "JPEG", exif=exif)
    files = {f"{i:02d}.png": image_file(24 + i, 40, 3, seed=i) for i in range(3)}
    data_id = set_of(zipped(files | {"a.jpg": content.getvalue()}))
    assert originals.file_of(data_id, "a.jpg") == content.getvalue()
    found = originals.facts(data_id, "a.jpg")
    assert (found.date, found.camera, found.size) == ("2024-05-06 07:08:09", "Nikon D40", (60, 90))
    assert found.n_bytes == len(content.getvalue())
    assert originals.facts(data_id, "no such image") == originals.Facts()


def test_the_path_of_a_file_is_known_where_it_stayed_and_a_changed_file_is_not_given(
    home: Path,
) -> None:
    folder = written(home / "shots")
    data_id = set_of(folder)
    name = str(store.load("mine", "all").ids[0])
    assert Path(originals.path_of(data_id, name)) == folder / name
    (folder / name).write_bytes(image_file(50, 50, 3, seed=9))
    assert originals.file_of(data_id, name) is None
