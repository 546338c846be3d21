"""No record of one run breaks a list, a command or another run, whatever stands in its files."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core import runs
from core.cli.main import commands
from core.runs import Broken, Run
from core.runs import records as run_records
from core.runs.execute import execute
from core.runs.status import write_status
from core.training.divergence import EXPLODED
from tests.core.damage_for_tests import BYTES, VALUES, damaged, written
from tests.core.runs_for_tests import new_run, write_images


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a run that has ended, and a copy of it that the tests damage."""
    folder = tmp_path_factory.mktemp("damaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOURGLASS_HOME", str(folder))
        patch.setenv("HOURGLASS_CHECKPOINTS", str(folder / "checkpoints"))
        list(execute(new_run(write_images(folder / "squares"), "sound", epochs=2)))
        shutil.copytree(runs.get("sound").folder, folder / "before")
        yield folder


@pytest.fixture
def hurt(home: Path) -> Path:
    """The folder of the run that may be damaged, as it was."""
    return restored(home)


def restored(home: Path) -> Path:
    """The folder of the run restored, for tests of many examples, which share their fixtures."""
    folder = home / "runs" / "hurt"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "before", folder)
    return folder


def asked(*arguments: str) -> Any:
    """The JSON that a command prints, which must be strict."""
    result = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is no JSON")

    return json.loads(result.stdout, parse_constant=refuse)


def check(hurt: Path) -> Run | Broken:
    """All that reads runs reads this one, and finds the other as it was."""
    every: tuple[Run | Broken, ...] = (*runs.found(), *runs.broken())
    found = {one.id: one for one in every}
    assert set(found) == {hurt.name, runs.get("sound").id}
    listed = asked("runs")
    told = [one["id"] for one in listed["runs"]] + listed["broken"]
    assert sorted(told) == sorted(found)
    one = found[hurt.name]
    if isinstance(one, Run):
        assert 0 <= one.share_done <= 1
        assert not one.is_live, "nobody is at work on it"
        curves = run_records.curves(one)
        drawn = [v for e in curves.epochs for v in (e.train_loss, e.test_mse)]
        drawn += curves.looked[:, 1].tolist()
        assert all(math.isnan(value) or abs(value) <= EXPLODED for value in drawn)
        for epoch in run_records.pictured_epochs(one):
            run_records.pictures(one, epoch)
        asked("runs", "show", one.id)
    else:
        assert one.reason.endswith("delete it.")
    return one


@settings(max_examples=60)
@given(name=st.sampled_from(["status.json", "config.json"]), data=st.data())
def test_document_with_any_value_in_any_place_breaks_nothing(
    name: str, data: st.DataObject, home: Path
) -> None:
    hurt = restored(home)
    document = json.loads((hurt / name).read_bytes())
    (hurt / name).write_bytes(written(damaged(document, data)))
    check(hurt)


@settings(max_examples=60)
@given(data=st.data())
def test_events_with_any_value_in_any_place_break_nothing(data: st.DataObject, home: Path) -> None:
    hurt = restored(home)
    lines = [json.loads(line) for line in (hurt / "events.jsonl").read_bytes().splitlines()]
    lines += data.draw(st.lists(VALUES, max_size=2))
    hit = data.draw(st.integers(0, len(lines) - 1))
    lines[hit] = damaged(lines[hit], data)
    (hurt / "events.jsonl").write_bytes(b"\n".join(map(written, lines)))
    one = check(hurt)
    assert isinstance(one, Run)
    assert one.state == "finished"


@settings(max_examples=60)
@given(
    name=st.sampled_from(["status.json", "config.json", "events.jsonl", "launch.json", "request"]),
    change=BYTES,
)
def test_file_with_any_bytes_in_it_breaks_nothing(name: str, change: Any, home: Path) -> None:
    hurt = restored(home)
    content = (hurt / name).read_bytes() if (hurt / name).exists() else b"{}"
    (hurt / name).write_bytes(change(content))
    check(hurt)


@pytest.mark.parametrize("name", ["status.json", "config.json", "events.jsonl", "epochs"])
@pytest.mark.parametrize("instead", ["nothing", "a folder", "a file of 0 bytes"])
def test_file_that_is_gone_or_something_else_breaks_nothing_and_the_run_can_be_deleted(
    name: str, instead: str, hurt: Path
) -> None:
    path = hurt / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if instead == "a folder":
        path.mkdir()
    elif instead != "nothing":
        path.touch()
    one = check(hurt)
    assert asked("runs", "delete", one.id) == {"deleted": one.id}
    assert not hurt.exists()


def test_numbers_of_a_status_that_are_none_are_as_in_a_new_one(hurt: Path) -> None:
    status = json.loads((hurt / "status.json").read_bytes())
    odd = {"mse": None, "psnr": "high", "epoch": -3, "pca_mse": 1e300, "reason": ["no"]}
    (hurt / "status.json").write_text(json.dumps(status | odd))
    found = runs.read(hurt).status
    assert (found.mse, found.psnr, found.epoch, found.pca_mse, found.reason) == (-1, 0, 0, -1, "")
    assert (found.state, found.checkpoint, found.ssim) == ("finished", "sound", status["ssim"])


def test_status_is_written_as_strict_json_whatever_it_holds(hurt: Path) -> None:
    status = runs.read(hurt).status
    for value in (math.inf, -math.inf, math.nan, 1e300):
        write_status(hurt, replace(status, mse=value, psnr=value, reason="x" * 9_999))
        json.loads((hurt / "status.json").read_bytes(), parse_constant=pytest.fail)
        found = runs.read(hurt).status
        assert (found.state, found.mse, found.psnr, len(found.reason)) == ("finished", -1, 0, 2000)


def test_curve_of_an_earlier_version_with_infinity_in_it_is_cut_and_says_when(hurt: Path) -> None:
    record = '{"event": "epoch", "record": {"epoch": %d, "train_loss": %s, "test_mse": %s}}'
    lines = [
        '{"event": "begun", "time": 1.0, "at": 0.0}',
        '{"event": "loss", "time": 1.0, "at": 0.5, "loss": 0.25}',
        record % (1, "0.2", "0.1"),
        '{"event": "loss", "time": 1.0, "at": 1.5, "loss": NaN}',
        record % (2, "1e300", "Infinity"),
    ]
    (hurt / "events.jsonl").write_text("\n".join(lines))
    curves = run_records.curves(runs.read(hurt))
    assert [record.test_mse for record in curves.epochs][:1] == [0.1]
    assert math.isnan(curves.epochs[1].test_mse)
    assert curves.exploded() == (1.5, 2.0)
    assert asked("runs", "show", hurt.name)["history"][1]["test_mse"] is None
    text = CliRunner().invoke(commands, ["runs", "show", hurt.name]).stdout
    assert "epoch 2: loss exploded, test mse exploded" in text


def test_epoch_without_a_record_has_no_pictures_and_shifts_no_others(hurt: Path) -> None:
    lines = (hurt / "events.jsonl").read_bytes().splitlines()
    kept = [line for line in lines if b'"epoch":1' not in line]
    assert len(kept) < len(lines)
    (hurt / "events.jsonl").write_bytes(b"\n".join(kept))
    assert run_records.pictured_epochs(runs.read(hurt)) == (2,)


@pytest.mark.parametrize(
    "strip",
    [
        np.zeros((2, 8, 1, 16), np.uint8), np.zeros((2, 8, 1, 16, 16), np.float32),
        np.zeros((3, 8, 1, 16, 16), np.uint8), np.zeros((2, 0, 1, 16, 16), np.uint8),
        np.zeros((2, 8, 7, 16, 16), np.uint8), np.array(["x"]),
    ],
)  # fmt: skip
def test_pictures_of_another_form_are_not_there(strip: Any, hurt: Path) -> None:
    np.savez(hurt / "epochs" / "00001.npz", strip=strip, codes=np.zeros((3, 2), np.float32))
    assert run_records.pictures(runs.read(hurt), 1) is None


def test_codes_of_another_form_are_left_out(hurt: Path) -> None:
    strip = np.zeros((2, 8, 1, 16, 16), np.uint8)
    for codes in (np.zeros(3, np.float32), np.array([["a", "b"]]), np.zeros((4, 3), np.float32)):
        np.savez(hurt / "epochs" / "00001.npz", strip=strip, codes=codes)
        kept = run_records.pictures(runs.read(hurt), 1)
        assert kept is not None
        assert kept.codes is None


@pytest.mark.skipif(os.name != "posix", reason="a lock is handed on where files are POSIX's")
def test_run_with_a_damaged_status_is_resumed(hurt: Path) -> None:
    (hurt / "status.json").write_bytes(b'{"state": "fini')
    run = runs.read(hurt)
    assert run.can_resume
    list(execute(run))
    assert runs.read(hurt).state == "finished"
