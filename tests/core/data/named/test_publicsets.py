import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from core.config import DataError
from core.data import catalogue
from core.data.named import downloads, formats, publicsets
from tests.core.loopback_for_tests import Loopback, loopback

N = 20
IDX_NAMES = (
    ("train-images-idx3-ubyte", 3),
    ("train-labels-idx1-ubyte", 1),
    ("t10k-images-idx3-ubyte", 3),
    ("t10k-labels-idx1-ubyte", 1),
)
FAMILY = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
RNG = np.random.default_rng(5)


def idx(n_dimensions: int, n: int = N) -> bytes:
    shape = (n, 28, 28)[:n_dimensions]
    high = 256 if n_dimensions == 3 else 10
    header = struct.pack(f">{1 + n_dimensions}I", 0x0800 + n_dimensions, *shape)
    return header + RNG.integers(0, high, shape, dtype=np.uint8).tobytes()


def idx_files() -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(idx(n)) for name, n in IDX_NAMES}


def cifar_rows() -> np.ndarray:
    """(N, 3073): a label, then red, green and blue row by row."""
    rows = RNG.integers(0, 256, (N, 3_073), dtype=np.uint8)
    rows[:, 0] %= 10
    return rows


def cifar_archive(leave_out: str = "") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in (*formats.BATCHES["train"], *formats.BATCHES["test"], "../escaped", "readme"):
            if name != leave_out:
                content = cifar_rows().tobytes()
                info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def python_batch(rows: np.ndarray) -> bytes:
    """A batch as Python 2 wrote it for CIFAR-10, protocol 2, in the order of keys seen there."""
    pixels, words = rows[:, 1:].tobytes(), b"".join(b"K" + bytes([v]) for v in rows[:, 0])
    half = len(words) // 2
    return (
        b"\x80\x02}q\x01(U\x0bbatch_labelq\x02U\x15training batch 1 of 5q\x03U\x06labelsq\x04"
        b"]q\x05(" + words[:half] + b"e(" + words[half:] + b"eU\x04dataq\x06"
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\t"
        b"(K\x01M\x10'M\x00\x0c\x86cnumpy\ndtype\nq\nU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<I", len(pixels)) + pixels
        + b"tbU\tfilenamesq\x0c]q\r(U\x0ba_s_0001.pngq\x0eeu."
    )  # fmt: skip


def svhn_file() -> bytes:
    file = io.BytesIO()
    labels = np.arange(N).reshape(-1, 1) % 10 + 1  # 1 to 10, where 10 stands for the digit 0
    pixels = RNG.integers(0, 256, (32, 32, 3, N), dtype=np.uint8)
    savemat(file, {"X": pixels, "y": labels.astype(np.uint8)}, do_compression=True)
    return file.getvalue()


def files_of(name: str) -> dict[str, bytes]:
    if name == "cifar10":
        return {downloads.CIFAR_ARCHIVE: cifar_archive()}
    if name == "svhn":
        return {"train_32x32.mat": svhn_file(), "test_32x32.mat": svhn_file()}
    return idx_files()


@pytest.fixture(autouse=True)
def small_batches(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "N_BATCH", N)
    monkeypatch.setattr(formats, "PIXELS_MARK", b"T" + struct.pack("<I", N * 3_072))


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A mirror of small sets, whose checksums take the place of torchvision's."""
    with loopback() as server:
        served = {name: files_of(name) for name in publicsets.BY_ID}
        server.files = {
            f"{name}/{f}": c for name, files in served.items() for f, c in files.items()
        }

        def published(name: str) -> list[tuple[str, str, list[str]]]:
            files = served[name].items()
            return [(file, hashlib.md5(content).hexdigest(), []) for file, content in files]

        monkeypatch.setattr(downloads, "_published", published)
        monkeypatch.setenv("HOURGLASS_MIRROR", server.url)
        yield server


@pytest.mark.parametrize("name", publicsets.BY_ID)
def test_absent_set_is_fetched_once_into_the_data_folder_and_loaded_from_there(
    name: str, web: Loopback, empty_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    told: list[tuple[int, int | None]] = []
    known = publicsets.BY_ID[name]
    for _ in range(2):
        known.fetch(elsewhere, lambda *amounts: told.append(amounts))
    for split in ("test", "train", "test"):
        images = catalogue.load(name, split, elsewhere)
        n_batches = 5 if name == "cifar10" and split == "train" else 1
        assert (len(images), images.shape) == (n_batches * N, known.input_shape)
        assert images.ids[1] == f"{name}/{split}/00001"
    assert len(web.asked) == len(files_of(name))
    assert told
    assert [*elsewhere.iterdir()] == []
    assert [*empty_home.iterdir()] == [empty_home / "data"]
    info = next(info for info in catalogue.catalogue(elsewhere) if info.id == name)
    assert info.available


@pytest.mark.parametrize("name", publicsets.BY_ID)
def test_absent_set_is_not_downloaded_unasked_and_the_reason_says_how_to_ask(
    name: str, web: Loopback, empty_home: Path
) -> None:
    for split in catalogue.SPLITS:
        with pytest.raises(DataError, match=f"`python -m core datasets fetch {name}`"):
            catalogue.load(name, split)
        with pytest.raises(DataError, match="not on this machine"):
            catalogue.training_images(name)
    assert web.asked == []
    assert [*empty_home.iterdir()] == []


@pytest.mark.parametrize("fault", ["missing", "short", "damaged"])
@pytest.mark.parametrize("name", publicsets.BY_ID)
def test_set_served_badly_is_refused_and_downloaded_whole_the_next_time(
    name: str, fault: str, web: Loopback
) -> None:
    web.faults = dict.fromkeys([*web.files], fault)
    known = publicsets.BY_ID[name]
    with pytest.raises(DataError, match="could not be downloaded"):
        known.fetch()
    assert not next(info for info in catalogue.catalogue() if info.id == name).available
    web.faults.clear()
    known.fetch()
    assert len(catalogue.load(name, "test")) == N


def test_idx_files_are_read_the_same_packed_and_unpacked(empty_home: Path) -> None:
    folder = empty_home / "data" / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in idx_files().items():
        (folder / name).write_bytes(content)
    packed = catalogue.load("kmnist", "train")
    for path in folder.iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = catalogue.load("kmnist", "train")
    assert np.array_equal(packed.images, plain.images)
    assert np.array_equal(np.asarray(packed.labels), np.asarray(plain.labels))


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "longer", "empty", "other", "swapped", "huge"]
)
def test_idx_file_that_is_broken_is_refused_by_name(damage: str, empty_home: Path) -> None:
    folder = empty_home / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    files = idx_files()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    path, whole = folder / "t10k-images-idx3-ubyte.gz", files["t10k-images-idx3-ubyte.gz"]
    broken = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:2_000] + bytes([whole[2_000] ^ 1]) + whole[2_001:],
        "longer": gzip.compress(idx(3) + b"x"),
        "empty": b"",
        "other": b"no gzip at all",
        "swapped": files["t10k-labels-idx1-ubyte.gz"],
        "huge": gzip.compress(struct.pack(">4I", 0x0803, 2**32 - 1, 28, 28)),
    }[damage]
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz cannot be read"):
        catalogue.load("mnist", "test")


def test_labels_that_do_not_fit_the_images_are_refused(empty_home: Path) -> None:
    folder = empty_home / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(3))
    for wrong in (idx(1, N - 1), idx(1)[:-1] + b"\x0a"):
        (folder / "t10k-labels-idx1-ubyte").write_bytes(wrong)
        with pytest.raises(DataError, match=r"MNIST in .* is broken"):
            catalogue.load("mnist", "test")


def test_cifar_batches_of_torchvision_are_read_without_unpickling(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = empty_home / "data" / formats.PYTHON
    folder.mkdir(parents=True)
    rows = {name: cifar_rows() for names in formats.BATCHES.values() for name in names}
    md5s = {}
    for name, values in rows.items():
        content = python_batch(values)
        (folder / name).write_bytes(content)
        md5s[name] = hashlib.md5(content).hexdigest()
    monkeypatch.setattr(formats, "PYTHON_MD5", md5s)
    for split, names in formats.BATCHES.items():
        images = catalogue.load("cifar10", split)
        expected = np.concatenate([rows[name] for name in names])
        assert np.array_equal(images.images.reshape(-1, 3_072), expected[:, 1:])
        assert np.array_equal(np.asarray(images.labels), expected[:, 0])


def test_cifar_batch_that_torchvision_does_not_know_is_refused(empty_home: Path) -> None:
    folder = empty_home / "data" / formats.PYTHON
    folder.mkdir(parents=True)
    (folder / "test_batch").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(DataError, match="not the batch that torchvision knows"):
        catalogue.load("cifar10", "test")


def test_cifar_checksums_are_torchvisions_own() -> None:
    from torchvision.datasets import CIFAR10  # slow, so not at the top

    assert dict(CIFAR10.train_list + CIFAR10.test_list) == formats.PYTHON_MD5


def test_cifar_archive_writes_nothing_outside_its_folder(web: Loopback, empty_home: Path) -> None:
    publicsets.BY_ID["cifar10"].fetch()
    found = {path.relative_to(empty_home / "data").as_posix() for path in empty_home.rglob("*.bin")}
    names = (*formats.BATCHES["train"], *formats.BATCHES["test"])
    assert found == {f"cifar-10-batches-bin/{name}.bin" for name in names}


def test_cifar_archive_that_lacks_a_batch_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(cifar_archive(leave_out="data_batch_3"))
    with pytest.raises(DataError, match=r"lacks .*data_batch_3"):
        formats.CifarFiles().unpack(tmp_path, "a.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


def test_cifar_batch_of_another_length_is_refused(empty_home: Path) -> None:
    folder = empty_home / "data" / formats.BINARY
    folder.mkdir(parents=True)
    (folder / "test_batch.bin").write_bytes(cifar_rows().tobytes()[:-1])
    with pytest.raises(DataError, match="has not the length of a batch"):
        catalogue.load("cifar10", "test")


def test_svhn_label_10_becomes_the_digit_0_and_pictures_stand_upright(empty_home: Path) -> None:
    (empty_home / "data").mkdir()
    pixels = np.zeros((32, 32, 3, 2), np.uint8)
    pixels[5, 7, 2, 1] = 255  # row 5, column 7, blue, second picture
    savemat(empty_home / "data" / "test_32x32.mat", {"X": pixels, "y": np.array([[10], [3]])})
    images = catalogue.load("svhn", "test")
    assert [images.label_name(i) for i in range(2)] == ["0", "3"]
    assert np.argwhere(images.images).tolist() == [[1, 2, 5, 7]]


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other", "labels"])
def test_svhn_file_that_is_broken_is_refused_by_name(damage: str, empty_home: Path) -> None:
    (empty_home / "data").mkdir()
    path = empty_home / "data" / "test_32x32.mat"
    pixels = np.zeros((32, 32, 3, N), np.uint8)
    if damage == "labels":
        savemat(path, {"X": pixels, "y": np.full((N, 1), 11)})
    elif damage == "other":
        savemat(path, {"Z": pixels})
    else:
        content = {"cut": svhn_file()[:5_000], "empty": b"", "text": b"text " * 50}
        path.write_bytes(content[damage])
    with pytest.raises(DataError, match=r"test_32x32\.mat cannot be read"):
        catalogue.load("svhn", "test")


@pytest.mark.parametrize("name", publicsets.BY_ID)
def test_files_of_a_set_have_the_checksums_and_addresses_that_torchvision_publishes(
    name: str,
) -> None:
    resources = downloads.resources(name)
    assert len(resources) == len(files_of(name))
    for resource in resources:
        assert len(resource.md5) == 32
        assert resource.urls
        assert all(url.startswith("http") for url in resource.urls)
        assert all(url.endswith(f"/{resource.filename}") for url in resource.urls)
