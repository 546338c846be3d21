"""Studies carried out: results, table, figure; killed and gone on with; in the background."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core import checkpoints, runs
from core.cli.main import main
from core.config import OptionError
from core.data import catalogue
from core.inference import Autoencoder
from core.runs import Run, processes
from core.studies import figure, plan, results, work
from core.studies.plan import Study


def write_classes(folder: Path) -> str:
    """The path of images of two classes, 16 x 16: bright squares, and stripes."""
    rng = np.random.default_rng(0)
    for name in ("squares", "stripes"):
        (folder / name).mkdir(parents=True)
        for i in range(30):
            pixels = np.zeros((16, 16), np.uint8)
            at = int(rng.integers(0, 10))
            if name == "squares":
                pixels[at : at + 6, 3:9] = 200 + i
            else:
                pixels[:, at % 3 :: 3] = 200 + i
            Image.fromarray(pixels).save(folder / name / f"{i:02d}.png")
    return f"folder:{folder}"


def text(dataset: str, more: str = "", epochs: int = 1) -> str:
    return f"""
dataset = "{dataset}"
arch = "dense"
widths = [8]
batch_size = 8
device = "cpu"
epochs = {epochs}
excluded_classes = ["stripes"]
[grid]
latent_dim = [2, 3]
seed = [0, 1]
{more}
[test]
noise_kind = "masking"
noise_std = 0.5
"""


@pytest.fixture
def study(home: Path) -> Study:
    return plan.read(text(write_classes(home / "images")), "mine")


def carried_out(study: Study) -> list[Run]:
    """The runs that began or ended while the study was carried out in this process."""
    return [e for e in work.carry_out(study, processes_asked=1) if isinstance(e, Run)]


def test_study_gives_a_tidy_table_and_a_figure_and_is_not_done_twice(study: Study) -> None:
    assert len(carried_out(study)) == 8
    folder = results.folder("mine")
    table = pd.read_parquet(folder / "table.parquet")
    assert len(table) == len(pd.read_csv(folder / "table.csv")) == 4 * 2
    assert set(table.loc[table["test_noise_kind"].isna(), "model"]) == {
        m.name for m in study.models
    }
    assert table["noise_kind"].isna().all()  # trained without
    assert set(table["excluded_classes"]) == {"stripes"}
    assert set(table["state"]) == {"finished"}
    root = ET.fromstring((folder / "figure.svg").read_text())
    assert root.tag.endswith("svg")
    assert "masking noise, σ = 0.5" in "".join(root.itertext())
    assert carried_out(study) == []
    assert work.standing("mine").state == "done"


def test_table_tells_the_two_test_errors_of_a_model_with_classes_left_out(study: Study) -> None:
    carried_out(study)
    table = results.table(study)
    row = table[table["test_noise_kind"].isna()].iloc[0]
    model = Autoencoder.load(row["model"])
    tested = catalogue.load(row["dataset"], "test")
    usual = tested.without_classes(["stripes"])
    other = tested.without_classes(["squares"])
    assert (row["n_test"], row["n_excluded"]) == (len(usual), len(other))
    assert row["mse"] == pytest.approx(model.errors(usual.pixels()).mean(), rel=1e-4)
    assert row["mse_excluded"] == pytest.approx(model.errors(other.pixels()).mean(), rel=1e-4)
    assert 0 <= row["auroc_excluded"] <= 1
    assert row["mse"] == pytest.approx(model.card.metrics["mse"], rel=1e-6)


def test_figure_has_a_line_for_each_combination_and_a_band_over_the_seeds(study: Study) -> None:
    carried_out(study)
    table = results.table(study)
    drawn = figure.charts(table)
    assert list(drawn) == ["tested on clean images", "tested with masking noise, σ = 0.5"]
    (line,) = drawn["tested on clean images"].series
    clean = table[table["test_noise_kind"].isna()].astype({"mse": float})
    by = clean.groupby("latent_dim")["mse"]
    assert line.x.tolist() == [2, 3]
    assert line.y.tolist() == by.mean().tolist()
    assert line.band is not None
    assert line.band.low.tolist() == by.min().tolist()
    assert line.band.high.tolist() == by.max().tolist()
    with pytest.raises(OptionError, match="no metric"):
        figure.charts(table, y="beauty")


def test_model_that_was_trained_but_not_tested_is_only_tested(study: Study) -> None:
    carried_out(study)
    results.path(study, study.models[0]).unlink()
    assert carried_out(study) == []
    assert results.n_done(study) == 4


def test_model_that_diverged_has_a_row_that_says_so(home: Path) -> None:
    dataset = write_classes(home / "images")
    found = plan.read(
        text(dataset).replace("[grid]", "learning_rate = 10.0\nbounded = false\n[grid]")
    )
    runs_ended = carried_out(found)
    states = {run.state for run in runs_ended if not run.is_live}
    table = results.table(found)
    assert set(table["state"]) == {s for s in states if s in ("finished", "diverged")}
    diverged = table[table["state"] == "diverged"]
    assert diverged["mse"].isna().all()
    assert diverged["reason"].str.len().gt(10).all()


def test_study_under_way_is_refused_and_listed_and_cannot_be_deleted(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    events: Any = work.carry_out(study, processes_asked=1)
    next(events)
    with pytest.raises(OptionError, match="under way"):
        next(work.carry_out(study))
    assert work.standing("mine").state == "under way"
    assert main(["sweep", "--delete", "mine"]) == 2
    events.close()
    assert main(["sweep", "--list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["studies"]
    assert (listed["study"], listed["state"], listed["n_models"]) == ("mine", "incomplete", 4)
    assert main(["sweep", "--delete", "mine"]) == 0
    assert work.found() == ()


def test_number_of_training_images_is_drawn_by_the_seed_and_smaller_draws_are_in_larger(
    home: Path,
) -> None:
    images = catalogue.load("mnist-5k", "train")
    few, more, other = images.drawn(50, 1), images.drawn(200, 1), images.drawn(50, 2)
    assert set(few.ids) < set(more.ids)
    assert set(few.ids) != set(other.ids)
    assert images.drawn(None, 1) is images
    assert len(images.drawn(10**6, 1)) == len(images)


def test_killed_study_goes_on_with_the_same_command_and_ends_as_if_it_had_not_been(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "mine.toml"
    file.write_text(text(write_classes(home / "images"), epochs=8))
    study = plan.read(file.read_text(), "mine")
    command = [sys.executable, "-m", "core", "sweep", str(file), "--processes", "2"]
    began = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not results.n_done(study) and time.monotonic() < until:
        time.sleep(0.02)
    helpers = processes.Process(began.pid, processes._known(began.pid).started).family()[1:]
    os.kill(began.pid, signal.SIGKILL)
    began.wait()
    assert results.n_done(study) >= 1
    done = {m.name: results.path(study, m).stat().st_mtime_ns for m in study.models
            if results.is_done(study, m)}  # fmt: skip
    while any(one.is_alive() for one in helpers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(one.is_alive() for one in helpers)  # nobody leads them any more
    assert main(["sweep", str(file), "--processes", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_done"] == 4
    assert all(row["state"] == "finished" for row in told["rows"])
    for model in study.models:
        if model.name in done:
            assert results.path(study, model).stat().st_mtime_ns == done[model.name]
    names = {card.name for card in checkpoints.available()}
    assert {m.name for m in study.models} <= names
    assert not [run for run in runs.found() if run.is_live]
