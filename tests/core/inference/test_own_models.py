import os
from pathlib import Path

import pytest

from core import checkpoints
from core.config import CheckpointError, OptionError
from core.inference import own_models
from tests.core.models_for_tests import overflowing, tiny_document, tiny_tensors


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped folder, with one checkpoint `ours`; the local one is empty."""
    shipped = tmp_path / "shipped"
    monkeypatch.setenv("HOURGLASS_CHECKPOINTS", str(tmp_path / "local"))
    monkeypatch.setattr("core.checkpoints.shipped_checkpoints_dir", lambda: shipped)
    document = tiny_document("pca")
    checkpoints.save(shipped / "ours.safetensors", document, tiny_tensors(document, 9))
    return tmp_path


def file_bytes(tmp_path: Path, seed: int = 0) -> bytes:
    document = tiny_document("dense")
    path = tmp_path / "elsewhere" / f"{seed}.safetensors"
    checkpoints.save(path, document, tiny_tensors(document, seed))
    return path.read_bytes()


def local_files(tmp_path: Path) -> list[str]:
    folder = tmp_path / "local"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def card_of(name: str) -> checkpoints.Card:
    return next(card for card in checkpoints.available() if card.name == name)


def test_checkpoint_taken_in_is_listed_and_is_byte_for_byte_what_came(folders: Path) -> None:
    data = file_bytes(folders)
    card = own_models.take_in(data, "theirs.safetensors", "theirs")
    assert (card.name, card.shipped) == ("theirs", False)
    assert card_of("theirs").sha256 == card.sha256
    assert card_of("theirs").path.read_bytes() == data


def test_checkpoint_with_any_byte_of_its_weights_changed_is_refused_and_not_kept(
    folders: Path,
) -> None:
    data = bytearray(file_bytes(folders))
    data[-3] ^= 1
    with pytest.raises(CheckpointError, match=r"theirs\.safetensors cannot be used"):
        own_models.take_in(bytes(data), "x.safetensors", "theirs")
    assert local_files(folders) == []


@pytest.mark.parametrize("data", [b"", b"short", b"\x80\x02}q\x00.", bytes(5_000)])
def test_file_that_is_no_checkpoint_is_refused_in_a_sentence(folders: Path, data: bytes) -> None:
    with pytest.raises(CheckpointError, match="cannot be used"):
        own_models.take_in(data, "x.safetensors", "theirs")
    assert local_files(folders) == []


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "model.pkl"])
def test_pickled_file_is_refused_with_the_reason_and_not_opened(folders: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="can run code"):
        own_models.take_in(b"\x80\x02", name, "theirs")


@pytest.mark.parametrize("dark", [-1, 0.7])
def test_model_whose_output_is_not_finite_is_refused(folders: Path, dark: float) -> None:
    path = folders / "elsewhere" / "a.safetensors"
    checkpoints.save(path, *overflowing(dark))
    with pytest.raises(CheckpointError, match="not finite even for uniform images"):
        own_models.take_in(path.read_bytes(), "a.safetensors", "theirs")
    assert local_files(folders) == []


def test_file_over_the_limit_is_refused_before_it_is_read(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_models, "MAX_FILE_BYTES", 100)
    with pytest.raises(CheckpointError, match="larger than"):
        own_models.take_in(bytes(101), "x.safetensors", "theirs")


def test_name_of_a_shipped_or_an_own_checkpoint_is_refused(folders: Path) -> None:
    with pytest.raises(CheckpointError, match="included with Hourglass"):
        own_models.take_in(file_bytes(folders), "x", "ours")
    own_models.take_in(file_bytes(folders), "x", "theirs")
    with pytest.raises(CheckpointError, match="already"):
        own_models.take_in(file_bytes(folders, 1), "x", "theirs")


def test_same_weights_a_second_time_are_refused_with_the_name_they_have(folders: Path) -> None:
    own_models.take_in(file_bytes(folders), "x", "theirs")
    with pytest.raises(CheckpointError, match="here already, as theirs"):
        own_models.take_in(file_bytes(folders), "x", "again")


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/b", "a\0", "%2e%2e", "x" * 300, "x.", "\u202ex", ""]
)
def test_name_that_could_leave_the_folder_is_refused(folders: Path, name: str) -> None:
    with pytest.raises(OptionError, match="cannot be a name"):
        own_models.take_in(file_bytes(folders), "x", name)
    own_models.take_in(file_bytes(folders), "x", "theirs")
    with pytest.raises(OptionError, match="cannot be a name"):
        own_models.rename(card_of("theirs"), name)
    assert local_files(folders) == ["theirs.safetensors"]


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("My Model (2).safetensors", "my-model-2"),
        ("..\\..\\evil.safetensors", "evil"),
        ("../../etc/passwd", "passwd"),
        ("\u202e\u00fc.safetensors", "model"),
        ("x" * 300, "x" * 64),
        ("", "model"),
    ],
)
def test_suggested_name_is_one_that_may_be_used(file_name: str, name: str) -> None:
    assert own_models.suggested_name(file_name) == name
    assert checkpoints.local_path(name)


def test_renamed_checkpoint_has_the_new_name_alone(folders: Path) -> None:
    own_models.take_in(file_bytes(folders), "x", "theirs")
    own_models.rename(card_of("theirs"), "mine")
    assert local_files(folders) == ["mine.safetensors"]
    assert card_of("mine").architecture.name == "dense"


def test_rename_to_a_name_that_is_taken_changes_neither_file(folders: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        own_models.take_in(file_bytes(folders, seed), "x", name)
    before = [card_of(name).sha256 for name in ("one", "two")]
    for taken in ("two", "one", "ours"):
        with pytest.raises(CheckpointError, match=r"already|included with Hourglass"):
            own_models.rename(card_of("one"), taken)
    assert [card_of(name).sha256 for name in ("one", "two")] == before


def test_shipped_checkpoint_can_be_neither_deleted_nor_renamed(folders: Path) -> None:
    for change in (own_models.delete, lambda card: own_models.rename(card, "mine")):
        with pytest.raises(CheckpointError, match=r"comes with Hourglass|shipped"):
            change(card_of("ours"))
    assert card_of("ours").path.exists()


def test_deleted_checkpoint_is_gone_and_deleting_it_twice_is_no_error(folders: Path) -> None:
    card = own_models.take_in(file_bytes(folders), "x", "theirs")
    own_models.delete(card)
    own_models.delete(card)
    assert local_files(folders) == []
    assert [card.name for card in checkpoints.available()] == ["ours"]


def test_folder_that_cannot_be_written_is_a_sentence(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    card = own_models.take_in(file_bytes(folders), "x", "theirs")
    monkeypatch.setattr(own_models, "write_atomically", full)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CheckpointError, match="No space left"):
        own_models.take_in(file_bytes(folders, 1), "x", "second")
    with pytest.raises(CheckpointError, match="No space left"):
        own_models.rename(card, "mine")
    assert local_files(folders) == ["theirs.safetensors"]
