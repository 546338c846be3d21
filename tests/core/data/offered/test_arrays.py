"""Images in NumPy's and in IDX files pass the gate as images of their own, without loss."""

import contextlib
import gzip
import io
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from core.config import DataError, ImageRejected
from core.data.offered import arrays
from core.data.offered.files import Limits, Offer
from core.data.offered.gate import Terms, in_file, in_files, in_folder
from core.images.reading import read_raw

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (7, 12, 10), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (7, 12, 10, 3), dtype=np.uint8)
DIGITS = np.arange(7, dtype=np.uint8) % 3


def npy(x: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def npz(save: Callable[..., None] = np.savez, **named: np.ndarray) -> bytes:
    file = io.BytesIO()
    save(file, **named)
    return file.getvalue()


def idx(x: np.ndarray) -> bytes:
    return struct.pack(f">HBB{x.ndim}I", 0, 8, x.ndim, *x.shape) + x.tobytes()


def read(content: bytes, name: str = "x.npy") -> dict[str, tuple[np.ndarray, str | None]]:
    """Pixels and class of each image that is offered, by its name."""
    offers = in_files([(name, io.BytesIO(content))], Terms())
    found = {}
    for offer in offers:
        raw = read_raw(offer.read())
        found[offer.name] = (np.asarray(raw.image), offer.label)
    assert len(found) == len(offers)
    return found


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (GREY, GREY),
        (GREY[..., None], GREY),
        (GREY[:, None], GREY),
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR),
        (GREY[0], GREY[:1]),
        (COLOUR[0], COLOUR[:1]),
        (GREY > 99, (GREY > 99) * 255),
        (GREY.astype(np.uint16) * 257, GREY.astype(int) * 257),
        (GREY.astype(np.int64) * 16, GREY.astype(int) * 16),
        (GREY.astype(">u2") * 16, GREY.astype(int) * 16),
        (GREY / 999, (GREY / 999).astype(np.float32)),
        (GREY.astype(np.float16), GREY.astype(np.float32)),
        (COLOUR / 255, COLOUR),
        (COLOUR.astype(np.float32), COLOUR),
    ],
)
def test_array_is_as_many_images_with_the_same_numbers(x: np.ndarray, expected: np.ndarray) -> None:
    found = list(read(npy(np.ascontiguousarray(x))).items())
    assert [name for name, _ in found] == [f"{i:05d}" for i in range(len(expected))]
    for (_, (pixels, _)), one in zip(found, expected, strict=True):
        np.testing.assert_array_equal(pixels, one)


def test_colour_of_16_bits_keeps_the_upper_and_the_lower_ones() -> None:
    x = RNG.integers(0, 65536, (2, 9, 8, 3)).astype(np.uint16)
    for offer, one in zip(in_files([("x.npy", io.BytesIO(npy(x)))], Terms()), x, strict=True):
        raw = read_raw(offer.read())
        assert raw.lower is not None
        whole = np.asarray(raw.image).astype(int) * 256 + np.asarray(raw.lower)
        np.testing.assert_array_equal(whole, one)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_gives_parts_and_classes_under_the_names_that_are_usual(
    save: Callable[..., None],
) -> None:
    keras = npz(save, x_train=GREY, y_train=DIGITS, x_test=GREY[:3], y_test=DIGITS[:3])
    found = read(keras, "mnist.npz")
    assert found["train/00004"][1] == "1"
    assert found["test/00002"][1] == "2"
    np.testing.assert_array_equal(found["train/00004"][0], GREY[4])
    medical = npz(save, train_images=COLOUR, train_labels=DIGITS[:, None], val_images=COLOUR,
                  val_labels=DIGITS[:, None])  # fmt: skip
    assert set(read(medical)) == {f"{part}/{i:05d}" for part in ("train", "val") for i in range(7)}
    named = npz(save, images=GREY, labels=DIGITS, class_names=np.array(["cat", "dog", "owl"]))
    assert [label for _, label in read(named).values()] == [
        "cat", "dog", "owl", "cat", "dog", "owl", "cat"]  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_gives_images_with_the_classes_in_the_file_beside_it(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    end = ".gz" if pack is gzip.compress else ""
    images, labels = (
        tmp_path / f"train-{kind}-ubyte{end}" for kind in ("images-idx3", "labels-idx1")
    )
    images.write_bytes(pack(idx(GREY)))
    labels.write_bytes(pack(idx(DIGITS)))
    ways = (
        in_folder(tmp_path, Terms()),
        in_file(images, Terms()),
        in_files([(p.name, io.BytesIO(p.read_bytes())) for p in (labels, images)], Terms()),
    )
    for offers in ways:
        found = [(offer.label, np.asarray(read_raw(offer.read()).image)) for offer in offers]
        assert [label for label, _ in found] == [str(one) for one in DIGITS]
        np.testing.assert_array_equal(np.stack([x for _, x in found]), GREY)


def test_nothing_is_unpickled_and_what_holds_no_images_is_told() -> None:
    for content, told in (
        (npy(np.array([{"a": 1}], object)), "could run code"),
        (npy(np.arange(9)), "no images"),
        (npy(np.asfortranarray(GREY)), "ascontiguousarray"),
        (npy(GREY.astype(complex)), "no images"),
        (npz(y=DIGITS), "no images"),
        (idx(DIGITS), "labels and no images"),
        (npy(GREY)[:40], "damaged"),
        (npz(x=GREY)[:200], "damaged"),
    ):
        (offer,) = in_files([("x", io.BytesIO(content))], Terms())
        with pytest.raises(ImageRejected, match=told):
            offer.read()


@pytest.mark.parametrize(
    "content", [npy(GREY)[:-30], idx(GREY)[:-30], gzip.compress(idx(GREY))[:-90]]
)
def test_file_that_is_cut_short_gives_what_came_before_and_one_refusal(content: bytes) -> None:
    refusals, n = [], 0
    for offer in in_files([("x", io.BytesIO(content))], Terms()):
        try:
            offer.read()
            n += 1
        except ImageRejected as refusal:
            refusals.append(str(refusal))
    assert 0 < n < 7
    assert len(refusals) == 1
    assert "damaged or cut short" in refusals[0]


def test_numbers_that_no_image_has_are_a_refusal_each() -> None:
    bad = GREY.astype(np.int32)
    bad[2] = -1
    odd = GREY / 10
    odd[4, 3] = np.nan
    for x, at in ((bad, 2), (odd, 4)):
        refused = []
        for i, offer in enumerate(in_files([("x", io.BytesIO(npy(x)))], Terms())):
            try:
                offer.read()
            except ImageRejected:
                refused.append(i)
        assert refused == [at]


def test_array_that_is_packed_too_tightly_is_refused_before_it_is_unpacked() -> None:
    bomb = npz(np.savez_compressed, x=np.zeros((300, 512, 512), np.uint8))
    assert len(bomb) < 200_000
    offers = list(in_files([("x.npz", io.BytesIO(bomb))], Terms()))
    assert len(offers) < 100
    with pytest.raises(ImageRejected, match="more tightly"):
        offers[-1].read()


@pytest.mark.parametrize("shape", [(2**31, 2**31), (10**9, 9, 9), (3, 30_000, 30_000)])
def test_header_that_claims_too_much_asks_for_no_memory(shape: tuple[int, ...]) -> None:
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    (offer,) = in_files([("x", io.BytesIO(file.getvalue() + b"\0" * 99))], Terms())
    with pytest.raises(ImageRejected):
        offer.read()
    with pytest.raises(DataError), arrays.open_arrays(file, "x", "idx", Terms().limits):
        pass


def test_arrays_on_this_machine_may_be_of_any_size_but_not_packed_like_a_bomb(
    tmp_path: Path,
) -> None:
    def read_all(offers: Iterable[Offer]) -> int:
        n = 0
        for offer in offers:
            with contextlib.suppress(ImageRejected):
                n += bool(offer.read())
        return n

    x = RNG.integers(0, 256, (40, 32, 32), dtype=np.uint8)
    terms = Terms(Limits(files=9, total=9_000))
    content = npz(images=x)
    (tmp_path / "x.npz").write_bytes(content)
    assert read_all(in_file(tmp_path / "x.npz", terms)) == 40
    assert read_all(in_files([("x.npz", io.BytesIO(content))], terms)) < 9
    bomb = npz(np.savez_compressed, images=np.zeros((40, 512, 512), np.uint8))
    (tmp_path / "bomb.npz").write_bytes(bomb)
    assert read_all(in_file(tmp_path / "bomb.npz", terms)) < 20
