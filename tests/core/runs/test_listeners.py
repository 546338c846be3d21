"""TensorBoard's event files, read by an independent reader; MLflow through a stand-in."""

import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.cli.main import main
from core.runs import listeners
from tests.core.runs_for_tests import write_images

TRAIN = ("train", "--arch", "dense", "--latent-dim", "2", "--option", "widths=8", "--epochs", "2",
         "--batch-size", "16", "--device", "cpu", "--threads", "1", "--name", "heard")  # fmt: skip


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> dict[int, Any]:
    """The fields of a protocol buffer: numbers, and bytes for what has a length."""
    at, found = 0, dict[int, Any]()
    value: Any
    while at < len(data):
        tag, at = varint(data, at)
        match tag & 7:
            case 0:
                value, at = varint(data, at)
            case 1:
                value, at = struct.unpack_from("<d", data, at)[0], at + 8
            case 5:
                value, at = struct.unpack_from("<f", data, at)[0], at + 4
            case _:
                n, at = varint(data, at)
                value, at = data[at : at + n], at + n
        found[tag >> 3] = value
    return found


def records(path: Path) -> list[dict[int, Any]]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (of_length,) = struct.unpack_from("<I", data, at + 8)
        content = data[at + 12 : at + 12 + length]
        (of_content,) = struct.unpack_from("<I", data, at + 12 + length)
        assert of_length == masked(data[at : at + 8])
        assert of_content == masked(content)
        found.append(fields(content))
        at += 16 + length
    return found


def masked(content: bytes) -> int:
    crc = listeners.crc32c(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_checksum_is_castagnolis() -> None:
    assert listeners.crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, appendix B.4
    assert listeners.crc32c(b"123456789") == 0xE3069283


def test_training_writes_event_files_with_the_numbers_of_each_epoch(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = write_images(home / "images")
    folder = home / "board"
    assert main([*TRAIN, "--dataset", dataset, "--tensorboard", str(folder)]) == 0
    (file,) = (folder / "heard").glob("events.out.tfevents.*")
    version, settings, *rest = records(file)
    assert version[3] == b"brain.Event:2"
    assert b"latent_dim**: 2" in settings[5]
    told = [(one.get(2, 0), fields(fields(one[5])[1])) for one in rest]
    numbers = {(step, value[1].decode()): value[2] for step, value in told}
    assert {(1, "test_mse"), (2, "test_mse"), (2, "train_loss"), (2, "final/mse")} <= set(numbers)
    said = capsys.readouterr().err
    assert f"epoch 2: loss {numbers[2, 'train_loss']:.5f}" in said


def test_mlflow_that_is_not_installed_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    dataset = write_images(home / "images")
    assert main([*TRAIN, "--dataset", dataset, "--mlflow", str(home / "ml")]) == 2
    assert "needs the package mlflow, which is not installed" in capsys.readouterr().err
    assert not list((home / "runs").glob("*-heard"))


def test_mlflow_gets_settings_numbers_and_the_end(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Any]] = []
    fake: Any = ModuleType("mlflow")
    for name in ("set_tracking_uri", "set_experiment", "start_run", "log_params", "log_metrics",
                 "set_tag", "end_run"):  # fmt: skip

        def note(*given: Any, name: str = name, **more: Any) -> None:
            told.append((name, given or more))

        setattr(fake, name, note)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    dataset = write_images(home / "images")
    assert main([*TRAIN, "--dataset", dataset, "--mlflow", "somewhere"]) == 0
    assert told[0] == ("set_tracking_uri", ("somewhere",))
    assert told[2] == ("start_run", {"run_name": "heard"})
    (params,) = next(given for name, given in told if name == "log_params")
    assert (params["noise_std"], params["latent_dim"]) == ("0.0", "2")
    metrics = [given[0] for name, given in told if name == "log_metrics"]
    assert [set(one) for one in metrics] == [set(listeners.METRICS)] * 2 + [
        {"final_mse", "final_psnr", "final_ssim"}
    ]
    assert told[-1] == ("end_run", ("FINISHED",))
