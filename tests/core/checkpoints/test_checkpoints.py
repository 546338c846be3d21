"""Checkpoints: what is written is what is read, and nothing else is."""

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import checkpoints
from core.checkpoints import document as documents
from core.checkpoints import fileformat
from core.config import CheckpointError, local_checkpoints_dir
from core.models import ARCHITECTURES
from tests.core.models_for_tests import tiny_document, tiny_tensors, version_1


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    document = tiny_document("dense")
    path = tmp_path / "good.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    return path


def rewritten(path: Path, header: dict[str, Any], body: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


@pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_checkpoint_read_back_has_the_same_document_and_weights(
    arch: str, dtype: Any, tmp_path: Path
) -> None:
    document = tiny_document(arch)
    tensors = {name: t.astype(dtype) for name, t in tiny_tensors(document).items()}
    card = checkpoints.save(tmp_path / "a.safetensors", document, tensors)
    found = checkpoints.read(tmp_path / "a.safetensors")
    assert found.card.document == card.document
    assert len(found.card.sha256) == 64
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor.astype(np.float32))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_checkpoint_with_any_byte_changed_is_refused_or_unchanged_in_meaning(
    saved: Path, data: st.DataObject
) -> None:
    original = saved.read_bytes()
    position = data.draw(st.integers(0, len(original) - 1))
    broken = bytearray(original)
    broken[position] ^= data.draw(st.integers(1, 255))
    path = saved.with_name("broken.safetensors")
    path.write_bytes(bytes(broken))
    good = checkpoints.read(saved)
    try:
        found = checkpoints.read(path)
    except CheckpointError:
        return
    assert all(np.array_equal(found.tensors[n], t) for n, t in good.tensors.items())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 10_000))
def test_checkpoint_cut_short_is_refused(saved: Path, length: int) -> None:
    data = saved.read_bytes()
    path = saved.with_name("short.safetensors")
    path.write_bytes(data[: min(length, len(data) - 1)])
    with pytest.raises(CheckpointError, match=r"short\.safetensors cannot be used"):
        checkpoints.read(path)


def test_checkpoint_with_swapped_weights_is_refused_by_its_hash(saved: Path) -> None:
    header, body = parts(saved)
    with pytest.raises(CheckpointError, match="not those it was saved with"):
        checkpoints.read(rewritten(saved, header, body[4:] + body[:4]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_checkpoint_with_weights_that_are_not_numbers_is_neither_read_nor_written(
    saved: Path, value: float
) -> None:
    document = tiny_document("dense")
    tensors = tiny_tensors(document)
    tensors["decoder.0.weight"][0, 0] = value
    with pytest.raises(CheckpointError, match=r"good\.safetensors cannot be saved: .*not finite"):
        checkpoints.save(saved, document, tensors)
    checkpoints.read(saved)
    saved.write_bytes(version_1(document, tensors))
    with pytest.raises(CheckpointError, match="not finite"):
        checkpoints.read(saved)


def test_document_that_could_not_be_read_again_is_not_written(saved: Path) -> None:
    document = tiny_document("dense")
    before = saved.read_bytes()
    for change in (
        {"dataset": "x" * 301},
        {"excluded_classes": ("x",) * 1001},
        {"metrics": documents.MetricsRecord("a", "test", 1, float("inf"), 0.0, 0.0)},
    ):
        broken = msgspec.structs.replace(document, **change)
        with pytest.raises(CheckpointError, match="cannot be saved"):
            checkpoints.save(saved, broken, tiny_tensors(document))
    assert saved.read_bytes() == before


@pytest.mark.parametrize("version", [1, 2])
def test_checkpoint_with_two_tensors_of_one_shape_exchanged_is_refused(
    saved: Path, version: int
) -> None:
    if version == 1:
        document = tiny_document("dense")
        saved.write_bytes(version_1(document, tiny_tensors(document)))
    header, body = parts(saved)
    one, other = header["encoder.2.weight"], header["encoder.2.bias"]
    assert one["shape"] == other["shape"]
    header["encoder.2.weight"], header["encoder.2.bias"] = other, one
    with pytest.raises(CheckpointError, match="not those it was saved with"):
        checkpoints.read(rewritten(saved, header, body))


def edited(path: Path, **fields: Any) -> Path:
    """The file with other values in its document and all else as it was."""
    header, body = parts(path)
    document = json.loads(header["__metadata__"]["hourglass"]) | fields
    header["__metadata__"]["hourglass"] = json.dumps(document)
    return rewritten(path, header, body)


BETTER = {"dataset": "mnist-5k", "split": "test", "n": 10, "mse": 1e-9, "psnr": 90.0, "ssim": 1.0}


@pytest.mark.parametrize("change", [{"metrics": BETTER}, {"dataset": "mnist"}, {"date": "now"}])
def test_checkpoint_whose_description_was_edited_is_refused(
    saved: Path, change: dict[str, Any]
) -> None:
    with pytest.raises(CheckpointError, match="description are not those it was saved with"):
        checkpoints.read(edited(saved, **change))


def test_checkpoint_of_format_2_without_its_digest_is_refused(saved: Path) -> None:
    header, body = parts(saved)
    del header["__metadata__"]["sha256"]
    with pytest.raises(CheckpointError, match="not those it was saved with"):
        checkpoints.read(rewritten(saved, header, body))


def test_checkpoint_of_format_1_is_read_and_its_digest_tells_edited_ones(saved: Path) -> None:
    document = tiny_document("dense")
    tensors = tiny_tensors(document)
    saved.write_bytes(version_1(document, tensors))
    found = checkpoints.read(saved)
    assert found.card.document.dataset == document.dataset
    np.testing.assert_array_equal(found.tensors["encoder.2.bias"], tensors["encoder.2.bias"])
    other = checkpoints.read(edited(saved, metrics=BETTER))
    assert other.card.sha256 != found.card.sha256


def test_digest_differs_by_document_by_numbers_and_by_their_type(tmp_path: Path) -> None:
    document = tiny_document("dense")
    tensors = tiny_tensors(document)
    half = {name: t.astype(np.float16) for name, t in tensors.items()}
    single = {name: t.astype(np.float32) for name, t in half.items()}
    exchanged = dict(tensors) | {"encoder.2.weight": tensors["encoder.2.bias"]}
    redated = tiny_document("dense", date="2027")
    contents = [
        (document, tensors), (redated, tensors), (document, half), (document, single),
        (document, exchanged),
    ]  # fmt: skip
    found = {checkpoints.save(tmp_path / "a.safetensors", *one).sha256 for one in contents}
    assert len(found) == len(contents)
    again = checkpoints.save(tmp_path / "b.safetensors", document, tensors)
    assert again.sha256 in found


def test_card_whose_file_was_replaced_gives_no_model(saved: Path) -> None:
    card = checkpoints.read(saved).card
    assert checkpoints.of(card).card.sha256 == card.sha256
    document = tiny_document("dense")
    checkpoints.save(saved, document, tiny_tensors(document, seed=5))
    with pytest.raises(CheckpointError, match="has been replaced by another model"):
        checkpoints.of(card)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"latent_dim": 10**9}}, "out of bounds"),
        ({"options": {"latent_dim": 4, "widths": [8]}}, "does not fit"),
        ({"architecture": "gan"}, "out of bounds"),
        ({"input_shape": (1, 512, 512)}, "does not fit"),
        ({"input_shape": (1, 10**6, 28)}, "not ours"),
        ({"format": 3}, "not ours"),
        ({"reference": (1.0,) * 200 + (0.5,)}, "not in order"),
        ({"reference": ()}, "not ours"),
        ({"dataset": "x" * 301}, "not ours"),
    ],
)
def test_checkpoint_whose_description_does_not_hold_is_refused(
    saved: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(CheckpointError, match=words):
        checkpoints.read(edited(saved, **change))


def test_checkpoint_with_a_name_twice_in_its_header_is_refused(saved: Path) -> None:
    header, body = parts(saved)
    text = json.dumps(header)
    text = text[:-1] + f', "encoder.1.weight": {json.dumps(header["encoder.1.weight"])}' + "}"
    saved.write_bytes(len(text).to_bytes(8, "little") + text.encode() + body)
    with pytest.raises(CheckpointError, match="twice"):
        checkpoints.read(saved)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        b"\xff" * 64,
        b"PK\x03\x04" + b"\0" * 100,
        (2).to_bytes(8, "little") + b"[]",
        (6).to_bytes(8, "little") + b'{"a":1}',
    ],
)
def test_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be used"):
        checkpoints.read(path)


def test_safetensors_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, path, {"format": "pt"})
    with pytest.raises(CheckpointError, match="description is not ours"):
        checkpoints.read(path)


def test_file_with_very_many_empty_tensors_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "many.safetensors"
    header = {
        f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(200_000)
    }
    rewritten(path, header, b"")
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        checkpoints.read(path)
    rewritten(path, dict(list(header.items())[:2001]), b"")
    with pytest.raises(CheckpointError, match="more than 2,000 tensors"):
        checkpoints.read(path)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".ckpt"])
def test_pickled_file_is_refused_unread_with_the_reason(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"evil{suffix}"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match="can run code"):
        checkpoints.load(path)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "a/b",
        "a\0b",
        "%2e%2e",
        "a" * 300,
        "dot.",
        "a\u202eb",
        "",
        "CON",
        "mnist-dense-2/../../x",
        "~",
    ],
)
def test_name_that_is_none_finds_nothing_and_the_message_shows_it_safely(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        checkpoints.load(name)
    assert str(caught.value).isascii()
    assert "\0" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_failed_write_leaves_the_old_file_and_no_temporary(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    document = tiny_document("dense")
    with pytest.raises(CheckpointError, match="No space left"):
        checkpoints.save(saved, document, tiny_tensors(document, seed=1))
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["good.safetensors"]


def test_save_refuses_tensors_that_do_not_fit_the_document(tmp_path: Path) -> None:
    document = tiny_document("dense")
    tensors = tiny_tensors(document)
    del tensors["encoder.1.weight"]
    with pytest.raises(CheckpointError, match=r"encoder\.1\.weight"):
        checkpoints.save(tmp_path / "a.safetensors", document, tensors)
    assert not list(tmp_path.iterdir())


def test_available_lists_sound_files_and_tells_about_the_others(home: Path) -> None:
    document = tiny_document("dense")
    folder = local_checkpoints_dir()
    checkpoints.save(folder / "mine.safetensors", document, tiny_tensors(document))
    (folder / "broken.safetensors").write_bytes(b"no")
    (folder / "Upper Case.safetensors").write_bytes((folder / "mine.safetensors").read_bytes())
    (folder / "link.safetensors").symlink_to(folder / "mine.safetensors")
    assert [card.name for card in checkpoints.available() if not card.shipped] == ["mine"]
    assert len(checkpoints.broken()) == 3
    assert checkpoints.load("mine").card.document.dataset == "mnist-5k"
    with pytest.raises(CheckpointError):
        checkpoints.load("link")


def test_file_deleted_while_the_folder_is_listed_is_left_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tiny_document("dense")
    for name in ("first", "second"):
        path = local_checkpoints_dir() / f"{name}.safetensors"
        checkpoints.save(path, document, tiny_tensors(document))
    look = Path.lstat

    def too_late(path: Path) -> Any:
        if path.stem == "first":
            path.unlink(missing_ok=True)
        return look(path)

    monkeypatch.setattr(Path, "lstat", too_late)
    assert [card.name for card in checkpoints.available() if not card.shipped] == ["second"]


def test_local_path_of_a_shipped_name_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / "taken.safetensors").touch()
    monkeypatch.setattr(checkpoints, "shipped_checkpoints_dir", lambda: shipped)
    with pytest.raises(CheckpointError, match="included with Hourglass"):
        checkpoints.local_path("taken")
    assert checkpoints.local_path("free").name == "free.safetensors"


def test_document_survives_json(saved: Path) -> None:
    document = tiny_document("vae", excluded_classes=("5", "9"))
    assert documents.from_json(documents.to_json(document)) == document
    with pytest.raises(CheckpointError):
        documents.from_json(documents.to_json(msgspec.structs.replace(document, date="x" * 301)))


def test_title_tells_family_code_noise_and_missing_classes() -> None:
    noisy = tiny_document("dense")
    record = msgspec.structs.replace(noisy.training, noise=documents.NoiseRecord(sigma=0.5))
    noisy = msgspec.structs.replace(noisy, training=record, excluded_classes=("5",))
    card = checkpoints.Card("a", Path(), False, noisy, fileformat.plan_of(noisy))
    assert card.title == "Denoising dense, D' = 3 (sigma 0.5), without 5"
    assert dataclasses.replace(card, name="b").title == card.title


def test_title_tells_a_linear_output_from_a_bounded_one() -> None:
    document = tiny_document("dense", options={"latent_dim": 3, "widths": [8], "bounded": False})
    card = checkpoints.Card("a", Path(), False, document, fileformat.plan_of(document))
    assert card.title == "Dense, D' = 3, linear output"


def test_digests_of_training_images_are_kept_in_order_and_no_network_gets_them(
    tmp_path: Path,
) -> None:
    document = tiny_document("dense")
    seen = np.random.default_rng(0).integers(0, 256, (50, 8), dtype=np.uint8)
    path = tmp_path / "a.safetensors"
    plain = checkpoints.save(path, document, tiny_tensors(document))
    assert checkpoints.read(path).training_digests is None
    card = checkpoints.save(path, document, tiny_tensors(document), np.repeat(seen, 2, axis=0))
    found = checkpoints.read(path)
    assert card.sha256 == found.card.sha256 != plain.sha256
    assert found.training_digests is not None
    assert found.training_digests.tolist() == sorted(seen.tolist())
    assert found.tensors.keys() == tiny_tensors(document).keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meta.training_digests", np.zeros((2, 8), np.uint8)),  # not rising
        ("meta.training_digests", np.zeros((3, 7), np.uint8)),
        ("meta.training_digests", np.zeros((0, 8), np.uint8)),
        ("meta.training_digests", np.zeros((3, 8), np.float32)),
        ("meta.training_digests", np.zeros(8, np.uint8)),
        ("meta.other", np.zeros((3, 8), np.uint8)),
        ("meta.", np.zeros((3, 8), np.float32)),
    ],
)
def test_array_beside_the_weights_that_is_not_as_it_should_be_is_refused(
    name: str, value: np.ndarray, tmp_path: Path
) -> None:
    document = tiny_document("dense")
    tensors = dict(tiny_tensors(document)) | {name: value}
    text = documents.to_json(document)
    metadata = {"hourglass": text, "sha256": fileformat._digest(text, tensors)}
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors.numpy.save(tensors, metadata))
    with pytest.raises(CheckpointError, match="array|digests"):
        checkpoints.read(path)


def test_longest_training_with_the_longest_names_can_be_saved_and_read(tmp_path: Path) -> None:
    records = tuple(
        documents.EpochRecord(
            i, 0.0123456789012345, 0.0123456789012345, 0.1234567890123, 98765.4321
        )
        for i in range(1, 10_001)
    )
    names = tuple(f"{i:04d}" + "名" * 296 for i in range(documents.MAX_CLASSES))
    document = tiny_document("dense", history=records, excluded_classes=names)
    path = tmp_path / "long.safetensors"
    checkpoints.save(path, document, tiny_tensors(document))
    found = checkpoints.read(path).card.document
    assert found.history == records
    assert found.excluded_classes == names
