"""`python -m core set-aside`: flagged files are moved or copied, nothing else is touched."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from core.cli.main import main
from core.data.own import set_aside
from core.data.own.set_aside import WHY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "photos"
    (path / "in").mkdir(parents=True)
    for name in ("a.png", "b.png", "in/a.png", "=c.png"):
        (path / name).write_bytes(name.encode())
    (tmp_path / "secret.png").write_bytes(b"secret")
    (path / "link.png").symlink_to(tmp_path / "secret.png")
    return path


def written(tmp_path: Path, **columns: Sequence[object]) -> str:
    pd.DataFrame(columns).to_csv(tmp_path / "odd.csv", index=False)
    return str(tmp_path / "odd.csv")


def test_nothing_is_done_without_yes_and_then_flagged_files_are_moved(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = written(tmp_path, id=["a.png", "in/a.png", "b.png", "'=c.png"],
                    is_outlier=[True, True, False, True])  # fmt: skip
    args = ["set-aside", table, str(folder), "--move-to", str(tmp_path / "odd"), "--json"]
    assert main(args) == 0
    assert json.loads(capsys.readouterr().out)["done"] is False
    assert not (tmp_path / "odd").exists()
    assert main([*args, "--yes"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 3
    assert (tmp_path / "odd/in/a.png").read_bytes() == b"in/a.png"
    assert (tmp_path / "odd/=c.png").exists()
    assert sorted(one.name for one in folder.rglob("*.png")) == ["b.png", "link.png"]


def test_nothing_is_overwritten_and_nothing_outside_is_touched(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/a.png").write_bytes(b"mine")
    names = [
        "a.png",
        "../secret.png",
        str(tmp_path / "secret.png"),
        "link.png",
        "gone.png",
        "b.png",
    ]
    table = written(tmp_path, id=names, is_outlier=[True] * 6)
    args = ["set-aside", table, str(folder), "--copy-to", str(tmp_path / "odd"), "--yes", "--json"]
    assert main(args) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["why"] for one in found["stay"]] == [
        WHY["taken"], WHY["outside"], WHY["outside"], WHY["no file"], WHY["missing"],
    ]  # fmt: skip
    assert (tmp_path / "odd/a.png").read_bytes() == b"mine"
    assert (tmp_path / "odd/b.png").read_bytes() == (folder / "b.png").read_bytes() == b"b.png"
    assert (tmp_path / "secret.png").exists()
    assert len(list((tmp_path / "odd").iterdir())) == 2


def test_a_folder_of_the_target_that_leads_out_is_not_followed(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "odd/in").symlink_to(tmp_path / "elsewhere")
    (step,) = set_aside.plan(["in/a.png"], folder, tmp_path / "odd")
    assert step.why == WHY["outside"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    for manner in ("move", "copy"):
        steps = set_aside.plan(["b.png"], folder, tmp_path / "odd")
        (tmp_path / "odd").mkdir(exist_ok=True)
        (tmp_path / "odd/b.png").write_bytes(b"mine")
        (step,) = set_aside.carry_out(steps, manner)
        assert step.why == WHY["taken"]
        assert (tmp_path / "odd/b.png").read_bytes() == b"mine"
        assert (folder / "b.png").exists()
        (tmp_path / "odd/b.png").unlink()


def test_of_decisions_the_latest_counts(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "image": ["a", "b", "a", "c"],
            "reviewer": "me",
            "verdict": ["outlier", "outlier", "", "normal"],
            "operation": ["1", "2", "3", "4"],
        }
    )
    assert set_aside.chosen(table) == ["b"]
    assert set_aside.chosen(table, "normal") == ["c"]


def test_what_is_wrong_is_said_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = written(tmp_path, id=["a.png"], score=[1])
    for args in (
        [table, str(folder)],
        [table, str(folder), "--move-to", "x", "--copy-to", "y"],
        [table, str(folder), "--move-to", "x"],
        [table, str(tmp_path / "nowhere"), "--move-to", "x"],
        [table, str(folder), "--move-to", table],
    ):
        assert main(["set-aside", *args]) == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)
