"""The command line: results on stdout; for a mistake one line and exit code 2, no traceback."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints, metrics, runs
from core.checkpoints.document import HealthRecord
from core.cli.main import commands, main
from core.cli.train import on_all_ranks
from core.config import OptionError
from core.data import catalogue
from core.data.own.draft import Form
from core.data.own.import_images import gather
from core.data.own.make_set import Keeping, make
from core.inference import Autoencoder
from core.models import ARCHITECTURES
from core.runs import RunConfig
from core.runs import control as run_control
from core.runs.execute import execute
from core.training.config import TrainConfig, suggested
from tests.core.data.own.test_import_images import image_file, offers
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.core.runs_for_tests import (
    LONG,
    new_run,
    wait_for_epoch,
    wait_for_state,
    write_images,
)

PROJECT = Path(__file__).resolve().parents[3]
DIGIT = (1, 28, 28)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process: its exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        code = main([str(arg) for arg in args])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def model(own_checkpoints: Path) -> str:
    document = tiny_document("dense", DIGIT)
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    return "tiny"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes with an image each, one broken file and one that is no image."""
    folder = tmp_path / "photos"
    for name, colour in {"cat/=a.png": (250, 0, 0), "dog/b.png": (0, 250, 0)}.items():
        (folder / name).parent.mkdir(parents=True)
        Image.new("RGB", (40, 30), colour).save(folder / name)
    (folder / "dog" / "broken.png").write_bytes((folder / "dog" / "b.png").read_bytes()[:60])
    (folder / "notes.txt").write_text("not an image")
    return folder


def start(*args: object, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "core", *map(str, args)], cwd=PROJECT, **options)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("eval", "plain,evaluate"),
        ("evaluate mnist-pca-3", "plain,mnist-pca-32"),
        ("score mnist-pca-32 mnist-5", "plain,mnist-5k"),
        ("score mnist-pca-32 ./pho", "file,./pho"),
        ("train --arch den", "plain,dense"),
        ("train --dataset shap", "plain,shapes"),
        ("runs show ", ""),
    ],
)
def test_shell_is_offered_what_can_stand_there(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, line: str, offered: str
) -> None:
    monkeypatch.setenv("_HOURGLASS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"hourglass {line}")
    monkeypatch.setenv("COMP_CWORD", str(len(f"{line}x".split())))
    assert run() == (0, f"{offered}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_needs(run: Run, shell: str) -> None:
    code, out, _ = run("completion", shell)
    assert (code, f"_HOURGLASS_COMPLETE={shell}_complete" in out) == (0, True)


# Lists


def test_archs_as_json_names_every_architecture_and_option(run: Run) -> None:
    code, out, err = run("archs", "--json")
    found = {arch["name"]: arch["options"] for arch in json.loads(out)["architectures"]}
    assert (code, err) == (0, "")
    assert {name: [o["name"] for o in options] for name, options in found.items()} == {
        spec.name: [option.name for option in spec.options] for spec in ARCHITECTURES
    }


def test_datasets_as_json_are_those_of_the_catalogue(run: Run) -> None:
    _, out, _ = run("datasets", "--json")
    found = json.loads(out)["datasets"]
    assert [info["id"] for info in found] == [info.id for info in catalogue.catalogue()]
    assert found[0]["available"] is True


def test_checkpoints_list_names_the_users_own_and_the_broken_ones(
    run: Run, model: str, own_checkpoints: Path
) -> None:
    (own_checkpoints / "broken.safetensors").write_bytes(b"not a checkpoint")
    _, out, _ = run("checkpoints", "--json")
    found = json.loads(out)
    own = next(card for card in found["checkpoints"] if card["name"] == model)
    assert (own["shipped"], own["architecture"], own["input_shape"]) == (False, "dense", [*DIGIT])
    assert "broken.safetensors" in found["broken"][0]


@pytest.mark.parametrize("name", ["datasets", "archs", "checkpoints"])
def test_list_for_people_has_a_line_for_each_entry(name: str, run: Run, model: str) -> None:
    code, out, _ = run(name)
    assert code == 0
    assert any(word in out for word in ("mnist-5k", "pca", model))


@pytest.mark.parametrize("name", ["", *commands.commands])
def test_help_is_shown_on_stdout_and_ends_well(name: str, run: Run) -> None:
    code, out, err = run(*name.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: python -m core")


def test_no_command_shows_the_help(run: Run) -> None:
    assert run() == run("--help")


# Evaluate


def test_evaluate_as_json_has_the_documented_keys_and_the_models_errors(
    run: Run, model: str
) -> None:
    code, out, err = run("evaluate", model, "--sigma", 0.1, 0.5, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert set(found) == {
        "checkpoint", "dataset", "split", "n", "mse", "psnr", "ssim", "per_class", "sigma",
        "n_per_class", "model", "model_sha256", "trained_on", "excluded_classes", "seed",
        "versions", "mse_trained_classes", "mse_excluded", "noise", "noisy", "warning",
    }  # fmt: skip
    x = catalogue.load("mnist-5k", "test").pixels()
    assert found["n"] == len(x)
    assert found["mse"] == pytest.approx(Autoencoder.load(model).errors(x).mean())
    assert [at["sigma"] for at in found["sigma"]] == [0.1, 0.5]
    assert found["sigma"][1]["noisy_mse"] == pytest.approx(0.25, rel=0.01)


def test_evaluate_with_the_sigmas_before_the_checkpoint_means_the_same(
    run: Run, model: str
) -> None:
    in_a_row = run("evaluate", "--sigma", "0.1", "0.5", model, "--json")
    one_by_one = run("evaluate", model, "--json", "--sigma", "0.1", "--sigma=0.5")
    assert in_a_row == one_by_one


def test_evaluate_for_people_shows_classes_and_sigmas(run: Run, model: str) -> None:
    code, out, _ = run("evaluate", model, "--sigma", "0.5", "--split", "test")
    assert code == 0
    assert "CLASS" in out
    assert "NOISY MSE" in out


def test_evaluate_with_other_noise_than_in_training_says_so(
    run: Run, own_checkpoints: Path
) -> None:
    run("train", "--dataset", "mnist-5k", "--arch", "dense", "--option", "widths=4", "--epochs",
        1, "--noise-std", 0.5, "--name", "denoiser")  # fmt: skip
    _, same, _ = run("evaluate", "denoiser", "--sigma", 0.5)
    _, other, _ = run("evaluate", "denoiser", "--sigma", 0.5, "--clip")
    assert "Note" not in same
    assert "trained on unclipped gaussian noise, and this is clipped gaussian noise" in other


# Train


def test_train_keeps_a_checkpoint_that_was_trained_as_asked(
    run: Run, own_checkpoints: Path
) -> None:
    code, out, err = run(
        "train", "--dataset", "mnist-5k", "--arch", "dense", "--latent-dim", 3,
        "--option", "widths=16,8", "batch_norm=false", "activation=relu",
        "--noise-std", 0.25, "--noise-kind", "masking", "--noise-clip", "--epochs", 2,
        "--batch-size", 256, "--lr", 0.002, "--exclude-class", 5, 9, "--seed", 7,
        "--device", "cpu", "--threads", 1, "--name", "mine", "--json",
    )  # fmt: skip
    assert code == 0, err
    result = json.loads(out)
    card = checkpoints.load("mine").card
    training = card.document.training
    assert card.path == own_checkpoints / "mine.safetensors" == Path(result["path"])
    assert card.options["widths"] == [16, 8]
    assert (card.latent_dim, card.options["batch_norm"]) == (3, False)
    assert card.noise.sigma == 0.25
    assert (card.noise.kind, card.noise.clip) == ("masking", True)
    assert card.excluded_classes == ("5", "9")
    assert (training.batch_size, training.seed, training.n_images) == (256, 7, 2880)
    assert (card.epochs, training.learning_rate) == (2, 0.002)
    assert err.count("epoch ") == 2


def test_train_without_a_name_names_the_checkpoint_itself(run: Run, own_checkpoints: Path) -> None:
    code, _, err = run("train", "--dataset", "mnist-5k", "--arch", "pca", "--latent-dim", 2)
    assert code == 0, err
    (path,) = own_checkpoints.iterdir()
    assert path.name.startswith("mnist-5k-pca-")


# Score and encode


def test_score_of_a_data_set_has_a_row_an_image_with_its_error(
    run: Run, model: str, tmp_path: Path
) -> None:
    code, out, err = run(
        "score", model, "mnist-5k", "--out", tmp_path / "s.parquet", "--score", "mse", "--json"
    )
    assert code == 0, err
    images = catalogue.load("mnist-5k", "test")
    table = pd.read_parquet(tmp_path / "s.parquet")
    assert list(table) == [
        "id", "source", "label", "score", "error", "percentile", "is_outlier", "reason"
    ]  # fmt: skip
    assert table["id"].tolist() == images.ids.tolist()
    assert table["label"].tolist() == [images.label_name(i) for i in range(len(images))]
    np.testing.assert_allclose(
        table["error"], Autoencoder.load(model).errors(images.pixels()), rtol=1e-5
    )
    found = json.loads(out)
    assert found["n_outliers"] == (table["score"] > found["threshold"]).sum()
    assert (found["n"], found["n_scored"], found["n_refused"]) == (1000, 1000, 0)
    assert (found["score"], found["rate"]) == ("mse", 0.01)
    assert found["calibration"] == {"name": "2,000 held-out images of mnist-5k", "n": 2000}


def test_percentile_of_score_is_the_rate_that_it_leaves(
    run: Run, model: str, tmp_path: Path
) -> None:
    found = []
    for asked in (["--percentile", 95], ["--rate", 0.05], []):
        _, out, _ = run("score", model, "mnist-5k", "--out", tmp_path / "s.csv", "--json", *asked)
        found.append(json.loads(out))
    assert found[0]["threshold"] == found[1]["threshold"] < found[2]["threshold"]
    both = ["--rate", 0.05, "--percentile", 95]
    code, _, err = run("score", model, "mnist-5k", "--out", tmp_path / "s.csv", *both)
    assert code == 2
    assert "say the same" in err


def test_score_by_another_name_is_that_of_outliers_with_its_own_threshold(
    run: Run, model: str, tmp_path: Path, photos: Path
) -> None:
    path = tmp_path / "s.csv"
    for source in ("mnist-5k", photos):
        code, out, err = run(
            "score", model, source, "--out", path, "--json", "--score", "pixel_neighbours"
        )
        assert code == 0, err
        found, table = json.loads(out), pd.read_csv(path)
        assert found["score"] == "pixel_neighbours"
        assert found["n_outliers"] == (table["score"] > found["threshold"]).sum()
    code, _, err = run("score", model, photos, "--out", path, "--score", "oddity")
    assert code == 2
    assert "no score" in err


def test_score_says_when_model_and_folder_do_not_belong_together(run: Run, tmp_path: Path) -> None:
    folder, rng = tmp_path / "noise", np.random.default_rng(0)
    folder.mkdir()
    for i in range(6):
        x = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(x).save(folder / f"{i}.png")
    asked = ("score", "mnist-dense-8", folder, "--out")
    code, out, err = run(*asked, tmp_path / "s.csv", "--json", "--score", "mse")
    assert code == 0
    assert json.loads(out)["foreign"] == {"n_looked_at": 6, "n_foreign": 6, "n_far": 6}
    assert "6 of 6 images are unlike all that mnist-dense-8 was trained on" in err
    code, out, err = run(*asked, tmp_path / "parts", "--json", "--score", "mse")
    assert json.loads(out)["foreign"] == {"n_looked_at": 6, "n_foreign": 6, "n_far": 6}
    code, out, err = run(
        "score",
        "mnist-dense-8",
        "mnist-5k",
        "--out",
        tmp_path / "d.csv",
        "--json",
        "--score",
        "mse",
    )
    assert json.loads(out)["foreign"]["n_foreign"] == 0
    assert "kind" not in err


@pytest.mark.parametrize("as_zip", [False, True])
def test_score_of_a_persons_images_has_a_row_for_each_file_offered(
    as_zip: bool, run: Run, model: str, photos: Path, tmp_path: Path
) -> None:
    source = photos
    if as_zip:
        source = Path(shutil.make_archive(str(tmp_path / "photos"), "zip", photos))
    code, out, err = run("score", model, source, "--out", tmp_path / "s.csv", "--json")
    assert code == 0, err
    with open(tmp_path / "s.csv", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert sorted(rows) == ["cat/=a.png", "dog/b.png", "dog/broken.png", "notes.txt"]
    assert rows["cat/=a.png"]["label"] == "cat"
    assert float(rows["dog/b.png"]["error"]) > 0
    assert rows["notes.txt"]["reason"]
    assert rows["notes.txt"]["error"] == rows["dog/broken.png"]["is_outlier"] == ""
    assert json.loads(out)["n_refused"] == 2


def test_encode_writes_the_codes_of_the_model(run: Run, model: str, tmp_path: Path) -> None:
    code, _, err = run("encode", model, "mnist-5k", "--out", tmp_path / "z.parquet")
    assert code == 0, err
    table = pd.read_parquet(tmp_path / "z.parquet")
    autoencoder = Autoencoder.load(model)
    x = catalogue.load("mnist-5k", "test").pixels()
    names = [f"z{i}" for i in range(autoencoder.latent_dim)]
    assert list(table) == ["id", "label", *names, "error"]
    np.testing.assert_allclose(table[names], autoencoder.encode(x), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        table["error"], metrics.mse(x, autoencoder.reconstruct(x)), rtol=1e-4
    )


# Mistakes

MISTAKES = {
    "no such command": ["bogus"],
    "no such option": ["archs", "--bogus"],
    "an argument missing": ["evaluate"],
    "an option missing": ["train", "--dataset", "mnist-5k"],
    "not a number": ["train", "--dataset", "mnist-5k", "--arch", "dense", "--epochs", "many"],
    "no such architecture": ["train", "--dataset", "mnist-5k", "--arch", "gan"],
    "no such data set": ["train", "--dataset", "imagenet", "--arch", "pca"],
    "no such class": ["train", "--dataset", "mnist-5k", "--arch", "pca", "--exclude-class", "x"],
    "an unknown setting": ["train", "--dataset", "mnist-5k", "--arch", "pca", "--option", "a=1"],
    "not a setting": ["train", "--dataset", "mnist-5k", "--arch", "pca", "--option", "a"],
    "not a width": ["train", "--dataset", "shapes", "--arch", "dense", "--option", "widths=1,x"],
    "a huge code": ["train", "--dataset", "shapes", "--arch", "dense", "--latent-dim", "9" * 10],
    "no epochs": ["train", "--dataset", "mnist-5k", "--arch", "pca", "--epochs", "0"],
    "a name outside": ["train", "--dataset", "mnist-5k", "--arch", "pca", "--name", "../x"],
    "no such checkpoint": ["evaluate", "nothing"],
    "a pickled checkpoint": ["evaluate", "model.pt"],
    "images of another shape": ["evaluate", "tiny", "--dataset", "shapes"],
    "sigma out of bounds": ["evaluate", "tiny", "--sigma", "7"],
    "no place to write": ["score", "tiny", "mnist-5k", "--out", "nowhere/x.csv"],
    "no such format": ["score", "tiny", "mnist-5k", "--out", "x.xlsx"],
    "codes as CSV": ["encode", "tiny", "mnist-5k", "--out", "x.csv"],
    "no such folder": ["score", "tiny", "folder:nowhere", "--out", "x.csv"],
    "a folder without images": ["score", "tiny", "empty", "--out", "x.csv"],
    "a file that is no zip": ["score", "tiny", "model.pt", "--out", "x.csv"],
}


@pytest.mark.parametrize("args", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_is_one_line_on_stderr_and_exit_code_2(
    args: list[str], run: Run, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(b"\x80\x04.")
    (tmp_path / "empty").mkdir()
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_mistake_with_control_characters_in_it_is_still_one_line(run: Run) -> None:
    code, _, err = run("evaluate", "a\nb\x1b[31m\u2028c")
    assert code == 2
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_mistake_under_json_leaves_stdout_empty(run: Run) -> None:
    code, out, _ = run("evaluate", "nothing", "--json")
    assert (code, out) == (2, "")


def test_output_on_a_disk_that_refuses_keeps_the_old_file(
    run: Run, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    old = tmp_path / "s.csv"
    old.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    code, _, err = run("score", model, "mnist-5k", "--out", old)
    assert code == 2
    assert "No space left" in err
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.glob("*s.csv*")] == ["s.csv"]


# As a process of its own


@pytest.mark.skipif(os.name != "posix", reason="a process's own time as POSIX tells it")
def test_archs_takes_less_than_a_second_of_a_core() -> None:
    seconds = []
    for _ in range(3):
        before = os.times()
        assert start("archs", stdout=subprocess.DEVNULL).wait() == 0
        now = os.times()
        took = now.children_user + now.children_system
        seconds.append(took - before.children_user - before.children_system)
    assert min(seconds) < 1


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as POSIX has them")
def test_training_interrupted_by_ctrl_c_ends_quietly_with_130(own_checkpoints: Path) -> None:
    process = start(
        "train", "--dataset", "mnist-5k", "--arch", "conv", "--epochs", 500,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    assert b"epoch 1" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err
    assert not list(own_checkpoints.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as POSIX has them")
@pytest.mark.parametrize("args", [["archs"], ["archs", "--json"], ["--help"]])
def test_reader_that_goes_away_is_met_quietly(args: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*args, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk_under_stdout_is_one_line_and_exit_code_2() -> None:
    with open("/dev/full", "w") as full:
        process = start("archs", stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, b"Error: No space left on device\n")


def test_python_without_the_requirements_is_told_which_one_to_use() -> None:
    code = f"import sys, runpy; sys.path.insert(0, {str(PROJECT)!r}); "
    code += "runpy.run_module('core', run_name='__main__')"
    bare = [sys.executable, "-I", "-S", "-c", code]
    result = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == "Error: click is not installed: use the Python in .venv.\n"


# Runs


def test_training_that_was_interrupted_goes_on_with_resume(
    run: Run, empty_home: Path, own_checkpoints: Path
) -> None:
    images = write_images(empty_home / "squares")
    begun = new_run(images, epochs=3)
    next(events := execute(begun))
    events.close()  # type: ignore[attr-defined]
    assert json.loads(run("runs", "--json")[1])["runs"][0]["state"] == "paused"
    code, out, err = run("train", "--resume", begun.id, "--json")
    assert code == 0, err
    assert json.loads(out)["state"] == "finished"
    assert "epoch 3" in err
    code, _, err = run("train", "--resume", "mine")
    assert (code, "nothing to resume" in err) == (2, True)


def test_train_resume_takes_no_settings(run: Run, empty_home: Path) -> None:
    code, _, err = run("train", "--resume", "mine", "--epochs", "3")
    assert code == 2
    assert "leave out --epochs" in err


def test_mistake_in_the_settings_leaves_no_run_behind(run: Run, empty_home: Path) -> None:
    assert run("train", "--dataset", "imagenet", "--arch", "pca")[0] == 2
    assert json.loads(run("runs", "list", "--json")[1]) == {"runs": [], "broken": []}


def test_runs_are_shown_and_deleted(run: Run, empty_home: Path, own_checkpoints: Path) -> None:
    assert "There are no runs" in run("runs")[1]
    list(execute(new_run(write_images(empty_home / "squares"), epochs=2)))
    _, out, _ = run("runs")
    assert "finished" in out
    found = json.loads(run("runs", "show", "mine", "--json")[1])
    assert [record["epoch"] for record in found["history"]] == [1, 2]
    assert "epoch 2" in run("runs", "show", "mine")[1]
    assert run("runs", "delete", "mine")[0] == 0
    assert "There is no run" in run("runs", "show", "mine")[2]
    assert (own_checkpoints / "mine.safetensors").exists()


def test_run_started_and_ended_from_the_terminal(
    run: Run, empty_home: Path, own_checkpoints: Path
) -> None:
    one = new_run(write_images(empty_home / "squares"), epochs=LONG)
    assert "queued" in run("runs", "resume", one.id)[1]
    wait_for_epoch(one, 1)
    assert run("runs", "pause", one.id)[0] == 0
    wait_for_state(one, "paused")
    assert "paused" in run("runs", "cancel", one.id)[1]
    code, out, err = run("runs", "stop", one.id, "--json")
    assert code == 0, err
    stopped = json.loads(out)
    assert (stopped["state"], stopped["checkpoint"]) == ("stopped", "mine")
    assert checkpoints.load("mine").card.epochs >= 1
    code, _, err = run("runs", "stop", one.id)
    assert (code, "nothing to stop" in err) == (2, True)


def test_stop_of_a_run_without_a_model_to_keep_says_so(run: Run, empty_home: Path) -> None:
    one = new_run(write_images(empty_home / "squares"))
    code, _, err = run("runs", "stop", one.id)
    assert (code, "no model to keep" in err) == (2, True)


@pytest.mark.parametrize("request_", ["pause", "cancel"])
def test_training_that_ends_without_a_model_does_not_exit_with_0(
    run: Run, empty_home: Path, own_checkpoints: Path, request_: run_control.Request
) -> None:
    one = new_run(write_images(empty_home / "squares"), epochs=LONG)

    def ask() -> None:
        run_control.ask(wait_for_epoch(one, 1), request_)

    asking = threading.Thread(target=ask)
    asking.start()
    code, out, _ = run("train", "--resume", one.id, "--json")
    asking.join()
    assert (code, json.loads(out)["state"]) == (3, {"pause": "paused"}.get(request_, "cancelled"))
    assert list(own_checkpoints.glob("*.safetensors")) == []


def test_two_trainings_of_one_name_do_not_replace_each_others_model(
    run: Run, empty_home: Path, own_checkpoints: Path
) -> None:
    images = write_images(empty_home / "squares")
    first, second = new_run(images, epochs=1), new_run(images, epochs=1)
    events = execute(first)
    next(events)
    code, _, err = run("train", "--resume", second.id)
    assert (code, "mine is under way" in err) == (2, True)
    with pytest.raises(OptionError, match="will keep its model as mine"):
        new_run(images)
    events.close()  # type: ignore[attr-defined]
    assert run("train", "--resume", second.id)[0] == 0
    code, _, err = run("train", "--resume", first.id)
    assert (code, f"{second.id} has kept a model as mine since" in err) == (2, True)
    assert run("train", "--dataset", images, "--arch", "pca", "--name", "mine")[0] == 0


def test_finished_model_is_trained_on_from_its_weights_with_its_settings(
    run: Run, empty_home: Path, own_checkpoints: Path
) -> None:
    images = write_images(empty_home / "squares")
    settings = ["--latent-dim", 2, "--option", "widths=8", "--batch-size", 8, "--noise-std", 0.2]
    asked = ["train", "--dataset", images, "--arch", "dense", *settings, "--epochs", 30]
    assert run(*asked, "--name", "first", "--exclude-class", "none-such")[0] == 2
    assert run(*asked, "--name", "first")[0] == 0
    code, _, err = run("train", "--from", "first", "--epochs", 2, "--name", "second")
    assert code == 0, err
    first, second = checkpoints.load("first").card, checkpoints.load("second").card
    assert (second.epochs, second.options, second.noise) == (32, first.options, first.noise)
    assert second.document.history[:30] == first.document.history
    losses = [record.train_loss for record in second.document.history]
    assert max(losses[30:]) < losses[1]
    rates = [card.document.training.learning_rate for card in (first, second)]
    assert rates[1] == pytest.approx(rates[0] / 10)


def test_what_cannot_be_trained_on_says_so(
    run: Run, empty_home: Path, own_checkpoints: Path
) -> None:
    for asked, reason in (
        (("mnist-pca-8",), "closed form"),
        (("mnist-dense-8", "--arch", "conv"), "leave out --arch"),
        (("mnist-dense-8", "--dataset", "mnist-5k"), "leave out --dataset"),
        (("none-such",), "There is no checkpoint"),
    ):
        code, _, err = run("train", "--from", *asked, "--epochs", 1)
        assert (code, reason in err) == (2, True), err
    images = write_images(empty_home / "squares")
    assert (
        run("train", "--dataset", images, "--arch", "dense", "--epochs", 1, "--name", "old")[0] == 0
    )
    for path in (empty_home / "squares").iterdir():
        Image.new("L", (16, 16), int(path.stem)).save(path)
    code, _, err = run("train", "--from", "old", "--epochs", 1)
    assert (code, "trained on other images" in err) == (2, True), err
    assert len(json.loads(run("runs", "--json")[1])["runs"]) == 1


def test_option_that_is_given_twice_is_refused(run: Run, empty_home: Path) -> None:
    asked = ("train", "--dataset", "mnist-5k", "--arch", "dense")
    for twice in (
        ("--latent-dim", 2, "--option", "latent_dim=3"),
        ("--option", "widths=8", "--option", "widths=9"),
    ):
        code, _, err = run(*asked, *twice)
        assert (code, "is given twice" in err) == (2, True)


def test_mistake_in_a_team_is_the_same_sentence_on_all_ranks() -> None:
    sent: list[bytes] = []

    def refuse() -> Any:
        raise OptionError("Say what to train.")

    def send(content: bytes) -> bytes:
        sent.append(content)
        return content

    first = SimpleNamespace(rank=0, size=2, broadcast_bytes=send)
    other = SimpleNamespace(rank=1, size=2, broadcast_bytes=lambda _: sent[0])
    for team in (first, other):
        with pytest.raises(OptionError, match="Say what to train"):
            on_all_ranks(team, refuse)  # type: ignore[arg-type]


def test_training_on_an_own_set_suits_it_where_nothing_else_is_said(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = gather(offers({f"{i}.png": image_file(20, 20, seed=i) for i in range(12)}),
                   Form((16, 16), 1), "a test")  # fmt: skip
    own = make(draft, "mine", Keeping())
    draft.discard()
    asked: list[TrainConfig] = []

    def refuse(config: RunConfig) -> None:
        asked.append(config.train)
        raise OptionError("enough")

    monkeypatch.setattr(runs, "create", refuse)
    for further in ((), ("--arch", "dense"), ("--epochs", 7)):
        run("train", "--dataset", own.id, *further)
    suits = suggested(own.id, own.shape, own.n_train)
    plain, dense, short = asked
    assert plain == suits
    assert (dense.arch, dense.epochs, dense.batch_size) == ("dense", suits.epochs, suits.batch_size)
    assert (short.arch, short.epochs) == (suits.arch, 7)
    assert suits.epochs > 10
    run("train", "--dataset", "mnist-5k", "--arch", "dense")
    assert asked[-1].epochs == 10


def test_training_worth_little_says_what_to_do_instead(
    run: Run, own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = HealthRecord(0.06, 0.05, None, 0.9, 0.0, 0.0)
    monkeypatch.setattr("core.training.trainer.examined", lambda *_: ill)
    small = ("--arch", "dense", "--latent-dim", 2, "--option", "widths=4", "--epochs", 1)
    code, out, _ = run("train", "--dataset", "mnist-5k", *small, "--name", "poor")
    assert code == 0
    assert "Worse than the mean image" in out
    assert "Train 4 times as long (4 epochs instead of 1): python -m core train" in out
    assert "--epochs 4" in out
