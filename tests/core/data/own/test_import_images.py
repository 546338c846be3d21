import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.config import DataError, ImageRejected
from core.data.offered.files import Offer
from core.data.offered.gate import Terms, in_folder
from core.data.own import draft as drafts
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.store import own_dir
from core.images import duplicates
from core.images.preparation import Preparation, legacy, prepare
from core.images.reading import read_raw
from tests.core.hostile_images_for_tests import BROKEN, SOUND, encoded

GREY_16, FORM_64 = Form((16, 16), 1), Form((64, 64), 3)
RNG = np.random.default_rng(6)


def image_file(*shape: int, seed: int = 0, kind: str = "PNG") -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return encoded(Image.fromarray(values), kind)


def offers(files: dict[str, bytes]) -> list[Offer]:
    return [Offer(name, lambda content=content: content) for name, content in files.items()]  # type: ignore[misc]


def left_behind() -> list[Path]:
    return list(own_dir().iterdir()) if own_dir().exists() else []


def test_every_file_is_an_image_of_the_draft_or_rejected_with_a_reason(home: Path) -> None:
    files = {f"sound/{name}": make() for name, make in SOUND.items()}
    files |= {f"broken/{name}": make() for name, make in BROKEN.items()}
    draft = gather(offers(files), Form((24, 20)), "a test")
    assert draft.n_offered == len(files) == len(draft) + len(draft.rejected)
    assert len(draft) == len(SOUND)
    assert all(one.reason.endswith(".") for one in draft.rejected)
    assert {name.split("/")[0] for name in draft.names} == {"sound"}


@pytest.mark.parametrize("form", [GREY_16, Form((20, 32), 3), Form((16, 18), 3, "pad")])
def test_pixels_of_the_draft_are_each_image_formed_by_itself(home: Path, form: Form) -> None:
    files = {f"{i:02d}.png": image_file(10 + i, 30, 3, seed=i) for i in range(9)}
    draft = gather(offers(files), form, "a test")
    expected = [prepare(read_raw(content), draft.preparation) for content in files.values()]
    np.testing.assert_array_equal(draft.pixels(), np.stack(expected))
    assert draft.sides.tolist() == [[10 + i, 30] for i in range(9)]


def test_repeats_near_repeats_and_small_images_are_found_and_told_apart(home: Path) -> None:
    smooth = np.asarray(
        Image.fromarray(RNG.integers(0, 256, (5, 5), dtype=np.uint8)).resize((64, 64), 2)
    )
    brighter = np.clip(smooth.astype(int) + 2, 0, 255).astype(np.uint8)
    files = {
        "a.png": encoded(Image.fromarray(smooth), "PNG"),
        "b.bmp": encoded(Image.fromarray(smooth), "BMP"),
        "c.png": encoded(Image.fromarray(brighter), "PNG"),
        "d.png": image_file(64, 64, seed=9),
        "e.png": image_file(7, 64, seed=10),
    }
    draft = gather(offers(files), GREY_16, "a test")
    assert draft.repeats().tolist() == [False, True, False, False, False]
    assert draft.near_repeats().tolist() == [False, False, True, False, False]
    assert draft.small().tolist() == [False, False, False, False, True]


def test_draft_does_not_depend_on_the_order_in_which_files_come(home: Path) -> None:
    files = {f"{i}.png": image_file(20, 20, seed=i) for i in range(6)}
    one = gather(offers(files), GREY_16, "a test")
    other = gather(offers(dict(reversed(files.items()))), GREY_16, "a test")
    assert one.names == other.names
    np.testing.assert_array_equal(one.pixels(), other.pixels())


def test_name_offered_twice_and_name_too_long_are_rejected(home: Path) -> None:
    content = image_file(20, 20)
    given = [Offer(name, lambda: content) for name in ("a.png", "a.png", "x" * 401, "nul\0.png")]
    draft = gather(given, GREY_16, "a test")
    assert draft.names == ("a.png",)
    assert len(draft.rejected) == 3


def test_progress_is_told_after_every_file(home: Path) -> None:
    files = {f"{i}.png": image_file(20, 20, seed=i) for i in range(4)} | {"x": b"no image"}
    told: list[tuple[int, int | None]] = []
    gather(offers(files), GREY_16, "a test", lambda *amounts: told.append(amounts))
    assert told == [(i, 5) for i in range(1, 6)]


def test_nothing_that_can_be_read_is_one_sentence_and_leaves_nothing(home: Path) -> None:
    with pytest.raises(DataError, match=r"The file is no image that can be read\. It is no PNG"):
        gather(offers({"a.txt": b"words"}), GREY_16, "a test")
    assert left_behind() == []


def test_gathering_stopped_half_way_leaves_nothing(home: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        if done == 2:
            raise Stop

    files = {f"{i}.png": image_file(20, 20, seed=i) for i in range(4)}
    with pytest.raises(Stop):
        gather(offers(files), GREY_16, "a test", stop)
    assert left_behind() == []


def test_disk_that_refuses_is_one_sentence_and_leaves_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        free = 10

    monkeypatch.setattr("core.data.own.draft.shutil.disk_usage", lambda _: Full)
    with pytest.raises(DataError, match="the disk has not"):
        gather(offers({"a.png": image_file(20, 20)}), GREY_16, "a test")
    assert left_behind() == []


def test_file_that_vanishes_while_it_is_read_is_rejected(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(image_file(20, 20, seed=ord(name[0])))
    found = in_folder(folder, Terms())
    (folder / "b.png").unlink()
    draft = gather(found, GREY_16, "a test")
    assert draft.names == ("a.png",)
    assert "cannot be opened" in draft.rejected[0].reason


def test_draft_of_yesterday_is_thrown_away_and_a_fresh_one_stays(home: Path) -> None:
    first = gather(offers({"a.png": image_file(20, 20)}), GREY_16, "a test")
    old = own_dir() / f"{drafts.DRAFT}old"
    old.mkdir()
    os.utime(old, (0, time.time() - 2 * drafts.DRAFT_SECONDS))
    gather(offers({"a.png": image_file(20, 20)}), GREY_16, "a test")
    assert not old.exists()
    assert first.folder.exists()
    first.discard()
    assert not first.folder.exists()


@pytest.mark.parametrize("wrong", [{"size": (15, 28)}, {"size": (28, 513)}, {"channels": 2}])
def test_form_outside_its_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DataError):
        Form(**({"size": (28, 28)} | wrong))  # type: ignore[arg-type]


def test_handwriting_is_brought_to_the_form_of_mnist(home: Path) -> None:
    paper = np.full((300, 200), 240, np.uint8)
    paper[100:200, 40:60] = 30
    draft = gather(
        offers({"one.png": encoded(Image.fromarray(paper), "PNG")}),
        Form((28, 28), 1, "digit"),
        "a test",
    )
    x = draft.pixels()[0, 0]
    rows = np.flatnonzero(x.max(axis=1) > 64)
    assert x[0, 0] == 0
    assert rows[-1] - rows[0] + 1 in (20, 21)


def test_reading_that_fails_for_one_file_does_not_stop_the_others(home: Path) -> None:
    def refuse() -> bytes:
        raise ImageRejected("It is locked.")

    given = [Offer("a", refuse), *offers({"b.png": image_file(20, 20)})]
    draft = gather(given, GREY_16, "a test")
    assert draft.rejected == (("a", "It is locked."),)


@pytest.mark.parametrize("kind", ["png 20000 x 1", "png 1 x 20000", "png 1 x 1"])
def test_line_of_pixels_is_not_padded_to_a_square_as_large(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    new = Image.new

    def noted(mode: str, size: tuple[int, int], *more: object) -> Image.Image:
        asked.append(size[0] * size[1])
        return new(mode, size, *more)  # type: ignore[arg-type]

    raw = read_raw(SOUND[kind]())
    monkeypatch.setattr("core.images.framing.Image.new", noted)
    for how in (Preparation(size=(32, 32), framing="pad"), legacy((3, 32, 32), "pad")):
        assert prepare(raw, how).shape == (3, 32, 32)
    assert max(asked) <= 1024 * 1024


def test_what_is_remembered_of_each_image_does_not_hold_its_pixels(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Comparing works on 1,000 images and then 2,048 at a time, of however many.
    monkeypatch.setattr(duplicates, "SAMPLED", 50)
    monkeypatch.setattr(duplicates, "near", lambda small, *_: np.arange(len(small)))
    content = image_file(64, 64, 3)

    def peak(n: int) -> int:
        tracemalloc.start()
        draft = gather([Offer(f"{i:05d}.png", lambda: content) for i in range(n)], FORM_64, "t")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        draft.discard()
        return found

    few, many = peak(100), peak(500)
    assert (many - few) / 400 < 1_200  # bytes; the pixels of one are 12,288, its thumbnail 768


def test_pixels_taken_in_any_order_are_those_of_the_draft(home: Path) -> None:
    draft = gather(offers({f"{i}.png": image_file(20, 20, seed=i) for i in range(6)}), GREY_16, "t")
    order = np.array([4, 0, 5])
    np.testing.assert_array_equal(draft.take(order), draft.pixels()[order])
    assert not (draft.folder / "thumbnails").exists()


def test_masks_are_no_examples_of_what_is_cut_off(home: Path) -> None:
    files = {f"train/good/{i}.png": image_file(20, 60, seed=i) for i in range(3)}
    files |= {f"ground_truth/bad/{i}_mask.png": image_file(20, 60, seed=9 + i) for i in range(3)}
    draft = gather(offers(files), GREY_16, "t")
    assert all(draft.names[i].startswith("train") for i in draft.looks.cut)
    assert len(draft.looks.cut) == 3
