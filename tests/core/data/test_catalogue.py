import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.config import DataError
from core.data import catalogue
from core.data.named import publicsets
from tests.core.larger_data_for_tests import FOLDER

needs_mnist = pytest.mark.skipif(
    any(publicsets.BY_ID["mnist"].root(split, FOLDER) is None for split in catalogue.SPLITS),
    reason="no MNIST here: put its folder MNIST/raw into the folder HOURGLASS_TEST_DATA names",
)
HEAVY = {"torch", "torchvision", "sklearn", "scipy", "streamlit", "plotly", "mlxtend", "pandas"}


def test_datasets_imported_and_digits_loaded_import_nothing_heavy() -> None:
    code = (
        "import sys; from core.data import catalogue as c; c.load('mnist-5k'); c.catalogue();"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not HEAVY & set(result.stdout.split())


def test_catalogue_lists_the_embedded_sets_first_and_public_ones_as_absent(
    empty_home: Path,
) -> None:
    infos = catalogue.catalogue(empty_home / "nothing")
    assert [info.id for info in infos if info.available] == ["mnist-5k", "shapes"]
    assert [info.id for info in infos][:2] == ["mnist-5k", "shapes"]
    assert not (empty_home / "data").exists()


@pytest.mark.parametrize("name", ["mnist-5k", "shapes"])
def test_catalogue_says_of_embedded_sets_what_loading_shows(name: str) -> None:
    info = next(info for info in catalogue.catalogue() if info.id == name)
    for split, n in (("train", info.n_train), ("test", info.n_test)):
        images = catalogue.load(name, split)
        assert (len(images), images.shape) == (n, info.input_shape)
        assert images.class_names == info.class_names
        assert (images.id, images.split) == (name, split)
        assert len(set(images.ids.tolist())) == n


@pytest.mark.parametrize("name", ["", "minst", "folder:", "zip:", "../mnist", "MNIST-5K"])
def test_unknown_set_is_refused_with_the_ones_there_are(name: str) -> None:
    with pytest.raises(DataError, match="choose mnist-5k, shapes, mnist"):
        catalogue.load(name)


@pytest.mark.parametrize("name", ["mnist-5k", "shapes", "mnist"])
def test_unknown_split_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="choose train, calibration or test"):
        catalogue.load(name, "valid")


def test_training_images_without_two_classes_hold_neither_and_all_of_the_others() -> None:
    images = catalogue.training_images("mnist-5k", ("5", "9"))
    assert np.bincount(np.asarray(images.labels), minlength=10).tolist() == (
        [360] * 5 + [0] + [360] * 3 + [0]
    )
    assert images.class_names == catalogue.load("mnist-5k").class_names


def test_training_images_without_an_unknown_class_are_refused() -> None:
    with pytest.raises(DataError, match=r"no class 'seven': its classes are 0, 1"):
        catalogue.training_images("mnist-5k", ("seven",))


@pytest.mark.parametrize("name", list(catalogue.EMBEDDED_BY_ID))
def test_calibration_images_are_held_out_of_training_always_the_same_of_each_class(
    name: str,
) -> None:
    whole, kept = catalogue.load(name, "train"), catalogue.load(name, "calibration")
    trained = catalogue.training_images(name)
    assert kept.split == "calibration"
    assert len(kept) == 400
    assert set(trained.ids.tolist()) | set(kept.ids.tolist()) == set(whole.ids.tolist())
    assert len(trained) + len(kept) == len(whole)
    assert kept.ids.tolist() == catalogue.load(name, "calibration").ids.tolist()
    assert kept.labels is not None
    assert whole.labels is not None
    share = np.bincount(kept.labels) / np.bincount(whole.labels)
    assert np.abs(share - 0.1).max() < 0.01


@needs_mnist
def test_mnist_is_read_from_its_own_packed_files_and_nothing_is_written_beside_them() -> None:
    before = sorted(path.name for path in (FOLDER / "MNIST" / "raw").iterdir())
    for split, n in (("train", 60_000), ("test", 10_000)):
        images = catalogue.load("mnist", split, FOLDER)
        assert (len(images), images.shape) == (n, (1, 28, 28))
        assert images.ids[17] == f"mnist/{split}/00017"
    assert sorted(path.name for path in (FOLDER / "MNIST" / "raw").iterdir()) == before


@needs_mnist
def test_training_images_of_mnist_are_those_that_nothing_is_tested_or_calibrated_with() -> None:
    images = catalogue.training_images("mnist", data_root=FOLDER)
    known = {image.tobytes() for image in images.images}
    calibrating = catalogue.load("mnist", "calibration", FOLDER)
    pixels = {image.tobytes() for image in calibrating.images}
    assert len(pixels) == pytest.approx(2_000, abs=5)  # each class its share, rounded
    assert len(images) == len(known) == 59_000 - len(pixels)
    assert not known & pixels
    for split in ("test", "calibration"):
        assert not known & {x.tobytes() for x in catalogue.load("mnist-5k", split).images}
    assert pixels > {x.tobytes() for x in catalogue.load("mnist-5k", "calibration").images}
    assert known > {x.tobytes() for x in catalogue.training_images("mnist-5k").images}


@needs_mnist
def test_test_digits_of_mnist_are_none_of_its_training_images() -> None:
    train, test = (catalogue.load("mnist", split, FOLDER) for split in ("train", "test"))
    known = {image.tobytes() for image in train.images}
    assert not known & {image.tobytes() for image in test.images}


@needs_mnist
def test_digits_labelled_in_the_package_are_labelled_alike_in_mnist() -> None:
    mnist = catalogue.load("mnist", "train", FOLDER)
    words = {x.tobytes(): mnist.label_name(i) for i, x in enumerate(mnist.images)}
    shown = catalogue.load("mnist-5k", "test")
    assert all(words[x.tobytes()] == shown.label_name(i) for i, x in enumerate(shown.images))
