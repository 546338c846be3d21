import json
from pathlib import Path

import numpy as np
import pytest

from core.config import DataError
from core.data import catalogue
from core.data.catalogue import seen_in_training
from core.data.own import store
from core.data.own.make_set import Keeping, make
from core.training.config import TrainConfig
from core.training.trainer import train
from tests.core.data.own.test_make_set import drafted


@pytest.fixture
def mine(home: Path) -> Path:
    """A set "mine" of 40 images; its folder."""
    make(drafted(), "mine", Keeping())
    return store.folder_of("mine")


def test_set_is_in_the_catalogue_and_loaded_by_its_id(mine: Path) -> None:
    info = catalogue.catalogue()[-1]
    assert (info.id, info.input_shape, info.available) == ("own:mine", (3, 16, 16), True)
    assert (info.n_train, info.n_test) == (24, 8)
    for split, n in (("train", info.n_train), ("test", info.n_test), ("all", 40)):
        assert len(catalogue.load("own:mine", split)) == n
    assert len(catalogue.training_images("own:mine", ["a"])) < info.n_train


def test_pixels_stay_on_the_disk_and_cannot_be_changed_there(mine: Path) -> None:
    before = (mine / "images.npy").read_bytes()
    images = store.load("mine", "train").images
    assert isinstance(images, np.memmap)
    images[0] = 0
    images.flush()
    assert (mine / "images.npy").read_bytes() == before


def test_part_taken_of_a_split_is_still_a_view_of_the_disk(mine: Path) -> None:
    part = store.load("mine", "train").take(slice(2, 9))
    assert isinstance(part.images, np.memmap)
    assert len(part.ids) == 7


def test_model_is_trained_on_the_set_without_copying_it(mine: Path) -> None:
    import torch

    from core.training.descent import resident

    train_set = catalogue.training_images("own:mine")
    tensor = resident(train_set, torch.device("cpu"))
    assert tensor.data_ptr() == train_set.images.ctypes.data
    config = TrainConfig("own:mine", "pca", {"latent_dim": 3})
    events = list(train(config, train_set, catalogue.load("own:mine", "test")))
    assert events[-1].checkpoint.card.dataset == "own:mine"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["absent", "../mine", "", "mine/../mine", "MINE"])
def test_set_that_is_not_there_is_one_sentence_that_lists_those_that_are(
    mine: Path, name: str
) -> None:
    with pytest.raises(DataError, match=r"There (are mine|is no data set)"):
        catalogue.load(f"own:{name}", "test")


def test_unknown_split_is_refused(mine: Path) -> None:
    with pytest.raises(DataError, match="choose train, calibration, test, all"):
        store.load("mine", "validation")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("images.npy", b""),
        ("images.npy", b"\x93NUMPY\x01\x00garbage"),
        ("images.npy", b"\x93NUMPY\x01\x00\x08\x00{'''    '"),
        ("images.npy", b"PK\x05\x06" + bytes(18)),
        ("rows.json", b"{}"),
        ("rows.json", b"not json"),
        ("rows.json", json.dumps({"ids": ["a"], "labels": None, "rejected": []}).encode()),
    ],
)
def test_damaged_set_is_one_sentence_that_says_what_to_do(
    mine: Path, file: str, content: bytes
) -> None:
    (mine / file).write_bytes(content)
    with pytest.raises(DataError, match="delete it and make it again"):
        store.load("mine", "train")


def test_set_that_the_disk_does_not_let_go_stays_and_says_so(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("core.data.own.store.tempfile.mkdtemp", refuse)
    with pytest.raises(DataError, match=r"cannot be deleted from .*Read-only"):
        store.delete("mine")
    assert len(store.available()) == 1


def test_array_of_objects_in_place_of_the_pixels_is_never_unpickled(mine: Path) -> None:
    np.save(mine / "images.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        store.load("mine", "train")


def test_labels_without_a_class_are_damage(mine: Path) -> None:
    rows = json.loads((mine / "rows.json").read_bytes())
    rows["labels"][0] = 7
    (mine / "rows.json").write_text(json.dumps(rows))
    with pytest.raises(DataError, match="damaged"):
        store.load("mine", "train")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 2}', b'{"name": "other"}'])
def test_folder_whose_document_cannot_be_believed_is_not_listed(mine: Path, content: bytes) -> None:
    (mine / "set.json").write_bytes(content)
    assert store.available() == ()
    assert all(info.id != "own:mine" for info in catalogue.catalogue())


def test_folder_renamed_by_hand_is_not_listed_under_a_name_that_is_not_its_own(
    mine: Path,
) -> None:
    mine.rename(mine.parent / "yours")
    assert store.available() == ()


def test_deleted_set_is_gone_while_who_has_it_open_can_go_on(mine: Path) -> None:
    opened = store.load("mine", "test")
    store.delete("mine")
    assert store.available() == ()
    assert list(mine.iterdir()) == []
    assert opened.images.sum() > 0
    with pytest.raises(DataError, match="none yet"):
        store.delete("mine")


def test_name_of_a_deleted_set_is_not_given_to_other_images(mine: Path) -> None:
    store.delete("mine")
    with pytest.raises(DataError, match="had, a data set called mine"):
        make(drafted(), "mine", Keeping())


def test_model_trained_on_the_set_is_said_to_have_seen_its_train_part(mine: Path) -> None:
    assert seen_in_training("own:mine", "own:mine", "train") == "yes"
    assert seen_in_training("own:mine", "own:mine", "test") == "no"
    assert seen_in_training("own:other", "own:mine", "train") == "no"
