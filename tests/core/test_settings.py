"""Each setting of a training is declared once, and forgotten nowhere."""

import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core import checkpoints
from core.checkpoints import Card
from core.cli.train import run_config
from core.cli.train import train as train_command
from core.config import OptionError
from core.export.script import script
from core.noise import KINDS, Noise
from core.runs import RunConfig
from core.settings import THREADS, Setting, TrainSettings, settings_of
from core.training.config import TrainConfig
from tests.core.settings_for_tests import all_other, other, others
from tests.core.training.test_training import SMALL, blobs, finished

ALL = (*settings_of(TrainSettings), *settings_of(Noise))
OF_ITS_OWN = {"dataset", "arch", "options", "noise", "exclude_classes"}  # what is trained on what
# Of a run: what it is called, and what it keeps for itself.
OF_A_RUN = {
    "name",
    "created",
    "train",
    "data_root",
    "keep_seconds",
    "keep_steps",
    "launcher",
    "start_from",
}


def test_every_field_of_a_training_is_a_declared_setting_or_says_what_is_trained_on_what() -> None:
    assert {s.name for s in settings_of(TrainConfig)} | OF_ITS_OWN == names_of(TrainConfig)
    assert {s.name for s in settings_of(Noise)} == names_of(Noise)
    assert {THREADS.name} | OF_A_RUN == set(RunConfig.__struct_fields__)


def names_of(declaring: type) -> set[str]:
    return {field.name for field in fields(declaring)}


def test_settings_are_declared_under_the_name_of_their_field_with_a_default_within_bounds() -> None:
    for declaring in (TrainSettings, Noise):
        declared = [(field.name, field.default) for field in fields(declaring)]
        assert declared == [(s.name, s.default) for s in settings_of(declaring)]
    for setting in (*ALL, THREADS):
        assert setting.check(setting.default) == setting.default


@pytest.mark.parametrize("part", ["key", "flag", "label"])
def test_no_two_settings_share_a_name(part: str) -> None:
    found = [getattr(setting, part) for setting in (*ALL, THREADS)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.name)
def test_setting_out_of_bounds_is_refused_with_a_sentence_that_names_it(setting: Setting) -> None:
    wrong = "no such thing" if setting.kind in ("bool", "choice") else setting.high * 2
    with pytest.raises(OptionError, match=f"{setting.label.split()[0]}.* must be .*, not "):
        changed(Noise() if setting in settings_of(Noise) else all_other(), setting.name, wrong)


def changed(settings: Any, name: str, value: Any) -> Any:
    return replace(settings, **{name: value})


def flags(train: TrainConfig) -> Iterator[str]:
    """What is written on the command line for these settings."""
    for values in (train, train.noise):
        for setting in settings_of(values):
            value = getattr(values, setting.name)
            yield from [setting.flag] if value is True else [setting.flag, str(value)]


def test_command_line_takes_every_setting() -> None:
    asked = all_other(options={})
    args = ["--dataset", asked.dataset, "--arch", asked.arch, "--exclude-class", "heart"]
    given = train_command.make_context("train", [*args, *flags(asked)]).params
    assert as_configured(given) == asked
    given = train_command.make_context("train", args[:4]).params
    assert as_configured(given) == TrainConfig(asked.dataset, asked.arch)


OTHERS = ("resume", "wait", "as_json", "tensorboard", "mlflow")  # are no settings


def as_configured(given: dict[str, Any]) -> TrainConfig:
    ours = {k: v for k, v in given.items() if k not in OTHERS}
    return run_config(ours).train


def test_checkpoint_tells_every_setting_it_was_trained_with(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    asked = all_other(dataset="blobs", options=SMALL["vae"], exclude_classes=(), epochs=1)
    finished(asked, path, n=40)
    card = checkpoints.read(path).card
    assert card.document.training.asked == TrainSettings(**others(TrainSettings) | {"epochs": 1})
    assert card.noise == asked.noise
    assert names_of(TrainSettings) == set(card.document.training.settings())


def test_checkpoint_of_an_older_version_tells_what_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    card = finished(all_other(dataset="blobs", options=SMALL["vae"], exclude_classes=()), path).card
    text = checkpoints.document.to_json(card.document)
    older = checkpoints.document.from_json(text[: text.index(',"asked"')] + text_after_asked(text))
    assert older.training.asked is None
    told = older.training.settings()
    assert (told["epochs"], told["half"]) == (other(settings_of(TrainSettings)[0]), False)


def text_after_asked(text: str) -> str:
    return text[text.index("}", text.index('"asked"')) + 1 :]


def run_script(
    card: Card, images: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, np.ndarray]:
    """What the exported script saves, run in this process."""
    np.save(folder / "images.npy", images)
    argv = ["model.py", str(folder / "images.npy"), str(folder / "weights.npz")]
    monkeypatch.setattr(sys, "argv", argv)
    with torch.random.fork_rng():
        exec(compile(script(card), "model.py", "exec"), {"__name__": "__main__"})
    with np.load(argv[2]) as found:
        return {name: found[name] for name in found.files}


@pytest.mark.parametrize("setting", settings_of(TrainSettings), ids=lambda setting: setting.name)
def test_exported_script_trains_with_every_setting(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    asked = TrainConfig("blobs", "dense", SMALL["dense"], epochs=2, batch_size=32)
    asked = replace(asked, **{setting.name: other(setting)})
    assert_same_weights(asked, tmp_path, monkeypatch)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clip", [False, True])
def test_exported_script_trains_with_every_kind_of_noise(
    kind: Any, clip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    noise = Noise(kind, 0.4, 0.1, clip)
    asked = TrainConfig("blobs", "dense", SMALL["dense"], noise, epochs=1, batch_size=32)
    assert_same_weights(asked, tmp_path, monkeypatch)


def test_exported_script_trains_a_network_that_repairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    asked = TrainConfig("blobs", "repair", SMALL["repair"], epochs=2, batch_size=32)
    assert_same_weights(asked, tmp_path, monkeypatch)


def assert_same_weights(asked: TrainConfig, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = finished(asked, n=70)
    found = run_script(trained.card, blobs(70, "train").images, folder, monkeypatch)
    for name, tensor in trained.tensors.items():
        np.testing.assert_array_equal(found[name].astype(np.float32), tensor, err_msg=name)
