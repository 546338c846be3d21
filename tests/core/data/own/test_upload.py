import io
import zipfile

import numpy as np
import pytest

from core.data.offered.files import Offer
from core.data.offered.gate import Terms, in_files
from core.data.own import upload
from core.data.own.upload import read_pictures, unique
from tests.core.hostile_images_for_tests import BROKEN, SOUND, colour, encoded

PNG = encoded(colour(), "PNG")


def archive(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def handed(files: dict[str, bytes]) -> list[tuple[str, io.BytesIO]]:
    return [(name, io.BytesIO(content)) for name, content in files.items()]


def test_files_and_the_files_in_archives_are_offered_alike() -> None:
    files = {"a.png": PNG, "b.zip": archive({"x/c.png": PNG, "x/d.txt": b"words"})}
    offers = in_files(handed(files), Terms())
    assert [offer.name for offer in offers] == ["a.png", "b.zip/x/c.png", "b.zip/x/d.txt"]
    pictures, rejected = read_pictures(offers)
    assert [one.name for one in pictures] == ["a.png", "b.zip/x/c.png"]
    assert [one.name for one in rejected] == ["b.zip/x/d.txt"]


def test_files_of_an_archive_alone_keep_their_own_names() -> None:
    offers = in_files(handed({"b.zip": archive({"x/c.png": PNG})}), Terms())
    assert [offer.name for offer in offers] == ["x/c.png"]


def test_archive_is_known_by_its_content_and_not_by_its_name() -> None:
    files = {"photo.png": archive({"c.png": PNG}), "really.zip": PNG}
    offers = in_files(handed(files), Terms())
    pictures, rejected = read_pictures(offers)
    assert [one.name for one in pictures] == ["photo.png/c.png", "really.zip"]
    assert not rejected


@pytest.mark.parametrize(
    "content", [archive({"c.png": PNG})[:-30], archive({}), b"PK\x03\x04" + bytes(90)]
)
def test_archive_that_cannot_be_used_is_one_rejected_file(content: bytes) -> None:
    offers = in_files(handed({"a.png": PNG, "b.zip": content}), Terms())
    pictures, rejected = read_pictures(offers)
    assert [one.name for one in pictures] == ["a.png"]
    assert [one.name for one in rejected] == ["b.zip"]


def test_accepted_and_rejected_are_together_what_was_offered() -> None:
    files = {name: make() for name, make in (SOUND | BROKEN).items()}
    told: list[tuple[int, int | None]] = []
    offers = in_files(handed(files), Terms())
    pictures, rejected = read_pictures(offers, lambda *amounts: told.append(amounts))
    assert len(pictures) + len(rejected) == len(files) == len(offers)
    assert {one.name for one in pictures} == SOUND.keys()
    assert told[-1] == (len(files), len(files))


def test_same_name_twice_becomes_two_names() -> None:
    offers = in_files([("a.png", io.BytesIO(PNG)), ("a.png", io.BytesIO(PNG))], Terms())
    pictures, _ = read_pictures(offers)
    assert [one.name for one in pictures] == ["a.png", "a.png (2)"]


@pytest.mark.parametrize("name", ["", "x" * 5_000, "half \udcff a letter"])
def test_any_name_becomes_one_that_can_be_shown_and_kept(name: str) -> None:
    found = unique(name, set())
    assert 0 < len(found) <= 200
    found.encode()


def test_more_pictures_than_are_looked_at_are_rejected_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "MOST", 2)
    pictures, rejected = read_pictures([Offer(str(i), lambda: PNG) for i in range(5)])
    assert (len(pictures), len(rejected)) == (2, 3)
    assert "make a data set" in rejected[0].reason


def test_many_large_pictures_are_kept_small_enough_for_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "WORKING_BYTES", 30_000)
    large = encoded(colour().resize((400, 300)), "JPEG")
    pictures, _ = read_pictures([Offer(str(i), lambda: large) for i in range(4)])
    held = sum(np.asarray(one.picture.image).nbytes for one in pictures)
    assert held <= 30_000
    assert {one.size for one in pictures} == {(300, 400)}
