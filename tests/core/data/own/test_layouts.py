"""How files are laid out is told by their names, and by tables beside them."""

import numpy as np
import pytest

from core.config import DataError
from core.data.own import layouts
from core.data.own.layouts import Sheet, arranged

NAMES = [f"{i:03d}.png" for i in range(6)]


def sheet(text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Sheet:
    return Sheet(name=name, content=text.encode(encoding))


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["a.png", "b.png"], "flat"),
        (["set/a.png", "set/b.png"], "classes"),
        (["cat/a.png", "dog/b.png"], "classes"),
        (["train/cat/a.png", "val/cat/b.png", "test/dog/c.png"], "splits"),
        (["x/Training/cat/a.png", "x/Validation/dog/b.png", "x/Testing/dog/c.png"], "splits"),
        (["train/a.png", "test/b.png"], "splits"),
        (["train-00000-of-00001.parquet/1", "test-00000-of-00001.parquet/1"], "splits"),
        (["train/good/a.png", "test/good/b.png", "test/crack/c.png"], "defects"),
        (["m/train/ok/a.png", "m/test/bad/c.png", "m/ground_truth/bad/c_mask.png"], "defects"),
        (["train/good/a.png", "test/good/b.png"], "splits"),
        (["train/good/a.png", "train/bad/b.png", "test/bad/c.png"], "splits"),
        (["test/a.png", "test/b.png", "other/c.png"], "classes"),
        (["train/cat/a.png", "trains/b.png"], "classes"),
        (["licence.jpg", "train/cat/a.png", "test/cat/b.png"], "splits"),
    ],
)
def test_layout_is_recognised(names: list[str], layout: str) -> None:
    assert layouts.recognised(names) == layout


def test_classes_that_the_source_states_are_a_layout_with_classes() -> None:
    found = arranged(["0", "1", "2", "3"], ["cat", "dog", "cat", "dog"])
    assert (found.layout, found.labels) == ("classes", ("cat", "dog", "cat", "dog"))


def test_parts_and_classes_of_split_folders_are_taken_over() -> None:
    names = ["d/training/cat/a.png", "d/validation/dog/b.png", "d/testing/cat/c.png"]
    found = arranged(names)
    assert found.parts == ("train", "calibration", "test")
    assert found.labels == ("cat", "dog", "cat")
    assert arranged(["train/a.png", "test/b.png"]).labels == (None, None)


def test_another_layout_can_be_chosen_and_one_that_does_not_fit_is_refused() -> None:
    names = ["train/cat/a.png", "test/dog/b.png"]
    assert arranged(names, layout="flat").labels == (None, None)
    assert arranged(names, layout="classes").labels == ("train/cat", "test/dog")
    with pytest.raises(DataError, match="choose another layout"):
        arranged(["a.png", "b.png"], layout="defects")


def test_masks_find_their_images_however_they_are_named() -> None:
    names = [
        "train/good/000.png", "test/good/000.png", "test/crack/000.png", "test/crack/001.png",
        "test/hole/000.bmp", "ground_truth/crack/000_mask.png", "ground_truth/crack/001.png",
        "ground_truth/hole/000/000.png", "ground_truth/hole/000/001.png",
        "ground_truth/hole/999_mask.png",
    ]  # fmt: skip
    found = arranged(names)
    assert found.layout == "defects"
    assert np.flatnonzero(found.is_mask).tolist() == [5, 6, 7, 8, 9]
    assert found.of[5:].tolist() == [2, 3, 4, 4, -1]
    assert found.outlier_classes == ("crack", "hole")
    assert found.labels[:5] == ("good", "good", "crack", "crack", "hole")
    assert "1 mask fit no image" in found.notes[0]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("heading", ["file{}label", "Filename{}Class", "n{}image_id{}category"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_table_gives_classes_under_the_usual_names(
    separator: str, heading: str, encoding: str
) -> None:
    first = f"0{separator}" if heading.startswith("n") else ""
    rows = [
        f"{first}{name}{separator}{'Käse' if i % 2 else 'Brot'}" for i, name in enumerate(NAMES)
    ]
    text = "\r\n".join([heading.format(separator, separator), *rows])
    found = arranged(NAMES, sheets=[sheet(text, encoding=encoding)])
    assert found.labels == ("Brot", "Käse") * 3
    assert (found.layout, found.table) == ("classes", "labels.csv")
    assert not found.notes


def test_table_matches_names_in_folders_without_endings_and_without_a_heading() -> None:
    names = [f"set/images/{name}" for name in NAMES]
    for cells in (NAMES, [name[:-4] for name in NAMES], [f"images\\{name}" for name in NAMES]):
        text = "\n".join(f"{cell},{i % 2}" for i, cell in enumerate(cells))
        assert arranged(names, sheets=[sheet(text)]).labels == ("0", "1") * 3


def test_table_may_say_the_part_and_what_it_does_not_say_is_told() -> None:
    text = "file,label,split\n000.png,a,train\n001.png,b,val\n002.png,a,test\nnone.png,b,test\n"
    found = arranged(NAMES, sheets=[sheet(text)])
    assert found.parts == ("train", "calibration", "test", "", "", "")
    assert found.labels[3] == "(none)"
    assert found.notes == (
        "1 row of labels.csv name no image that could be read.",
        "3 images have no class in labels.csv: (none).",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("colour,size\nred,3\n", "needs a column called file"),
        ("file,label\nother.png,a\n", "gives none of the images a class"),
        ('file,label\n"a\n', "gives none"),
        ("\0\0,\0", "needs a column"),
    ],
)
def test_table_that_cannot_be_used_is_told_and_folders_count(text: str, told: str) -> None:
    found = arranged(["cat/a.png", "dog/b.png"], sheets=[sheet(text)])
    assert found.labels == ("cat", "dog")
    assert told in found.notes[0]


def test_first_table_that_names_images_counts() -> None:
    wrong, right = sheet("a,b\n", "readme.csv"), sheet("000.png;x\n001.png;y\n")
    found = arranged(NAMES[:2], sheets=[wrong, right])
    assert found.labels == ("x", "y")


def test_images_that_all_lie_in_one_folder_are_of_one_class() -> None:
    found = layouts.arranged(["x/caf\u00e9/a.png", "x/caf\u00e9/b.png"])
    assert (found.layout, found.labels) == ("classes", ("caf\u00e9", "caf\u00e9"))


def test_masks_that_lie_beside_their_images_are_masks_and_other_names_are_not() -> None:
    names = ["bad/0.png", "bad/0_mask.png", "bad/1.tif", "bad/1-GT.png", "bad/2_mask.png"]
    found = arranged([*names, "mask.png", "my_mask.png"])
    assert found.is_mask.tolist() == [False, True, False, True, False, False, False]
    assert found.of.tolist() == [-1, 0, -1, 2, -1, -1, -1]
    assert found.labels[:3] == ("bad", None, "bad")
    parted = arranged(["train/good/0.png", "test/bad/1.png", "test/bad/1_mask.png"])
    assert (parted.layout, parted.parts) == ("defects", ("train", "test", ""))


def test_each_table_names_the_images_of_its_own_folder() -> None:
    names = [f"{part}/{i}.png" for part in ("train", "test") for i in range(3)]
    rows = {part: [f"{i}.png,{part[:2]}{i}" for i in range(3)] for part in ("train", "test")}
    sheets = [
        sheet("\n".join(["file_name,label", *said]), f"{part}/metadata.csv")
        for part, said in rows.items()
    ]
    found = arranged(names, sheets=sheets)
    assert found.labels == ("tr0", "tr1", "tr2", "te0", "te1", "te2")
    assert found.parts == ("train",) * 3 + ("test",) * 3
    assert not found.notes
