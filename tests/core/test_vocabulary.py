"""One name for each thing: the table in docs, older spellings, JSON that says what it is of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core import checkpoints, runs, vocabulary
from core.cli.main import main
from core.runs import control as run_control
from core.runs.status import replace_state, write_status
from tests.core.models_for_tests import tiny_document, tiny_tensors
from tests.core.runs_for_tests import new_run, write_images

DOCS = Path(__file__).resolve().parents[2] / "docs" / "vocabulary.md"


def told(capsys: pytest.CaptureFixture[str], *args: object) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*map(str, args), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_table_in_docs_has_every_older_spelling_with_its_name() -> None:
    found: dict[str, str] = {}
    for line in DOCS.read_text("utf-8").splitlines():
        cells = [re.findall(r"`([a-z_]+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and cells[0]:
            found |= dict.fromkeys(cells[3], cells[0][0])
    assert found == dict(vocabulary.OLDER)


def test_names_are_the_same_with_dashes_and_two_spellings_of_one_are_refused() -> None:
    assert vocabulary.canonical("--exclude-class") == "excluded_classes"
    assert vocabulary.renamed({"sigma": 0.3, "arch": "pca"}) == {"noise_std": 0.3, "arch": "pca"}
    with pytest.raises(ValueError, match="noise_std is given twice"):
        vocabulary.renamed({"sigma": 0.3, "noise_std": 0.3})


def test_evaluate_takes_both_spellings_and_tells_the_two_errors_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = "mnist-conv-32-no-5-9"
    new = told(capsys, "evaluate", model, "mnist-5k", "--noise-std", 0.3, "--noise-mean", 0.1,
               "--noise-clip")  # fmt: skip
    old = told(capsys, "evaluate", model, "--dataset", "mnist-5k", "--sigma", 0.3, "--mu", 0.1,
               "--clip")  # fmt: skip
    assert new == old
    assert new["noisy"][0]["noise_std"] == 0.3
    assert new["noise"] == {"noise_kind": "gaussian", "noise_mean": 0.1, "noise_clip": True}
    assert (new["model"], new["dataset"], new["split"], new["seed"]) == (
        model,
        "mnist-5k",
        "test",
        0,
    )
    assert new["excluded_classes"] == ["5", "9"]
    usual, left_out, every = new["mse_trained_classes"], new["mse_excluded"], new["mse"]
    assert usual < every < left_out
    n = new["n_per_class"]
    n_out = n["5"] + n["9"]
    assert every == pytest.approx((usual * (new["n"] - n_out) + left_out * n_out) / new["n"])
    whole = told(capsys, "evaluate", "mnist-pca-2", "mnist-5k")
    assert (whole["mse_excluded"], whole["noise"], whole["warning"]) == (None, None, None)


@pytest.mark.parametrize("command", [["evaluate"], ["outliers"], ["score", "--out", "x.csv"]])
def test_images_given_twice_are_refused(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *rest = command
    assert main([name, "mnist-pca-2", "mnist-5k", "--dataset", "shapes", *rest]) == 2
    assert "given twice" in capsys.readouterr().err


def test_run_without_a_model_has_null_and_not_the_smallest_error(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(write_images(home / "images"), seed=7, learning_rate=0.02)
    write_status(run.folder, replace_state(run.status, "cancelled"))
    (found,) = told(capsys, "runs")["runs"]
    nothing = ("mse", "psnr", "ssim", "pca_mse", "checkpoint", "model", "seconds_left", "noise")
    assert [found[name] for name in nothing] == [None] * len(nothing)
    assert (found["latent_dim"], found["seed"], found["learning_rate"]) == (2, 7, 0.02)
    assert main(["runs"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert {"D'", "NOISE", "SEED", "LR"} <= set(header.split())
    assert "0.02" in row.split()
    run_control.delete(runs.get(run.id))


def test_list_of_models_shows_the_settings_and_titles_the_kind_of_noise(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {one["name"]: one for one in told(capsys, "checkpoints")["checkpoints"]}
    noisy = found["mnist-denoising"]
    assert noisy["arch"] == "dense"
    assert (noisy["noise"]["kind"], noisy["noise"]["std"]) == ("gaussian", 0.5)
    assert noisy["learning_rate"] > 0
    assert found["mnist-pca-2"]["learning_rate"] is None
    main(["checkpoints"])
    header = capsys.readouterr().out.splitlines()[0]
    assert {"D'", "NOISE", "SEED", "LR"} <= set(header.split())


def test_models_are_renamed_and_deleted_on_the_command_line_but_not_shipped_ones(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tiny_document("pca")
    checkpoints.save(home / "checkpoints" / "mine.safetensors", document, tiny_tensors(document))
    assert told(capsys, "checkpoints", "rename", "mine", "yours")["name"] == "yours"
    assert told(capsys, "checkpoints", "delete", "yours") == {"deleted": "yours"}
    assert not list((home / "checkpoints").glob("*.safetensors"))
    assert main(["checkpoints", "delete", "mnist-pca-2"]) == 2
    assert main(["datasets", "delete", "mnist-5k"]) == 2
    assert main(["datasets", "delete", "own:nothing"]) == 2


def test_onnx_file_tells_threshold_calibration_classes_and_preparation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnx

    out = tmp_path / "model.onnx"
    told(capsys, "export", "mnist-pca-8", "--out", out)
    found = {one.key: json.loads(one.value) for one in onnx.load(out).metadata_props}
    assert (found["model"], found["excluded_classes"], found["preparation"]) == (
        "mnist-pca-8", [], None,
    )  # fmt: skip
    assert found["threshold"] > 0
    assert found["calibration"]["n"] > 100
