"""What a checkpoint calls its data set is opened only if it is one, or if it was trained here."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from core import checkpoints
from core.checkpoints import Card, trained_on
from core.checkpoints.trained_on import Seen
from core.config import DataError, TrainingError, data_dir, local_checkpoints_dir
from core.data import catalogue
from core.data.offered.gate import Terms, in_folder
from core.data.own import folder as folders
from core.data.own import store
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.images import digests
from core.images.imagesets import ImageSet
from core.images.preparation import Preparation, legacy
from core.inference import own_models
from core.training.config import TrainConfig
from core.training.trainer import train
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.core.runs_for_tests import write_images


def saved(dataset: str, name: str = "theirs") -> Card:
    document = tiny_document("dense", dataset=dataset)
    path = local_checkpoints_dir() / f"{name}.safetensors"
    return checkpoints.save(path, document, tiny_tensors(document))


@pytest.fixture
def closed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or zip that is opened makes the test fail."""
    monkeypatch.setattr(
        folders, "load_path", lambda *_: pytest.fail("an outsider's path was opened")
    )


LABELS = [
    "folder:/etc", "zip:/tmp/x.zip", "file:/tmp/x.tar", "folder:~/pictures", "/etc", "../x",
    "own:nobody", "own:../x", "own:", "own:a/b", "", "mnist-5k ", "a\nb", "http://localhost/x",
    "folder:" + "x" * 290,
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_data_set_that_is_none_here_is_a_name_that_is_never_opened(
    closed: None, label: str
) -> None:
    card = saved(label)
    assert trained_on.known(card) is None
    assert not trained_on.is_measured_here(card)
    with pytest.raises(DataError, match="no data set here") as caught:
        trained_on.required(card)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("named", ["mnist-5k", "shapes", "mnist", "kmnist"])
def test_data_set_of_the_catalogue_is_known(home: Path, named: str) -> None:
    card = saved(named)
    assert trained_on.required(card) == named
    assert not trained_on.is_measured_here(card)


def trained(dataset: str, name: str = "mine") -> Card:
    config = TrainConfig(dataset, "pca", {"latent_dim": 2}, epochs=1)
    images = (catalogue.training_images(dataset), catalogue.load(dataset, "test"))
    path = local_checkpoints_dir() / f"{name}.safetensors"
    return list(train(config, *images, path))[-1].checkpoint.card  # type: ignore[union-attr]


@pytest.fixture
def mine(home: Path, tmp_path: Path) -> Card:
    """A model that was trained here on a folder."""
    folder = tmp_path / "pictures"
    write_images(folder, 30)
    return trained(f"folder:{folder}")


def test_model_trained_here_on_a_folder_finds_it_again_under_any_name(
    mine: Card, tmp_path: Path
) -> None:
    assert trained_on.required(mine) == f"folder:{tmp_path / 'pictures'}"
    assert trained_on.is_measured_here(mine)
    own_models.rename(mine, "other")
    (other,) = (card for card in checkpoints.available() if card.name == "other")
    assert trained_on.required(other) == trained_on.required(mine)


def test_model_that_was_changed_is_no_longer_one_that_was_trained_here(mine: Card) -> None:
    tensors = checkpoints.load("mine").tensors
    better = msgspec.structs.replace(mine.document.metrics, mse=1e-9)
    document = msgspec.structs.replace(mine.document, metrics=better)
    changed = checkpoints.save(local_checkpoints_dir() / "better.safetensors", document, tensors)
    assert changed.dataset == mine.dataset
    assert trained_on.known(changed) is None
    assert not trained_on.is_measured_here(changed)


def test_deleted_model_is_forgotten_so_that_its_file_offered_again_opens_nothing(
    mine: Card,
) -> None:
    content = mine.path.read_bytes()
    own_models.delete(mine)
    again = own_models.take_in(content, "mine.safetensors", "mine")
    assert trained_on.known(again) is None
    assert not list((data_dir() / "trained").iterdir())


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format":1,"dataset":5}', b"\xff", b"[" * 9999])
def test_note_that_is_damaged_is_none(mine: Card, content: bytes) -> None:
    (path,) = (data_dir() / "trained").iterdir()
    path.write_bytes(content)
    assert trained_on.known(mine) is None


def test_note_that_cannot_be_written_costs_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trained_on, "write_atomically", full)
    assert trained_on.known(trained("mnist-5k")) == "mnist-5k"


def test_shipped_model_was_measured_here_and_one_in_memory_was_not(home: Path) -> None:
    card = saved("mnist-5k")
    assert trained_on.is_measured_here(replace(card, shipped=True))
    assert not trained_on.is_measured_here(replace(card, sha256=""))


def test_data_set_with_a_very_long_name_can_be_trained_on(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 200) / ("b" * 200)
    write_images(folder, 12)
    card = trained(f"folder:{folder}")
    assert len(card.dataset) == 300
    assert trained_on.required(card) == f"folder:{folder}"
    assert checkpoints.load("mine").card.document == card.document


@pytest.mark.parametrize(
    ("dataset", "classes"),
    [
        ("mnist-5k", tuple(map(str, range(1001)))),
        ("mnist-5k", ("x" * 301,)),
        ("mnist-5k", ("\udcff",)),
        ("folder:\udcff", ()),
    ],
)
def test_training_whose_checkpoint_could_not_be_read_again_is_refused_at_once(
    dataset: str, classes: tuple[str, ...]
) -> None:
    with pytest.raises(TrainingError) as caught:
        TrainConfig(dataset, "pca", exclude_classes=classes)
    assert str(caught.value).isprintable()


def test_what_a_model_has_seen_is_not_known_where_its_images_are_not(home: Path) -> None:
    train_set, test_set = (catalogue.load("mnist-5k", split) for split in ("train", "test"))
    known = saved("mnist-5k")
    assert trained_on.seen(known, train_set) == Seen(4_000, 4_000)
    assert trained_on.seen(known, test_set) == Seen(0, 1_000)
    assert trained_on.seen(known, catalogue.load("shapes", "test").take(slice(0, 9))) == Seen(0, 9)
    for label in ("folder:~nobody/x", "own:nobody", "mnist-5k "):
        assert trained_on.seen(saved(label), test_set) == Seen(None, 1_000)


def test_what_was_seen_is_told_by_pixels_whatever_set_or_folder_they_stand_in(
    mine: Card, tmp_path: Path
) -> None:
    name = f"folder:{tmp_path / 'pictures'}"
    trained_with, tested = (catalogue.load(name, split) for split in ("train", "test"))
    assert trained_on.seen(mine, trained_with) == Seen(len(trained_with), len(trained_with))
    assert trained_on.seen(mine, tested) == Seen(0, len(tested))
    images = np.concatenate([trained_with.images[:7], tested.images[:1]])
    ids = np.array([f"upload/{i}" for i in range(8)])
    elsewhere = ImageSet("own:elsewhere", "own", images, None, (), ids)
    found = trained_on.seen(mine, elsewhere)
    assert found == Seen(7, 8)
    assert found.words() == "7 of 8 images shown were in its training."
    assert trained_on.seen(mine, catalogue.load("mnist-5k", "test")).n_seen == 0


def test_own_set_keeps_the_digests_of_its_images(home: Path, tmp_path: Path) -> None:
    write_images(tmp_path / "pictures", 30)
    draft = gather(in_folder(tmp_path / "pictures", Terms()), Form((16, 16), 1), "a test")
    own = make(draft, "mine", Keeping())
    card = trained(own.id)
    for split in store.SPLITS:
        images = catalogue.load(own.id, split)
        np.testing.assert_array_equal(store.digests_of("mine", split), digests.of(images.images))
        n_seen = {"train": own.n_train, "all": own.n_train}.get(split, 0)
        assert trained_on.seen(card, images) == Seen(n_seen, len(images))
    path = store.folder_of("mine") / store.DIGESTS
    before = path.read_bytes()
    path.unlink()  # as in a set that was made before
    store.digests_of("mine", "test")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (
            Seen(None, 8),
            "Its training images are not known: it may have been trained on the images.",
        ),
        (Seen(0, 8), "It was not trained on the images."),
        (Seen(8, 8), "All 8 images were in its training."),
        (Seen(1, 1), "The image was in its training."),
        (Seen(1_000, 60_000), "1,000 of 60,000 images were in its training."),
    ],
)
def test_what_was_seen_is_said_in_a_sentence(seen: Seen, words: str) -> None:
    assert seen.words("images") == words


PADDED = Preparation(size=(16, 17), channels=1, framing="pad")


def test_files_are_prepared_as_the_document_says(home: Path) -> None:
    document = tiny_document("dense", preparation=PADDED)
    path = local_checkpoints_dir() / "padded.safetensors"
    card = checkpoints.save(path, document, tiny_tensors(document))
    assert trained_on.preparation(card) == trained_on.preparation(checkpoints.load(path).card)
    assert trained_on.preparation(card) == PADDED


def test_checkpoint_from_before_prepares_files_as_its_own_set_was_if_that_is_here(
    home: Path,
) -> None:
    card = saved("own:mine")
    assert trained_on.preparation(card) == legacy((1, 16, 17))  # the set is not here
    own_set = store.OwnSet(1, "mine", (1, 16, 17), (), 5, 2, 0, "x", 0, "2026", "pad")
    store.folder_of("mine").mkdir(parents=True)
    (store.folder_of("mine") / store.DOCUMENT).write_bytes(msgspec.json.encode(own_set))
    assert trained_on.preparation(card) == legacy((1, 16, 17), "pad")
    assert trained_on.preparation(saved("mnist-5k", "other")) == legacy((1, 16, 17))


@pytest.mark.parametrize("kind", ["folder", "own"])
def test_training_copies_the_preparation_of_its_images(
    home: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "deep").mkdir()
    for i in range(12):
        values = np.random.default_rng(i).integers(0, 4096, (20, 24)).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / "deep" / f"{i}.tif")
    name = f"folder:{tmp_path / 'deep'}"
    if kind == "own":
        draft = gather(in_folder(tmp_path / "deep", Terms()), Form((16, 20), 1, "pad"), "a test")
        name = make(draft, "deep", Keeping()).id
    images, tested = catalogue.training_images(name), catalogue.load(name, "test")
    config = TrainConfig(name, "pca", {"latent_dim": 2})
    list(train(config, images, tested, local_checkpoints_dir() / "deep.safetensors"))
    how = checkpoints.load("deep").card.document.preparation
    assert how == images.preparation == tested.preparation
    assert how is not None
    assert how.range == (0, 4095)
    assert how.framing == ("pad" if kind == "own" else "crop")
