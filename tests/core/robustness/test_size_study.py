"""Size studies as real processes: begun, watched, stopped, and gone on with."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import checkpoints, runs
from core.cli import sizes as command
from core.cli.main import main
from core.config import OptionError, runs_dir
from core.robustness import sizes
from core.runs import Run, processes, series
from tests.core.runs_for_tests import write_images


@pytest.fixture
def dataset(home: Path) -> str:
    return write_images(home / "squares")


def wait_until(ready: Callable[[], object], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not ready():
        log = runs_dir() / "size-study" / "log.txt"
        assert time.monotonic() < until, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def wanted(dataset: str, epochs: int | None = 1) -> tuple[series.Wanted, ...]:
    found = sizes.missing(checkpoints.available(), dataset, ("pca", "dense"), (2, 4), epochs)
    return tuple(one for one in found)


def test_train_missing_makes_every_model_and_then_nothing_is_missing(dataset: str) -> None:
    lacking = wanted(dataset)
    told = [event for event in series.train_each(lacking) if isinstance(event, Run)]
    assert [run.state for run in told[1::2]] == ["finished"] * 4
    assert [run.config.name for run in told[1::2]] == [one.name for one in lacking]
    assert wanted(dataset) == ()
    table = sizes.table(sizes.study(checkpoints.available(), dataset))
    assert table[["family", "latent_dim"]].to_numpy().tolist() == [
        ["pca", 2], ["pca", 4], ["dense", 2], ["dense", 4]
    ]  # fmt: skip
    assert {
        run.config.name for run in series.latest([one.name for one in lacking]).values()
    } == set(table["name"].tolist())


def test_train_missing_goes_on_after_a_model_that_cannot_be_trained(dataset: str) -> None:
    too_many = sizes.missing([], dataset, ("pca",), (2, 300), 1)  # 256 pixels
    told = list(series.train_each(too_many[::-1]))
    ended = {e.config.name: e.state for e in told if isinstance(e, Run) and not e.is_live}
    assert [state for name, state in ended.items()] == ["failed", "finished"]


def test_study_in_the_background_can_be_watched_and_finishes(dataset: str) -> None:
    lacking = wanted(dataset, None)
    begun = sizes.begin(dataset, ("pca",), (2, 4))
    assert series.under_way(sizes.folder()) == begun
    assert begun.names == tuple(one.name for one in lacking if one.config.arch == "pca")
    assert 0 <= series.progress(begun).share < 1
    with pytest.raises(OptionError, match="under way"):
        sizes.begin(dataset, ("pca",), (2,))
    wait_until(lambda: series.under_way(sizes.folder()) is None)
    assert series.progress(begun) == series.Progress(2, 2, None)
    states = {name: run.state for name, run in series.latest([one.name for one in lacking]).items()}
    assert states == {one.name: "finished" for one in lacking if one.config.arch == "pca"}


def test_study_stopped_keeps_its_place_and_goes_on_from_there(dataset: str) -> None:
    (long,) = sizes.missing([], dataset, ("dense",), (2,), None)
    sizes.begin(dataset, ("dense",), (2, 4))
    wait_until(lambda: [r for r in series.latest([long.name]).values() if r.state == "running"])
    series.stop(sizes.folder())
    assert series.under_way(sizes.folder()) is None
    (left,) = runs.found()  # the second model was never begun
    assert not left.is_live
    assert left.can_resume
    told = [e for e in series.train_each([long]) if isinstance(e, Run)]
    assert {run.id for run in told} == {left.id}
    assert told[-1].state == "finished"


def test_no_study_is_under_way_in_an_empty_home(home: Path) -> None:
    assert series.under_way(sizes.folder()) is None
    series.stop(sizes.folder())
    assert series.latest(["size-mnist-5k-pca-2"]) == {}


def test_study_of_nothing_missing_is_refused(dataset: str) -> None:
    list(series.train_each(sizes.missing([], dataset, ("pca",), (2,))))
    with pytest.raises(OptionError, match="Nothing is missing"):
        sizes.begin(dataset, ("pca",), (2,))


def test_progress_of_a_study_leaves_out_what_was_done_before_it_began(dataset: str) -> None:
    list(series.train_each(sizes.missing([], dataset, ("pca",), (2,))))
    names = ("size-x", *(run.config.name for run in runs.found()))
    this = processes.this()
    later = this._replace(started=this.started + 60)  # the same number, given again
    assert series.progress(series.Background(later, names)) == series.Progress(0, 2, None)
    assert series.progress(series.Background(this, names)) == series.Progress(1, 2, None)


def test_study_is_under_way_as_long_as_its_process_is_there_whatever_the_clock_says(
    dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, waiting = processes.launch, [sys.executable, "-c", "import time; time.sleep(60)"]
    with monkeypatch.context() as patch:
        patch.setattr(processes, "launch", lambda command, *rest: launch(waiting, *rest))
        begun = sizes.begin(dataset, ("pca",), (2,))
        patch.setattr(processes, "SAME", -1.0)  # no start time is what it was
        assert series.under_way(sizes.folder()) == begun
        with pytest.raises(OptionError, match="under way"):
            sizes.begin(dataset, ("pca",), (2,))
    series.stop(sizes.folder())
    wait_until(lambda: series.under_way(sizes.folder()) is None)


@pytest.mark.parametrize("name", ["FAMILIES", "DEFAULT_FAMILIES", "SIZES", "LARGEST"])
def test_sizes_command_offers_what_the_study_takes(name: str) -> None:
    assert getattr(command, name) == getattr(sizes, name)


def test_sizes_command_trains_what_is_missing_and_tells_the_gain(
    dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["sizes", "--dataset", dataset, "--latent-dim", "2", "4", "--epochs", "2", "--json"]
    assert main([*asked, "--no-train"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert (before["models"], len(before["missing"])) == ([], 4)
    assert main(asked) == 0
    after = json.loads(capsys.readouterr().out)
    assert after["missing"] == []
    rows = {(row["family"], row["latent_dim"]): row for row in after["models"]}
    dense, pca = rows["dense", 4], rows["pca", 4]
    assert dense["gain"] == pytest.approx(pca["mse"] / dense["mse"])
    assert pca["gain"] == 1


def test_sizes_command_refuses_an_unknown_data_set_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sizes", "--dataset", "nowhere"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Error: There is no data set 'nowhere'")
    assert told.count("\n") == 1
