"""Runs: real processes killed, paused, stopped and queued; their folders tell the truth."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core import checkpoints, datasets, machine, processes, runs
from core.config import PROJECT, CheckpointError, OptionError
from core.learning.events import Finished
from core.processes import Process
from core.running import control as run_control
from core.running import records as run_records
from core.running import status as run_status
from core.running.status import Status
from core.runs import Run
from core.training import train
from tests.core.runs_for_tests import (
    LONG,
    new_run,
    wait_for,
    wait_for_epoch,
    wait_for_state,
    write_images,
)

SOON = 15  # seconds; two on a quiet machine, see GRACE, but a busy one is slow and not wrong
posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture
def images(empty_home: Path, own_checkpoints: Path) -> Iterator[str]:
    """A data set in a home of its own; whatever still runs there afterwards is ended."""
    yield write_images(empty_home / "squares")
    for run in runs.found():
        run_control.cancel(run)


def kill(run: Run) -> None:
    os.kill(run.status.pid, signal.SIGKILL)


# What becomes of processes


@pytest.mark.slow
@posix
def test_run_that_was_killed_and_paused_ends_in_the_very_same_weights(images: str) -> None:
    run = new_run(images, epochs=300)
    run_control.start(run)
    kill(wait_for_epoch(run, 20))
    assert "killed" in wait_for_state(run, "interrupted").status.reason
    run_control.start(run)
    run_control.ask(wait_for_epoch(run, 60), "pause")
    paused = wait_for_state(run, "paused")
    assert paused.can_resume
    assert len(run_records.curves(paused).epochs) == paused.status.epoch
    run_control.start(run)
    wait_for_state(run, "finished")
    resumed = checkpoints.load("mine")

    train_set, test_set = datasets.training_images(images), datasets.load(images, "test")
    *_, last = train(run.config.train, train_set, test_set)
    assert isinstance(last, Finished)
    for name, tensor in last.checkpoint.tensors.items():
        np.testing.assert_array_equal(resumed.tensors[name], tensor, err_msg=name)
    assert [e.epoch for e in run_records.curves(run).epochs] == list(range(1, 301))


def test_run_that_is_stopped_keeps_its_model_and_can_go_on(images: str) -> None:
    run = new_run(images, epochs=LONG)
    run_control.start(run)
    run_control.ask(wait_for_epoch(run, 20), "stop")
    stopped = wait_for_state(run, "stopped")
    card = checkpoints.load("mine").card
    assert stopped.status.checkpoint == "mine"
    assert 20 <= card.epochs < LONG
    assert stopped.status.mse == pytest.approx(card.metrics["mse"])
    assert stopped.can_resume


@pytest.mark.slow
def test_run_is_cancelled_soon_and_the_next_in_the_queue_begins(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOURGLASS_MAX_RUNS", "1")
    first, second, third = (new_run(images, name, epochs=LONG) for name in ("a", "b", "c"))
    run_control.start(first)
    wait_for_epoch(first, 1)
    run_control.start(second)
    run_control.start(third)
    wait_for(second, lambda run: run.status.pid > 0)
    assert runs.read(second.folder).state == "queued"
    began = time.monotonic()
    cancelled = run_control.cancel(first)
    assert time.monotonic() - began < SOON
    assert cancelled.state == "cancelled"
    assert not Process(cancelled.status.pid, cancelled.status.started).is_alive()
    wait_for_state(second, "running")
    assert runs.read(third.folder).state == "queued"
    assert run_control.cancel(third).state == "cancelled"


@posix
def test_run_that_answers_nothing_is_cancelled_all_the_same(images: str) -> None:
    run = new_run(images, epochs=LONG)
    run_control.start(run)
    wait_for_epoch(run, 1)
    os.kill(runs.read(run.folder).status.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert run_control.cancel(run).state == "cancelled"
    assert time.monotonic() - began < SOON
    assert runs.read(run.folder).can_resume


def test_cancelling_waits_for_less_than_two_seconds() -> None:
    assert run_control.GRACE + processes.GONE < 2


@posix
def test_run_asked_to_terminate_keeps_its_state(images: str) -> None:
    run = new_run(images, epochs=LONG, keep_steps=10**9)
    run_control.start(run)
    os.kill(wait_for_epoch(run, 1).status.pid, signal.SIGTERM)
    assert "asked to end" in wait_for_state(run, "paused").status.reason
    assert (run.folder / "state").exists()


@posix
def test_run_outlives_the_process_that_started_it_and_all_its_group(images: str) -> None:
    run = new_run(images, epochs=LONG)
    code = (
        "from core import runs; from core.running import control; "
        f"control.start(runs.get({run.id!r})); input()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdin=subprocess.PIPE, start_new_session=True
    )
    before = wait_for_epoch(run, 1).status.epoch
    os.killpg(server.pid, signal.SIGKILL)
    server.communicate()
    wait_for_epoch(run, before + 5)


def test_two_runs_at_once_both_train(images: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOURGLASS_MAX_RUNS", "2")
    both = [run_control.start(new_run(images, name, epochs=LONG)) for name in ("a", "b")]
    states = [wait_for_epoch(run, 1).state for run in both]
    assert states == [runs.read(run.folder).state for run in both] == ["running", "running"]


def test_run_that_is_live_is_neither_started_again_nor_deleted(images: str) -> None:
    run = run_control.start(new_run(images, epochs=LONG))
    with pytest.raises(OptionError, match="already"):
        run_control.start(run)
    with pytest.raises(OptionError, match="cancel it first"):
        run_control.delete(run)
    run_control.delete(run_control.cancel(run))
    assert runs.found() == ()


def test_run_that_fails_says_why_and_keeps_a_log(images: str, empty_home: Path) -> None:
    run = new_run(images, epochs=LONG)
    (empty_home / "squares").rename(empty_home / "elsewhere")
    run_control.start(run)
    failed = wait_for_state(run, "failed")
    assert "is not a folder" in failed.status.reason
    assert "is not a folder" in failed.log()
    (empty_home / "elsewhere").rename(empty_home / "squares")
    assert failed.can_resume


# What folders say


def write(run: Run, **status: object) -> Run:
    now = msgspec.structs.replace(run.status, **status)
    run_status.write_status(run.folder, now)
    return runs.read(run.folder)


def test_run_is_known_by_pid_and_start_time_together(images: str) -> None:
    run, (pid, started) = new_run(images), processes.this()
    assert write(run, state="running", pid=pid, started=started).state == "running"
    assert write(run, state="running", pid=pid, started=started - 60).state == "interrupted"
    assert write(run, state="running", pid=2**22 + 5, started=started).state == "interrupted"


def test_new_run_whose_process_never_came_is_interrupted_after_a_while(images: str) -> None:
    run = new_run(images)
    assert run.state == "queued"
    long_ago = time.time() - run_status.STARTING - 1
    os.utime(run.folder / "status.json", (long_ago, long_ago))
    assert runs.read(run.folder).state == "interrupted"
    assert runs.read(run.folder).can_resume


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "dreaming"}', b"\xff"])
def test_status_that_cannot_be_read_counts_as_interrupted(content: bytes, images: str) -> None:
    run = new_run(images)
    (run.folder / "status.json").write_bytes(content)
    assert runs.read(run.folder).state == "interrupted"


def test_folder_that_is_no_run_is_left_out_and_refused_by_name(images: str) -> None:
    run = new_run(images)
    (runs.runs_dir() / "notes").mkdir()
    (runs.runs_dir() / "broken").mkdir()
    (runs.runs_dir() / "broken" / "config.json").write_text("{}")
    assert [found.id for found in runs.found()] == [run.id]
    with pytest.raises(OptionError, match="can be read"):
        runs.get("broken")


@pytest.mark.parametrize("name", ["nothing", "../runs", "a/b", ".", "", "x\0", "/etc"])
def test_run_that_is_not_there_is_refused(name: str, images: str) -> None:
    with pytest.raises(OptionError, match="There is no run"):
        runs.get(name)


def test_run_is_found_by_id_and_the_newest_by_name(images: str) -> None:
    first, second = new_run(images, "twice"), new_run(images, "twice")
    assert first.id != second.id
    assert runs.get(first.id).id == first.id
    assert runs.get("twice").id == second.id


def test_run_may_not_take_the_name_of_a_shipped_model(
    images: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "shipped_checkpoints_dir", lambda: tmp_path)
    (tmp_path / "mine.safetensors").touch()
    with pytest.raises(CheckpointError, match="shipped"):
        new_run(images, "mine")


@pytest.mark.parametrize(
    ("n_cores", "n_runs", "n_threads"), [(1, 1, 1), (2, 1, 1), (4, 2, 1), (8, 4, 1), (32, 4, 7)]
)
def test_one_core_is_left_for_the_dashboard(
    n_cores: int, n_runs: int, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOURGLASS_MAX_RUNS", raising=False)
    monkeypatch.setattr(machine, "cores", lambda: n_cores)
    assert (machine.max_runs(), machine.threads_per_run()) == (n_runs, n_threads)


def test_number_of_runs_at_once_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("0", "-1", "many", "65", "²"):
        monkeypatch.setenv("HOURGLASS_MAX_RUNS", text)
        with pytest.raises(OptionError):
            machine.max_runs()


def test_status_defaults_to_a_run_that_waits() -> None:
    assert Status().state == "queued"
