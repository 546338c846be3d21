"""`python -m core outliers`: the documented JSON, and the same numbers as the functions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints
from core.anomaly import choosing
from core.anomaly.judging import References, available, ranked
from core.anomaly.line import line
from core.anomaly.references import judged_split, reference_images
from core.cli.main import main
from core.data import catalogue
from core.data.own import store
from core.data.own.make_set import Keeping, make
from core.inference import Autoencoder
from tests.core.data.own.test_make_set import drafted
from tests.core.models_for_tests import tiny_document, tiny_tensors

DIGIT = (1, 28, 28)
NAMES = [spec.name for spec in available(has_classes=True)]
KEYS = ["name", "auroc", "average_precision", "precision_at_k", "seconds"]
KEYS += ["threshold", "flagged_usual", "found"]


@pytest.fixture
def model(own_checkpoints: Path) -> str:
    document = tiny_document("dense", DIGIT, excluded_classes=("5", "9"))
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    return "tiny"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main(["outliers", *args])
    return code, *capsys.readouterr()


def test_outliers_as_json_has_the_documented_keys(
    capsys: pytest.CaptureFixture[str], model: str
) -> None:
    code, out, err = run(capsys, model, "--outlier-class", "5", "9", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == [
        "model", "model_sha256", "trained_on", "excluded_classes", "dataset", "split", "seed",
        "versions", "n", "n_outliers", "score", "score_reason", "scores",
    ]  # fmt: skip
    assert found["score"] == "mse"
    assert "No score has been chosen" in found["score_reason"]
    assert found["n"] == 1000
    assert [list(score) for score in found["scores"]] == [KEYS] * len(NAMES)
    assert [score["name"] for score in found["scores"]] == NAMES


def test_outliers_are_ranked_as_the_functions_rank_them(
    capsys: pytest.CaptureFixture[str], model: str
) -> None:
    _, out, _ = run(capsys, model, "--json")
    images = catalogue.load("mnist-5k", "test")
    truth = np.isin(images.labels, (5, 9))  # type: ignore[arg-type]
    autoencoder = Autoencoder.load(model)
    judged = References(autoencoder, reference_images(autoencoder.card, images)).judge(images)
    assert json.loads(out)["n_outliers"] == truth.sum()
    for score in json.loads(out)["scores"]:
        expected = ranked(judged, score["name"], truth)
        assert score["auroc"] == pytest.approx(expected.auroc)
        assert score["average_precision"] == pytest.approx(expected.average_precision)
        assert score["precision_at_k"] == pytest.approx(expected.precision_at_k)
        assert score["seconds"] > 0


def test_flagged_usual_images_are_those_above_the_threshold_of_held_out_ones(
    capsys: pytest.CaptureFixture[str], model: str
) -> None:
    _, out, _ = run(capsys, model, "--rate", "0.05", "--json")
    by_name = {score["name"]: score for score in json.loads(out)["scores"]}
    images = catalogue.load("mnist-5k", "test")
    autoencoder = Autoencoder.load(model)
    truth = np.isin(np.asarray(images.labels), (5, 9))
    errors = autoencoder.errors(images.pixels())
    assert by_name["mse"]["threshold"] == pytest.approx(line(autoencoder, 0.05).threshold, rel=1e-5)
    flagged = errors > by_name["mse"]["threshold"]
    assert by_name["mse"]["flagged_usual"] == pytest.approx(flagged[~truth].mean())
    assert by_name["mse"]["found"] == pytest.approx(flagged[truth].mean())
    for score in by_name.values():
        assert score["flagged_usual"] < 0.1


def test_outliers_for_people_say_what_is_compared_with_what(
    capsys: pytest.CaptureFixture[str], model: str
) -> None:
    _, out, _ = run(capsys, model, "--outlier-class", "5")
    assert "outliers: class 5\n" in out
    assert "train images of mnist-5k" in out
    assert "AUROC" in out


@pytest.mark.parametrize(("plant", "n"), [("noise", 80), ("shapes", 80)])
def test_planted_outliers_are_added_to_the_classes_the_model_knows(
    plant: str, n: int, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    _, out, err = run(capsys, model, "--plant", plant, "--share", "0.1", "--json")
    found = json.loads(out)
    labels = catalogue.load("mnist-5k", "test").labels
    usual = int((~np.isin(labels, (5, 9))).sum())  # type: ignore[arg-type]
    assert err == ""
    assert found["n_outliers"] == round(usual / 10)
    assert found["n"] == usual + found["n_outliers"]


def test_set_that_marks_its_outliers_needs_no_class(
    capsys: pytest.CaptureFixture[str], own_checkpoints: Path
) -> None:
    document = tiny_document("pca", (3, 64, 64), dataset="shapes")
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    _, out, _ = run(capsys, "tiny", "--json")
    assert json.loads(out)["n_outliers"] == 200


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--outlier-class", "cat"), "has no class 'cat'"),
        (("--plant", "ghosts"), "There is no data set"),
        (("--plant", "noise", "--share", "0"), "--share"),
        (("--dataset", "shapes"), "takes images of"),
        (tuple(f"--outlier-class={c}" for c in range(10)), "some that are not"),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(
    args: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    code, out, err = run(capsys, model, *args)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


def test_table_of_every_image_has_every_score_whether_outliers_are_known_or_not(
    capsys: pytest.CaptureFixture[str], own_checkpoints: Path, tmp_path: Path
) -> None:
    document = tiny_document("dense", DIGIT)
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    out, source = tmp_path / "all.csv", tmp_path / "some"
    source.mkdir()
    rng = np.random.default_rng(0)
    for i in range(3):
        Image.fromarray(rng.integers(0, 256, DIGIT[1:]).astype(np.uint8)).save(source / f"{i}.png")
    asked = ("tiny", "--dataset", str(source), "--score", "patches", "--out", str(out))
    code, said, _ = run(capsys, *asked, "--json")
    found, table = json.loads(said), pd.read_csv(out)
    assert (code, found["score"]) == (0, "patches")
    assert "n_outliers" not in found
    names = NAMES
    assert list(table)[-len(names) :] == names
    assert list(table)[: -len(names)] == [
        "id", "source", "label", "score_name", "score", "p_value", "flagged", "facts"
    ]  # fmt: skip
    assert (table["score"] == table["patches"]).all()
    assert (table["flagged"] == (table["p_value"] <= 0.01)).all()
    assert table["facts"].str.contains("grainy").all()
    code, _, err = run(capsys, *asked[:4], "oddity", *asked[5:])
    assert code == 2
    assert "There is no score" in err


def test_model_that_knows_all_classes_asks_which_are_outliers(
    capsys: pytest.CaptureFixture[str], own_checkpoints: Path
) -> None:
    document = tiny_document("dense", DIGIT)
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    code, _, err = run(capsys, "tiny")
    assert code == 2
    assert "--outlier-class" in err


def test_set_of_the_defect_layout_knows_its_outliers_and_its_marks(
    home: Path, own_checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, mask = np.random.default_rng(0), np.zeros((20, 20), np.uint8)
    mask[4:9, 4:9] = 255
    for name, n in (("train/good", 30), ("test/good", 6), ("test/crack", 6)):
        folder = tmp_path / "parts" / name
        folder.mkdir(parents=True)
        for i in range(n):
            x = rng.integers(90, 120, (20, 20)).astype(np.uint8)
            x[mask > 0] = 255 if name == "test/crack" else 100
            Image.fromarray(x).save(folder / f"{i:03d}.png")
    marks = tmp_path / "parts" / "ground_truth" / "crack"
    marks.mkdir(parents=True)
    for i in range(6):
        Image.fromarray(mask).save(marks / f"{i:03d}_mask.png")
    where = str(tmp_path / "parts")
    assert main(["import", where, "--name", "m", "--size", "20", "--grey", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_masks"] == 6
    asked = ["--dataset", "own:m", "--arch", "pca", "--option", "latent_dim=2", "--name", "p"]
    assert main(["train", *asked]) == 0
    capsys.readouterr()
    code, out, _ = run(capsys, "p", "--json")
    found = json.loads(out)
    assert (code, found["n"], found["n_outliers"]) == (0, 12, 6)
    assert found["pixel_auroc"] > 0.9
    chosen = choosing.known(checkpoints.load("p").card)
    assert chosen is not None
    assert (found["score"], found["score_reason"]) == (chosen.best, chosen.why())


def test_images_of_a_class_left_out_in_training_are_judged_whichever_part_they_are_in(
    capsys: pytest.CaptureFixture[str], home: Path, own_checkpoints: Path, tmp_path: Path
) -> None:
    make(drafted(), "mine", Keeping())
    asked = ["--dataset", "own:mine", "--arch", "pca", "--option", "latent_dim=2", "--name", "p"]
    assert main(["train", *asked, "--exclude-class", "b"]) == 0
    names = store.load("mine", "all").ids.tolist()
    usual_test = [one for one in store.load("mine", "test").ids.tolist() if one.startswith("a/")]
    expected = sorted([one for one in names if one.startswith("b/")] + usual_test)
    tables = {one: str(tmp_path / f"{one}.csv") for one in ("outliers", "score")}
    assert main(["outliers", "p", "--out", tables["outliers"]]) == 0
    assert main(["score", "p", "own:mine", "--out", tables["score"]]) == 0
    for path in tables.values():
        assert sorted(pd.read_csv(path)["id"]) == expected
    split = judged_split(checkpoints.load("p").card, "own:mine", "test")
    whole, part = store.digests_of("mine", "all"), store.digests_of("mine", split)
    at = np.isin(names, store.load("mine", split).ids)
    assert (part == whole[at]).all()
    assert judged_split(checkpoints.load("p").card, "own:mine", "train") == "train"
