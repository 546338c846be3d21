"""Models whose documents and weights were made by strangers, on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints
from core.cli.main import main
from core.data import catalogue
from core.data.own import folder as folders
from tests.core.models_for_tests import overflowing, tiny_document, tiny_tensors

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
def secrets(tmp_path: Path) -> Path:
    """A folder with images that nobody has handed over."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    for i in range(30):
        Image.fromarray(np.full((28, 28), 8 * i, np.uint8)).save(folder / f"{i:02d}.png")
    return folder


def keep(folder: Path, dataset: str, name: str = "theirs") -> str:
    """A model from elsewhere whose document names these images."""
    document = tiny_document("dense", DIGIT, dataset=dataset, excluded_classes=("\x1b[31m9\n",))
    checkpoints.save(folder / f"{name}.safetensors", document, tiny_tensors(document))
    return name


@pytest.mark.parametrize("command", ["evaluate", "outliers", "structure"])
def test_images_that_a_stranger_names_are_not_opened_and_it_is_said_what_to_do(
    command: str,
    run: Run,
    own_checkpoints: Path,
    secrets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folders, "load_path", lambda *_: pytest.fail("it was opened"))
    for label in (f"folder:{secrets}", str(secrets), "own:nobody"):
        code, out, err = run(command, keep(own_checkpoints, label))
        assert (code, out) == (2, "")
        assert "no data set here: say which images to take, with --dataset" in err


def test_images_named_by_the_person_are_taken_and_the_model_is_compared_with_them(
    run: Run, own_checkpoints: Path, secrets: Path
) -> None:
    name = keep(own_checkpoints, "folder:/somewhere/else")
    code, _, err = run("evaluate", name, "--dataset", secrets)
    assert (code, err) == (0, "")
    asked = ("--dataset", secrets, "--split", "test", "--plant", "noise")
    code, out, err = run("outliers", name, *asked)
    assert (code, err) == (0, "")
    assert f"train images of folder:{secrets} (what the model was trained on is not" in out


@pytest.mark.parametrize("args", [("checkpoints",), ("checkpoints", "--json")])
def test_what_a_stranger_wrote_does_not_reach_the_terminal_as_it_is(
    args: tuple[str, ...], run: Run, own_checkpoints: Path
) -> None:
    keep(own_checkpoints, "a\x1b]0;title\x07\nb\u202ec")
    code, out, _ = run(*args)
    assert code == 0
    assert not set(out) & set("\x1b\x07\u202e")
    if len(args) == 1:
        (line,) = (line for line in out.splitlines() if line.startswith("theirs"))
        assert "a ]0;title  b c" in line or "a ]0;title b c" in line
        assert "its author" in line
        assert len(line) < 300
    else:
        (found,) = (c for c in json.loads(out)["checkpoints"] if c["name"] == "theirs")
        assert found["metrics_measured_here"] is False


def test_images_a_model_was_trained_on_are_exported_for_its_script(
    run: Run, own_checkpoints: Path, secrets: Path, tmp_path: Path
) -> None:
    images, out = catalogue.training_images("mnist-5k", ("5", "9")).images, tmp_path / "images.npy"
    document = tiny_document("dense", DIGIT, excluded_classes=("5", "9"))
    checkpoints.save(own_checkpoints / "ours.safetensors", document, tiny_tensors(document))
    code, said, err = run("export", "ours", "--out", out, "--json")
    assert (code, err) == (0, "")
    assert json.loads(said)["bytes"] == out.stat().st_size
    np.testing.assert_array_equal(np.load(out, allow_pickle=False), images)
    code, said, err = run("export", keep(own_checkpoints, f"folder:{secrets}"), "--out", out)
    assert (code, said) == (2, "")
    assert "no data set here" in err


def test_page_is_written_for_one_model_or_two_of_one_size(
    run: Run, own_checkpoints: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    for name, shape in {"ours": DIGIT, "beside": DIGIT, "colour": (3, 64, 64)}.items():
        document = tiny_document("dense", shape)
        checkpoints.save(own_checkpoints / f"{name}.safetensors", document, tiny_tensors(document))
    code, said, err = run("export", "ours", "--beside", "beside", "--out", out, "--json")
    assert (code, err) == (0, "")
    assert json.loads(said)["bytes"] == out.stat().st_size
    assert b"<title>Hourglass: ours and beside</title>" in out.read_bytes()
    code, _, err = run("export", "ours", "--beside", "colour", "--out", out)
    assert code == 2
    assert "one size" in err
    code, _, err = run("export", "ours", "--beside", "beside", "--out", tmp_path / "x.onnx")
    assert code == 2
    assert "FILE.html" in err


def test_score_says_whose_the_line_is(run: Run, own_checkpoints: Path, tmp_path: Path) -> None:
    code, out, _ = run("score", keep(own_checkpoints, "x"), "mnist-5k", "--out", tmp_path / "a.csv")
    assert code == 0
    assert "test images of the model, as its author states" in out


# Weights that overflow


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve dark and four bright images, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(16):
        Image.fromarray(np.full((28, 28), 20 + i if i < 12 else 240, np.uint8)).save(
            folder / f"{i:02d}.png"
        )
    (folder / "notes.txt").write_text("not an image")
    return folder


def keep_overflowing(folder: Path, dark: float) -> str:
    """A model whose output is not finite for images of a mean above dark."""
    checkpoints.save(folder / "bad.safetensors", *overflowing(dark, DIGIT))
    return "bad"


COMMANDS = {
    "evaluate": ("--dataset", "SOURCE"),
    "evaluate --sigma": ("--dataset", "SOURCE", "--sigma", "0.5"),
    "outliers": ("--dataset", "SOURCE", "--split", "test", "--plant", "noise"),
    "structure": ("--dataset", "mnist-5k", "--most", "50"),
    "score": ("SOURCE", "--out", "OUT.csv"),
    "score parts": ("SOURCE", "--out", "OUT"),
    "score set": ("SOURCE", "--split", "train", "--out", "OUT.parquet"),
    "encode": ("SOURCE", "--out", "OUT.parquet"),
    "project": ("SOURCE", "--out", "OUT.csv"),
}


def args_of(command: str, model: str, source: Path, out: Path) -> list[str]:
    places = {"SOURCE": str(source), "OUT": str(out)}
    places |= {f"OUT{suffix}": f"{out}{suffix}" for suffix in (".csv", ".parquet")}
    return [command.partition(" ")[0], model, *(places.get(arg, arg) for arg in COMMANDS[command])]


@pytest.mark.parametrize("command", COMMANDS)
def test_model_that_overflows_for_all_images_is_refused_by_every_command(
    command: str, run: Run, own_checkpoints: Path, pictures: Path, tmp_path: Path
) -> None:
    model = keep_overflowing(own_checkpoints, -1)
    code, out, err = run(*args_of(command, model, pictures, tmp_path / "out"))
    assert code == 2
    assert "Error: bad gives numbers that are not finite for" in err
    assert "outliers" not in out
    if command != "score parts":  # which tells it image by image
        assert not list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("score")])
def test_model_that_overflows_for_some_images_is_refused_where_all_are_needed(
    command: str, run: Run, own_checkpoints: Path, pictures: Path, tmp_path: Path
) -> None:
    model = keep_overflowing(own_checkpoints, 0.2)
    code, out, err = run(*args_of(command, model, pictures, tmp_path / "out"))
    assert (code, out) == (2, "")
    assert "Error: bad gives numbers that are not finite for some of these images" in err


@pytest.mark.parametrize("out_name", ["out.csv", "out.parquet"])
def test_score_tells_the_images_for_which_the_output_is_not_finite_and_fails(
    out_name: str, run: Run, own_checkpoints: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / out_name
    model = keep_overflowing(own_checkpoints, 0.5)
    code, said, err = run("score", model, pictures, "--out", out, "--json")
    assert code == 2
    assert "bad gives numbers that are not finite for 4 of these images" in err
    found = json.loads(said)
    assert (found["n_scored"], found["n_not_finite"], found["n_refused"]) == (12, 4, 1)
    table = pd.read_csv(out) if out.suffix == ".csv" else pd.read_parquet(out)
    table = table.set_index("id").sort_index()
    why = table.loc["12.png":"15.png"]
    assert (why["reason"] == "The model's output for it is not finite.").all()
    assert why[["error", "percentile", "is_outlier"]].isna().all(axis=None)
    assert table.loc["00.png":"11.png", "error"].notna().all()


def test_score_by_parts_fails_again_as_long_as_some_images_are_not_scored(
    run: Run, own_checkpoints: Path, pictures: Path, tmp_path: Path
) -> None:
    model = keep_overflowing(own_checkpoints, 0.5)
    for n_new in (4, 0):
        code, said, err = run(
            "score", model, pictures, "--out", tmp_path / "parts", "--shard-size", 5, "--json"
        )
        assert code == 2
        assert "not finite for 4 of these images" in err
        found = json.loads(said)
        assert (found["n"], found["n_not_finite"], found["n_new_parts"]) == (17, 4, n_new)
