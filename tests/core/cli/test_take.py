"""`python -m core import`, and the data set it makes under the other commands."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.cli.take import MANNERS
from core.data.own import store
from core.images import preparation
from tests.core.cli.test_cli import Run, model, run
from tests.core.data.offered.test_gate import SOUND as ARCHIVES
from tests.core.data.own.test_import_images import image_file
from tests.core.hostile_archives_for_tests import member, png, zip_of

__all__ = ["model", "run"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of 12 images each; one image twice, one small, one file that is none."""
    folder = tmp_path / "pictures"
    rng = np.random.default_rng(0)
    for i in range(24):
        path = folder / "ab"[i % 2] / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)
    (folder / "a" / "again.png").write_bytes((folder / "a" / "00.png").read_bytes())
    Image.fromarray(rng.integers(0, 256, (4, 20), dtype=np.uint8)).save(folder / "b" / "tiny.png")
    (folder / "b" / "words.txt").write_text("no image")
    return folder


def test_import_counts_what_is_odd_and_makes_a_set_that_other_commands_take(
    run: Run, home: Path, pictures: Path
) -> None:
    code, out, err = run("import", pictures, "--name", "mine", "--size", 16, "--json")
    found = json.loads(out)
    assert (code, found["id"]) == (0, "own:mine")
    assert (found["n_offered"], found["n_rejected"], found["n_equal"]) == (27, 1, 1)
    assert (found["n_small"], found["n"]) == (1, 25)
    assert found["n_train"] + found["n_calibration"] + found["n_test"] == 25
    assert "words.txt" in err
    assert "own:mine" in run("datasets")[1]
    train = ("train", "--dataset", "own:mine", "--arch", "pca", "--latent-dim", 2, "--name", "p")
    assert run(*train)[0] == 0
    code, out, _ = run("score", "p", "own:mine", "--out", home / "scores.csv", "--json")
    assert json.loads(out)["n_scored"] == found["n_test"]


def test_manners_offered_are_those_there_are() -> None:
    assert MANNERS == preparation.FRAMINGS


def test_import_that_only_reports_makes_nothing(run: Run, home: Path, pictures: Path) -> None:
    code, out, _ = run("import", pictures, "--name", "mine", "--only-report")
    assert code == 0
    assert out.startswith("27 files: 26 images, 1 that could not be read; 1 equal an earlier one")
    assert not list((home / "data" / "own").iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "../x"], "cannot be a name"),
        (["--name", "mine", "--size", "4"], "16 to 512"),
        (["--name", "mine", "--test-share", "2"], "0.01<=x<=0.9"),
    ],
)
def test_import_of_wrong_settings_is_one_line_and_exit_2(
    run: Run, home: Path, pictures: Path, arguments: list[str], words: str
) -> None:
    code, out, err = run("import", pictures, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_import_under_a_name_that_is_taken_is_refused_before_anything_is_read(
    run: Run, home: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["import", str(pictures), "--name", "mine", "--size", "16"]) == 0
    monkeypatch.delattr("core.data.own.upload.read_image")
    code, _, err = run("import", pictures, "--name", "mine")
    assert code == 2
    assert "choose another name" in err


def test_import_of_a_file_that_is_no_archive_is_one_line(run: Run, home: Path) -> None:
    path = home / "x.zip"
    path.write_text("words")
    code, _, err = run("import", path, "--name", "mine")
    assert (code, "not a zip archive" in err) == (2, True)


def test_import_leaves_out_what_it_is_told_to(run: Run, home: Path, pictures: Path) -> None:
    for name, kinds, n in (("all", ["none"], 26), ("few", ["equal", "small"], 24)):
        arguments = ("--name", name, "--size", 16, "--leave-out", *kinds, "--json")
        found = json.loads(run("import", pictures, *arguments)[1])
        assert found["n"] == n


@pytest.fixture
def from_windows(tmp_path: Path) -> Path:
    """A zip as Windows made it in Japan: backslashes, names in Shift-JIS that do not say so."""
    names = [f"{kind}\\{i}.png" for kind in ("猫", "犬") for i in range(4)]
    entries = [member(name.encode("cp932"), png(i, 28)) for i, name in enumerate(names)]
    (tmp_path / "pets.zip").write_bytes(zip_of(*entries))
    return tmp_path / "pets.zip"


@pytest.mark.usefixtures("home")
def test_names_in_another_encoding_are_classes_that_can_be_read(
    run: Run, from_windows: Path
) -> None:
    code, _, err = run("import", from_windows, "--name", "pets", "--grey", "--size", 28)
    assert code == 0
    assert "read as Japanese (Shift-JIS)" in err
    assert "(--name-encoding)" in err
    assert store.find("pets").class_names == ("犬", "猫")
    chosen = ("--name-encoding", "cp437", "--json")
    code, _, err = run("import", from_windows, "--name", "wrong", "--size", 28, *chosen)
    assert (code, err) == (0, "")
    assert store.find("wrong").class_names == ("îó", "öL")


def test_encoding_that_is_none_is_refused(run: Run, from_windows: Path) -> None:
    code, _, err = run("import", from_windows, "--name", "x", "--name-encoding", "klingon")
    assert code == 2
    assert "is not one of 'guess', 'utf-8'" in err


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".parquet"])
def test_archives_of_other_kinds_are_imported_with_the_classes_they_state(
    run: Run, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"pets{suffix}"
    path.write_bytes(ARCHIVES[suffix]())
    assert run("import", path, "--name", "pets", "--size", 16)[0] == 0
    assert store.find("pets").class_names == ("x", "y")
    own = run("train", "--dataset", f"file:{path}", "--arch", "pca", "--latent-dim", 2)
    assert own[0] == 0, own[2]


@pytest.mark.skipif(sys.platform != "linux", reason="names in bytes as Linux has them")
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("suffix", ["", *ARCHIVES])
def test_path_in_bytes_that_are_no_text_is_imported_and_scored(
    run: Run, model: str, tmp_path: Path, suffix: str
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe" + suffix.encode()))
    if suffix:
        path.write_bytes(ARCHIVES[suffix]())
    else:
        (path / os.fsdecode(b"cl\xe9")).mkdir(parents=True)
        for i in range(4):
            (path / os.fsdecode(b"cl\xe9") / f"{i}.png").write_bytes(png(i))
    for out in ("scores.csv", "scores.parquet", "parts"):
        code, said, err = run("score", model, path, "--out", tmp_path / out, "--json")
        assert code == 0, err
        assert json.loads(said)["n"] == 4
    assert run("encode", model, path, "--out", tmp_path / "codes.parquet")[0] == 0
    assert run("import", path, "--name", "mine", "--size", 16)[0] == 0
    assert run("datasets", "--json")[0] == 0


def test_masks_are_counted_beside_the_images_and_classes_are_named(run: Run, home: Path) -> None:
    folder = home / "parts"
    names = [f"train/good/{i}.png" for i in range(4)] + ["test/good/8.png", "test/crack/9.png"]
    for i, name in enumerate([*names, "ground_truth/crack/9_mask.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(image_file(20, 20, seed=i))
    code, out, _ = run("import", folder, "--name", "parts", "--size", 16, "--grey")
    assert code == 0
    assert out.startswith("7 files: 6 images and 1 mask of defects, 0 that could not be read")
    assert "2 classes: crack, good" in out
    _, out, _ = run("import", folder, "--name", "p2", "--size", 16, "--only-report", "--json")
    assert (json.loads(out)["n_read"], json.loads(out)["n_masks"]) == (6, 1)
