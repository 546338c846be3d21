"""What preparing did to images is told before anything is made of them, with what helps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.own.draft import Draft, Form, saved
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.data.own.prepared import overview
from core.data.own.warn import Finding, findings
from tests.core.data.own.test_import_images import image_file, offers
from tests.core.hostile_images_for_tests import encoded
from tests.core.images.test_preparation import sprite

RNG = np.random.default_rng(3)
GREY = Form((16, 16), 1)


def drafted(files: dict[str, bytes], form: Form = GREY) -> Draft:
    return gather(offers(files), form, "a test")


def plain(n: int = 6) -> dict[str, bytes]:
    return {f"plain/{i}.png": image_file(20, 20, seed=i) for i in range(n)}


def found(draft: Draft) -> dict[str, Finding]:
    return {one.kind: one for one in findings(draft)}


def deep(values: np.ndarray) -> bytes:
    return encoded(Image.fromarray(values), "TIFF")


def test_images_that_need_no_warning_get_none(home: Path) -> None:
    assert findings(drafted(plain())) == ()


def test_crop_that_cuts_more_than_a_fifth_is_told_with_pictures_and_a_remedy(home: Path) -> None:
    files = plain(4) | {f"wide/{i}.png": image_file(20, 60, seed=i) for i in range(3)}
    files |= {"nearly.png": image_file(20, 24)}  # a sixth is cut off
    draft = drafted(files)
    cut = found(draft)["cut"]
    assert cut.sentence.startswith("3 of 8 images lose more than a fifth of their area, up to 67%")
    assert [draft.names[i] for i in cut.at] == [f"wide/{i}.png" for i in range(3)]
    assert draft.looks.cut.tolist() == cut.at.tolist()
    assert draft.looks.overviews.shape == (3, 96, 96, 3)
    for _, form in cut.forms:
        assert "cut" not in found(drafted(files, form))


def test_overview_darkens_what_is_cut_off() -> None:
    shown = overview(Image.new("L", (90, 30), 240), (16, 16))
    assert (shown[32:64, 33:63] == 240).all()
    assert (shown[32:64, :30] == 80).all()
    assert not shown[:30].any()


def test_dark_images_are_told_and_the_range_offered_makes_them_bright(home: Path) -> None:
    files = {f"{i}.tif": deep(RNG.integers(0, 4096, (20, 20)).astype(np.uint16)) for i in range(6)}
    assert findings(drafted(files)) == ()
    dark = found(drafted(files, replace(GREY, values=(0, 65_535))))["dark"]
    ((words, form),) = dark.forms
    assert (words, form.values) == ("Use the values 0 to 4095", (0, 4095))
    assert dark.option == "--range 0:4095"
    assert findings(drafted(files, form)) == ()


def test_one_hot_pixel_does_not_hide_that_the_others_are_dark(home: Path) -> None:
    images = [RNG.integers(0, 1024, (20, 20)).astype(np.uint16) for _ in range(30)]
    images[0][3, 3] = 65_535
    draft = drafted({f"{i:02d}.tif": deep(x) for i, x in enumerate(images)})
    assert draft.preparation.range == (0, 65_535)
    assert found(draft)["dark"].forms[0][1].values == (0, 1023)


def test_dark_and_flat_images_of_8_bits_are_told(home: Path) -> None:
    night, fog = (
        {
            f"{i}.png": encoded(Image.fromarray(x), "PNG")
            for i, x in enumerate(RNG.integers(low, high, (5, 20, 20), dtype=np.uint8))
        }
        for low, high in ((0, 40), (180, 205))
    )
    for kind, files in (("dark", night), ("flat", fog)):
        (_, form), = found(drafted(files))[kind].forms  # fmt: skip
        assert findings(drafted(files, form)) == ()


def test_files_of_whole_numbers_and_of_fractions_are_told_apart(home: Path) -> None:
    files = {f"{i}.tif": deep(RNG.random((20, 20)).astype(np.float32)) for i in range(3)}
    files |= {
        f"{i}a.tif": deep(RNG.integers(0, 4096, (20, 20)).astype(np.uint16)) for i in range(3)
    }
    draft = drafted(files)
    assert draft.preparation.range_mode == "file"
    assert found(draft)["mixed"].forms[0][1].values == pytest.approx((0, 4095), abs=60)


def test_white_sprites_are_laid_on_black_which_is_told_and_can_be_changed(home: Path) -> None:
    files = {f"{i}.png": sprite(255) for i in range(3)} | plain(3)
    draft = drafted(files)
    assert draft.preparation.ground == (0, 0, 0)
    ground = found(draft)["ground"]
    assert ground.sentence == (
        "On white nothing would be left of 3 of 3 images with transparent parts, so that they are "
        "laid on black."
    )
    on_white = dict(ground.forms)["Lay them on white"]
    blank = found(drafted(files, on_white))
    assert blank["ground"].sentence.startswith("On white nothing is left of 3 of 3 images")
    assert blank["empty"].sentence.startswith("3 images of one colour")


def test_empty_images_and_first_pages_are_told_and_can_be_left_out(home: Path) -> None:
    pages = [Image.fromarray(RNG.integers(0, 256, (20, 20), dtype=np.uint8)) for _ in range(5)]
    files = plain() | {
        "blank.png": encoded(Image.new("L", (20, 20), 7), "PNG"),
        "five.tif": encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
    }
    draft = drafted(files)
    kinds = found(draft)
    assert kinds["empty"].sentence == "1 image of one colour, with nothing to be seen in them."
    assert kinds["pages"].sentence == (
        "1 file holds several pictures, of which only the first is taken "
        "(five.tif: the first of 5 pages)."
    )
    own = make(draft, "mine", Keeping(empty=False, pages=False))
    assert own.n_left_out == 2
    assert own.n_train + own.n_calibration + own.n_test == 6


def test_what_was_seen_survives_the_way_from_another_process(home: Path) -> None:
    files = plain(2) | {"wide.png": image_file(20, 60), "clear.png": sprite(255)}
    draft = drafted(files)
    draft.save()
    again = saved(draft.folder, draft.form, draft.source)
    assert [(one.kind, one.sentence, one.forms) for one in findings(again)] == [
        (one.kind, one.sentence, one.forms) for one in findings(draft)
    ]
    assert again.preparation == draft.preparation
