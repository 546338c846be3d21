"""`python -m core find` and `outliers --split all`: documented JSON, bad input in one line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints
from core.anomaly import find_source
from core.anomaly.scores import SCORES
from core.cli import find as find_command
from core.cli.main import main
from tests.core.models_for_tests import tiny_document, tiny_tensors

KEYS = ["out", "n", "n_refused", "n_flagged", "score", "seconds_first", "seconds", "planted"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng, path = np.random.default_rng(0), tmp_path / "photos"
    path.mkdir()
    ramp = np.linspace(60, 180, 24)[:, None] * np.ones(24)
    for i in range(30):
        x = np.clip(ramp + rng.normal(0, 12, (24, 24)), 0, 255).astype(np.uint8)
        Image.fromarray(x).save(path / f"{i:02d}.png")
    Image.new("L", (24, 24), 0).save(path / "=black.png")
    (path / "text.png").write_bytes(b"text")
    return path


def test_find_writes_a_row_an_image_and_the_documented_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "odd.csv"
    assert main(["find", str(folder), "--out", str(out), "--rate", "0.05", "--json"]) == 0
    found, table = json.loads(capsys.readouterr().out), pd.read_csv(out)
    assert list(found) == KEYS
    assert (found["n"], found["n_refused"]) == (32, 1)
    assert found["n_flagged"] >= 1
    assert found["score"] in found["planted"]
    assert list(table.columns) == ["rank", "id", "score", "is_outlier", "facts", "reason"]
    assert table["id"][0] == "'=black.png"  # as no spreadsheet takes it for a formula
    assert "of one colour" in table["facts"][0]


def test_find_says_what_is_wrong_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for args in (
        [str(tmp_path / "nowhere"), "--out", str(tmp_path / "odd.csv")],
        [str(folder), "--out", str(tmp_path / "odd.txt")],
        [str(folder), "--out", str(tmp_path / "odd.csv"), "--rate", "2"],
    ):
        assert main(["find", *args]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "odd.csv").exists()


def test_outliers_judges_all_images_by_what_was_fitted_to_others(
    own_checkpoints: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for kind, n in (("plain", 40), ("dotted", 6)):
        (tmp_path / kind).mkdir()
        for i in range(n):
            x = rng.normal(120, 8, (28, 28))
            x[::3, ::3] += 90 * (kind == "dotted")
            pixels = np.clip(x, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / f"{i}.png")
    document = tiny_document("dense", (1, 28, 28))
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    asked = ["outliers", "tiny", "--dataset", str(tmp_path), "--split", "all"]
    assert main([*asked, "--outlier-class", "dotted", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["n_outliers"]) == (46, 6)
    names = [one["name"] for one in found["scores"]]
    assert names == [spec.name for spec in SCORES if spec.baseline]
    assert max(one["auroc"] for one in found["scores"]) > 0.9
    assert all(one["flagged_usual"] <= 0.05 for one in found["scores"])
    assert main([*asked, "--networks", "2", "--outlier-class", "dotted", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "Training 2 networks takes about" in err
    assert {"mse", "path", "together"} <= {one["name"] for one in json.loads(out)["scores"]}
    assert main([*asked[:-1], "test", "--networks", "2"]) == 2
    assert "--networks N is for --split all" in capsys.readouterr().err


def test_a_network_within_the_time_is_compared_on_the_same_planted_outliers(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    for i in range(30, 60):
        x = np.clip(120 + rng.normal(0, 12, (24, 24)), 0, 255).astype(np.uint8)
        Image.fromarray(x).save(folder / f"{i:02d}.png")
    out = tmp_path / "odd.csv"
    assert main(["find", str(folder), "--out", str(out), "--minutes", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == KEYS
    assert any(name.startswith("network:") for name in found["planted"])
    assert found["score"] in found["planted"]
    assert pd.read_csv(out)["id"][0] == "'=black.png"  # broken files come first in any case


def test_several_processes_write_the_table_that_one_writes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_source, "SAMPLE", 25)
    monkeypatch.setattr(find_command, "SHARD", 8)
    assert main(["find", str(folder), "--out", str(tmp_path / "one.csv")]) == 0
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank in ("1", "0"):  # the other one does not wait, and leaves what it found
        monkeypatch.setenv("RANK", rank)
        assert main(["find", str(folder), "--out", str(tmp_path / "two.csv")]) == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "one.csv"), pd.read_csv(tmp_path / "two.csv")
    )
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one.csv", "photos", "two.csv"]
