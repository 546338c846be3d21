"""Runs: real processes killed, paused, stopped and queued; their folders tell the truth."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest

from core import checkpoints, files, locks, machine, runs
from core.config import PROJECT, CheckpointError, OptionError, TrainingError, runs_dir
from core.data import catalogue
from core.files import write_atomically
from core.runs import Run, processes, queue
from core.runs import control as run_control
from core.runs import records as run_records
from core.runs import status as run_status
from core.runs.execute import execute
from core.runs.journal import Journal
from core.runs.processes import Process
from core.runs.status import RunState, Status, is_at_work, lock_of, processes_of
from core.training.events import Finished
from core.training.trainer import train
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

    train_set, test_set = catalogue.training_images(images), catalogue.load(images, "test")
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
        "from core import runs; from core.runs import control; "
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


def step_the_clock(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NTP or a virtual machine that is resumed does it: Linux then says that it booted later."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)
    if sys.platform == "linux":
        booted = psutil._pslinux.boot_time
        for module in (psutil, psutil._pslinux):
            monkeypatch.setattr(module, "boot_time", lambda: booted() + seconds)


@pytest.mark.parametrize("seconds", [-86_400, 3_600, 10**8])
def test_run_is_live_as_long_as_its_lock_is_held_whatever_the_clock_says(
    seconds: float, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(images)
    journal = Journal(run)
    with journal.owned():
        journal.set("running")
        step_the_clock(seconds, monkeypatch)
        assert runs.read(run.folder).state == "running"
        assert processes_of(run.folder, journal.status) == [processes.this()]
        with pytest.raises(OptionError, match="running: cancel it first"):
            run_control.delete(run)
        with pytest.raises(OptionError, match="running already"):
            run_control.start(run)
    assert runs.read(run.folder).state == "interrupted"
    run_control.delete(run)
    assert not run.folder.exists()


def test_run_whose_lock_nobody_holds_is_interrupted_though_its_process_is_alive(
    images: str,
) -> None:
    run, (pid, started) = new_run(images), processes.this()
    assert write(run, state="running", pid=pid, started=started).state == "interrupted"
    lock = locks.take(lock_of(run.folder))
    assert lock is not None
    assert write(run, state="running", pid=2**22 + 5, started=0.0).state == "running"
    lock.release()


def test_run_from_before_processes_were_known_by_locks_is_interrupted_and_goes_on(
    images: str,
) -> None:
    run = new_run(images, epochs=1)
    old = '{"state":"running","pid":77,"started":1795888660.04,"epoch":1,"step":2}'
    (run.folder / "status.json").write_text(old)
    (run.folder / "launch.json").write_text('{"pid":77,"started":1795888660.04}')
    found = runs.read(run.folder)
    assert (found.state, found.can_resume, found.status.step) == ("interrupted", True, 2)


@pytest.mark.skipif(not locks.CAN_HAND_ON, reason="only POSIX hands on open files")
def test_run_is_live_from_the_moment_it_is_started_though_its_process_says_nothing(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(run_control, "_command", lambda _: silent)
    run = run_control.start(new_run(images))
    step_the_clock(86_400, monkeypatch)
    assert runs.read(run.folder).state == "queued"
    with pytest.raises(OptionError, match="cancel it first"):
        run_control.delete(run)
    assert run_control.cancel(run).state == "cancelled"
    assert not is_at_work(run.folder)


def test_new_run_that_nobody_has_started_can_be_started(images: str) -> None:
    run = new_run(images)
    assert (run.state, run.can_resume) == ("interrupted", True)
    assert "has not begun" in run.status.reason


@pytest.mark.parametrize("request_", ["pause", "stop"])
def test_run_that_is_not_live_is_asked_for_nothing(request_: Any, images: str) -> None:
    run = new_run(images)
    with pytest.raises(OptionError, match=f"interrupted: there is nothing to {request_}"):
        run_control.ask(run, request_)
    assert not (run.folder / "request").exists()


def test_request_that_comes_as_the_run_ends_is_refused_and_leaves_nothing(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(images)
    journal = Journal(run)
    with journal.owned():
        journal.set("running")

        def late(path: Path, data: bytes) -> None:
            journal.set("finished")
            write_atomically(path, data)

        monkeypatch.setattr(run_control, "write_atomically", late)
        with pytest.raises(OptionError, match="finished: there is nothing to stop"):
            run_control.ask(run, "stop")
        assert not (run.folder / "request").exists()


def test_run_that_cannot_be_moved_away_is_one_sentence(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    run = new_run(images)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(TrainingError, match="Permission denied.*check that you may write"):
        run_control.delete(run)
    assert run.folder.exists()


def test_process_that_cannot_be_ended_from_here_is_named(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_control, "GRACE", 0.05)
    monkeypatch.setattr(run_control, "LET_GO", 0.05)
    run = new_run(images)
    lock = locks.take(lock_of(run.folder))
    assert lock is not None
    write(run, state="running", pid=2**22 + 5)
    with pytest.raises(TrainingError, match="end process 4194309"):
        run_control.cancel(run)
    lock.release()


# What killed processes leave


def leave(folder: Path, name: str) -> Path:
    """What a process that is killed while it writes leaves behind."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    os.close(handle)
    return Path(path)


def test_what_killed_processes_left_is_removed_when_the_next_run_begins(
    images: str, own_checkpoints: Path
) -> None:
    killed, done, mine = new_run(images, "a"), new_run(images, "b"), new_run(images, "c", epochs=1)
    left = [
        leave(killed.folder, "state"),
        leave(done.folder, "status.json"),
        leave(mine.folder, "state"),
        leave(own_checkpoints, "a.safetensors"),
        leave(runs_dir() / ".deleted-x" / "old", "state"),
    ]
    (done.folder / "state").touch()
    (killed.folder / "state").write_bytes(b"needed to go on")
    write(done, state="finished")
    list(execute(mine))
    assert not any(path.exists() for path in left)
    assert not (done.folder / "state").exists()
    assert (killed.folder / "state").exists()


def test_finished_run_keeps_no_state_to_go_on_from(images: str) -> None:
    run = new_run(images, epochs=3, keep_steps=1)
    list(execute(run))
    assert runs.read(run.folder).state == "finished"
    assert not (run.folder / "state").exists()


def test_run_that_another_process_is_at_work_on_is_left_alone_by_tidying(images: str) -> None:
    run = new_run(images)
    with Journal(run).owned():
        (run.folder / "state").touch()
        with files.replacing(run.folder / "state") as file:
            run_control.tidy()
            file.write(b"new")
    assert (run.folder / "state").read_bytes() == b"new"


# Whose turn it is


def test_run_waits_only_for_runs_that_are_under_way_or_older(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(created: float, state: RunState, name: str) -> Run:
        config = msgspec.structs.replace(base.config, created=created)
        return Run(base.folder.with_name(name), config, Status(state=state))

    base = new_run(images)
    mine = at(5, "queued", "mine")
    monkeypatch.setenv("HOURGLASS_MAX_RUNS", "2")
    younger, older = at(6, "queued", "y"), at(4, "queued", "o")
    ended, one, two = at(1, "finished", "e"), at(2, "running", "r"), at(3, "stopping", "s")
    assert queue.n_ahead(mine, [mine]) == 0
    assert queue.n_ahead(mine, [mine, ended, younger]) == 0
    assert queue.n_ahead(mine, [mine, one]) == 0
    assert queue.n_ahead(mine, [mine, one, older]) == 1
    assert queue.n_ahead(mine, [mine, one, two, older, younger]) == 2


# What folders hold


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"state": "dreaming"}', b"\xff"])
def test_status_that_cannot_be_read_counts_as_interrupted_unless_somebody_is_at_work(
    content: bytes, images: str
) -> None:
    run = new_run(images)
    (run.folder / "status.json").write_bytes(content)
    found = runs.read(run.folder)
    assert (found.state, "status.json cannot be read" in found.status.reason) == (
        "interrupted", True
    )  # fmt: skip
    lock = locks.take(lock_of(run.folder))
    assert lock is not None
    assert runs.read(run.folder).state == "running"
    lock.release()


def test_folder_that_is_no_run_is_left_out_and_refused_by_name(images: str) -> None:
    run = new_run(images)
    (runs_dir() / "notes").mkdir()
    (runs_dir() / "broken").mkdir()
    (runs_dir() / "broken" / "config.json").write_text("{}")
    assert [found.id for found in runs.found()] == [run.id]
    with pytest.raises(OptionError, match="can be read.*delete it"):
        runs.get("broken")
    assert [one.id for one in runs.broken()] == ["broken"]
    run_control.delete(runs.find("broken"))
    assert runs.broken() == ()


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
    with pytest.raises(CheckpointError, match="included with Hourglass"):
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
