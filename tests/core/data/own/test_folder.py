import io
import os
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import DataError
from core.data import catalogue
from core.data.offered import files as offers
from core.data.offered.files import Offer
from core.data.offered.gate import Terms, in_folder
from core.data.offered.names import MAX_NAME
from core.data.own import folder as folders
from core.data.own.folder import Choice, from_offers, load_path
from core.images.imagesets import ImageSet, Rejected
from tests.core.data.own.test_import_images import image_file
from tests.core.hostile_images_for_tests import BROKEN, SOUND
from tests.core.larger_data_for_tests import FOLDER

CIFAR = FOLDER / "cifar10-sample.zip"
RNG = np.random.default_rng(8)


def png(height: int = 16, width: int = 16, channels: int = 3) -> bytes:
    shape = (height, width, 3) if channels == 3 else (height, width)
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8)).save(file, format="PNG")
    return file.getvalue()


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def load_folder(path: Path, choice: Choice) -> ImageSet:
    return load_path(f"folder:{path}", choice)


def offering(files: dict[str, bytes]) -> list[Offer]:
    return [Offer(name, lambda content=content: content) for name, content in files.items()]  # type: ignore[misc]


def classes(images: ImageSet) -> dict[str, str]:
    return {name: images.label_name(i) for i, name in enumerate(images.ids.tolist())}


ANIMALS = {f"{kind}/{i}.png": png() for kind in ("cat", "ant", "bee") for i in range(20)}


def test_classes_that_are_numbers_stand_in_the_order_of_numbers(tmp_path: Path) -> None:
    files = {f"{number}/{i}.png": png() for number in range(12) for i in range(2)}
    images = load_folder(fill(tmp_path, files), Choice())
    assert images.class_names == tuple(map(str, range(12)))
    assert classes(images) == {name: name.split("/")[0] for name in files}


def test_folder_a_class_gives_classes_in_alphabetical_order(tmp_path: Path) -> None:
    images = load_folder(fill(tmp_path, ANIMALS), Choice())
    assert images.class_names == ("ant", "bee", "cat")
    assert classes(images) == {name: name.split("/")[0] for name in ANIMALS}
    assert (images.id, images.split) == (f"folder:{tmp_path}", "all")


def test_images_are_the_files_of_their_names(tmp_path: Path) -> None:
    images = load_folder(fill(tmp_path, ANIMALS), Choice())
    for name, x in zip(images.ids.tolist(), images.images, strict=True):
        with Image.open(io.BytesIO(ANIMALS[name])) as image:
            assert np.array_equal(x, np.asarray(image).transpose(2, 0, 1))


def test_flat_folder_has_no_labels(tmp_path: Path) -> None:
    images = load_folder(fill(tmp_path, {"a.png": png(), "b.png": png()}), Choice())
    assert images.labels is None
    assert images.class_names == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["set/cat/a", "set/dog/b"], ["cat", "dog"]),
        (["set/images/cat/a", "set/images/dog/b"], ["cat", "dog"]),
        (["set/a", "set/b"], ["", ""]),
        (["train/cat/a", "test/cat/b"], ["cat", "cat"]),
        (["cat/a", "b"], ["cat", "(none)"]),
        (["cat/x/a", "cat/b"], ["x", "(none)"]),
    ],
)
def test_class_is_the_folder_without_the_folders_that_all_share(
    names: list[str], expected: list[str]
) -> None:
    images = from_offers("some", offering({name: png() for name in names}), Choice())
    assert [classes(images)[name] for name in names] == expected


def test_zip_gives_the_same_set_as_the_folder_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "animals.zip").write_bytes(zipped(ANIMALS).getvalue())
    packed = load_path(f"zip:{tmp_path}/animals.zip", Choice())
    plain = load_folder(fill(tmp_path / "animals", ANIMALS), Choice())
    assert packed.ids.tolist() == plain.ids.tolist()
    assert np.array_equal(packed.images, plain.images)
    assert packed.id == f"zip:{tmp_path}/animals.zip"


def test_splits_are_disjoint_whole_and_about_a_fifth_for_testing() -> None:
    many = offering({f"{i}.png": png(8, 8) for i in range(500)})
    train, test = (from_offers("some", many, Choice(split)) for split in ("train", "test"))
    assert not set(train.ids) & set(test.ids)
    assert len(train) + len(test) == 500
    assert 75 <= len(test) <= 125


def test_split_does_not_depend_on_listing_order_nor_on_other_files() -> None:
    files = {f"{i}.png": png(8, 8) for i in range(100)}
    test = from_offers("some", offering(files), Choice("test"))
    reverse = from_offers("some", offering(files)[::-1], Choice("test"))
    assert test.ids.tolist() == reverse.ids.tolist()
    more = files | {f"more-{i}.png": png(8, 8) for i in range(50)}
    assert set(test.ids) <= set(from_offers("some", offering(more), Choice("test")).ids)


def test_split_depends_on_the_seed() -> None:
    files = offering({f"{i}.png": png(8, 8) for i in range(100)})
    first, second = (set(from_offers("s", files, Choice("test", seed=s)).ids) for s in (0, 1))
    assert first != second


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_neither_split_of_a_few_images_is_empty(n: int) -> None:
    for attempt in range(20):
        few = offering({f"{attempt}-{i}.png": png(8, 8) for i in range(n)})
        assert all(len(from_offers("some", few, Choice(split))) for split in ("train", "test"))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(20, 30), (20, 30)], (20, 30)),
        ([(20, 30), (20, 30), (30, 20)], (64, 64)),
        ([(30, 20), *[(20, 30)] * 5], (64, 64)),
        ([(128, 128)] * 2, (128, 128)),
        ([(129, 128)] * 2, (64, 64)),
        ([(7, 9)] * 2, (64, 64)),
        ([(200, 300), (64, 64)], (64, 64)),
    ],
)
def test_images_keep_their_size_only_if_it_is_small_and_the_same(
    sizes: list[tuple[int, int]], expected: tuple[int, int]
) -> None:
    files = {f"{i}.png": png(*size) for i, size in enumerate(sizes)}
    assert from_offers("some", offering(files), Choice()).shape == (3, *expected)


def test_image_of_another_size_changes_earlier_ones_as_if_it_had_come_first() -> None:
    files = {f"{i}.png": png(20, 30) for i in range(6)} | {"odd.png": png(40, 20)}
    at_once = from_offers("some", offering(files), Choice(size=(64, 64)))
    assert np.array_equal(from_offers("some", offering(files), Choice()).images, at_once.images)


def test_images_are_brought_to_the_size_asked_for() -> None:
    images = from_offers("some", offering({"a.png": png(50, 90)}), Choice(size=(28, 20)))
    assert images.shape == (3, 28, 20)


@pytest.mark.parametrize("size", [(7, 8), (8, 513), (0, 0), (-5, 20), (10**9, 10**9)])
def test_size_outside_the_bounds_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="8 to 512 pixels"):
        Choice(size=size)


def test_unknown_split_of_a_folder_is_refused() -> None:
    with pytest.raises(DataError, match="choose train, test or all"):
        catalogue.load("folder:somewhere", "valid")


def test_set_is_grey_only_if_all_images_are() -> None:
    grey = {"a.png": png(channels=1), "b.png": png(channels=1)}
    assert from_offers("some", offering(grey), Choice()).shape == (1, 16, 16)
    mixed = from_offers("some", offering(grey | {"c.png": png()}), Choice())
    assert mixed.shape == (3, 16, 16)
    one = mixed.images[mixed.positions(["a.png"])[0]]
    assert np.array_equal(one[0], one[2])


def test_every_file_offered_is_accepted_or_rejected_with_a_reason(tmp_path: Path) -> None:
    files = {f"sound/{name}": make() for name, make in SOUND.items()}
    files |= {f"broken/{name}": make() for name, make in BROKEN.items()}
    images = load_folder(fill(tmp_path, files), Choice())
    assert sorted(images.ids) == sorted(f"sound/{name}" for name in SOUND)
    assert sorted(name for name, _ in images.rejected) == sorted(f"broken/{n}" for n in BROKEN)
    assert all(reason.startswith("It ") and reason.endswith(".") for _, reason in images.rejected)


def test_rejected_files_are_named_with_every_split(tmp_path: Path) -> None:
    files = {f"{i}.png": png() for i in range(9)} | {"notes.txt": b"no image"}
    fill(tmp_path, files)
    reason = "It is no PNG, JPEG, BMP, TIFF, WebP or GIF image, or its beginning is damaged."
    for split in ("train", "test", "all"):
        images = catalogue.load(f"folder:{tmp_path}", split)
        assert images.rejected == (Rejected("notes.txt", reason),)


def test_names_that_come_twice_or_are_too_long_are_rejected() -> None:
    names = ["a.png", "a.png", "b" * 500 + ".png"]
    twice = [Offer(name, png) for name in names]
    images = from_offers("some", twice, Choice())
    assert images.ids.tolist() == ["a.png"]
    assert [name for name, _ in images.rejected] == ["a.png", "b" * MAX_NAME]


def test_images_that_need_too_much_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_BYTES", 5 * 3 * 64)
    files = {f"{i}.png": png(8, 8) for i in range(6)}
    with pytest.raises(DataError, match="more than 2 GB: choose fewer, or a smaller size"):
        from_offers("some", offering(files), Choice())


def test_folder_without_an_image_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": b"text", "b.txt": b""})
    with pytest.raises(DataError, match=r"no image that can be read of 2 files, .*because: It is"):
        load_folder(tmp_path, Choice())


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_empty_source_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "zip").write_bytes(zipped({}).getvalue())
    with pytest.raises(DataError, match="has no image that can be read of 0 files"):
        catalogue.load(f"{kind}:{tmp_path / kind}", "all")


@pytest.mark.parametrize("name", ["absent", "file"])
def test_path_that_is_no_folder_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(png())
    with pytest.raises(DataError, match="is not a folder"):
        catalogue.load(f"folder:{tmp_path / name}")


def test_hidden_files_pipes_and_linked_folders_are_no_offers(tmp_path: Path) -> None:
    fill(tmp_path / "in", {"a.png": png(), ".hidden.png": png(), ".git/b.png": png()})
    fill(tmp_path / "out", {"c.png": png()})
    os.mkfifo(tmp_path / "in" / "pipe.png")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    images = load_folder(tmp_path / "in", Choice())
    assert images.ids.tolist() == ["a.png"]
    assert images.rejected == ()


def test_link_to_a_file_is_followed_and_a_broken_one_is_rejected(tmp_path: Path) -> None:
    fill(tmp_path / "in", {"a.png": png()})
    fill(tmp_path / "out", {"c.png": png()})
    (tmp_path / "in" / "c.png").symlink_to(tmp_path / "out" / "c.png")
    (tmp_path / "in" / "d.png").symlink_to(tmp_path / "nowhere")
    images = load_folder(tmp_path / "in", Choice())
    assert sorted(images.ids) == ["a.png", "c.png"]
    assert [name for name, _ in images.rejected] == ["d.png"]


def test_name_that_is_not_unicode_is_made_so(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(path, "wb") as file:
        file.write(png())
    assert load_folder(tmp_path, Choice()).ids.tolist() == ["café.png"]


def test_folder_of_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "MAX_FILES", 2)
    fill(tmp_path, {f"{i}.png": png() for i in range(3)})
    with pytest.raises(DataError, match="more than 2 files"):
        load_folder(tmp_path, Choice())


def test_progress_tells_the_files_done_of_all(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    fill(tmp_path, {"a.png": png(), "b.txt": b"", "c.png": png()})
    catalogue.load(f"folder:{tmp_path}", "all", progress=lambda *amounts: told.append(amounts))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_model_may_be_trained_on_a_folder_without_one_of_its_classes(tmp_path: Path) -> None:
    name = f"folder:{fill(tmp_path, ANIMALS)}"
    images = catalogue.training_images(name, ("bee",))
    assert {images.label_name(i) for i in range(len(images))} == {"ant", "cat"}
    flat = f"folder:{fill(tmp_path / 'flat', {'a.png': png(), 'b.png': png()})}"
    with pytest.raises(DataError, match=r"no class 'bee': its classes are none\."):
        catalogue.training_images(flat, ("bee",))


def test_folder_that_was_moved_while_reading_is_all_rejected(tmp_path: Path) -> None:
    fill(tmp_path / "in", ANIMALS)
    listed = in_folder(tmp_path / "in", Terms())
    shutil.rmtree(tmp_path / "in")
    with pytest.raises(DataError, match="cannot be opened"):
        from_offers("some", listed, Choice())


@pytest.mark.skipif(
    not CIFAR.is_file(), reason="put cifar10-sample.zip into the folder HOURGLASS_TEST_DATA names"
)
def test_zip_of_6000_photographs_is_read_within_seconds() -> None:
    started = time.process_time()  # whatever else the machine does
    images = catalogue.load(f"zip:{CIFAR}", "all")
    assert time.process_time() - started < 15  # about 1.1 on one idle core
    assert (len(images), images.shape) == (6_000, (3, 32, 32))
    assert len(images.class_names) == 10
    assert images.rejected == ()


def test_images_at_a_path_take_over_parts_and_leave_masks_out(tmp_path: Path) -> None:
    names = [f"train/good/{i}.png" for i in range(6)] + ["test/good/6.png", "test/crack/7.png"]
    for i, name in enumerate([*names, "ground_truth/crack/7_mask.png"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(image_file(16, 16, seed=i))
    images = load_path(f"folder:{tmp_path}", Choice("all"))
    assert sorted(images.ids.tolist()) == sorted(names)
    assert images.class_names == ("crack", "good")
    assert {name: images.label_name(i) for i, name in enumerate(images.ids.tolist())} == {
        name: name.split("/")[1] for name in names
    }
    (said,) = images.notes
    assert said.startswith("1 mask of defects is left out.")
    for split in ("train", "test"):
        found = load_path(f"folder:{tmp_path}", Choice(split))
        assert sorted(found.ids.tolist()) == [one for one in sorted(names) if split in one]


def test_images_at_a_path_take_classes_and_parts_of_a_table_beside_them(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(image_file(16, 16, seed=i))
    rows = [f"{i}.png\t{'ab'[i % 2]}\t{'Training' if i < 5 else 'validation'}" for i in range(8)]
    (tmp_path / "labels.tsv").write_text("\n".join(["File\tClass\tSplit", *rows]))
    images = load_path(f"folder:{tmp_path}", Choice("test"))
    assert {i: images.label_name(k) for k, i in enumerate(images.ids.tolist())} == {
        "5.png": "b", "6.png": "a", "7.png": "b"
    }  # fmt: skip
    assert not images.rejected
