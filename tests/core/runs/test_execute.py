"""Carrying out a run, in this process: what its folder says whatever happens to it."""

import errno
import math
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.decomposition import PCA

from core import checkpoints, files, runs
from core.config import Diverged, OptionError, TrainingError
from core.data import catalogue
from core.models.network import Network
from core.runs import Run, queue
from core.runs import control as run_control
from core.runs import execute as running
from core.runs import records as run_records
from core.runs.execute import execute
from core.runs.journal import Journal
from core.training.events import EpochDone, Event, Finished, StepDone
from tests.core.runs_for_tests import new_run, wait_for_state, write_images


@pytest.fixture
def images(empty_home: Path, own_checkpoints: Path) -> str:
    return write_images(empty_home / "squares")


def carried_out(run: Run) -> Run:
    for _ in execute(run):
        pass
    return runs.read(run.folder)


def until(events: Iterator[Event], epoch: int, step: int) -> None:
    """Consume events up to that step."""
    for event in events:
        if isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, step):
            return


def test_finished_run_has_its_metrics_and_those_of_pca_with_the_same_code(images: str) -> None:
    run = carried_out(new_run(images, epochs=3))
    card = checkpoints.load("mine").card
    assert (run.state, run.share_done, run.can_resume) == ("finished", 1.0, False)
    assert run.status.mse == pytest.approx(card.metrics["mse"])
    x, y = (catalogue.load(images, s).pixels().reshape(-1, 256) for s in ("train", "test"))
    twin = PCA(2, svd_solver="full").fit(x)
    expected = np.square(y - twin.inverse_transform(twin.transform(y))).mean()
    assert run.status.pca_mse == pytest.approx(expected, rel=1e-3)


def test_curves_and_pictures_are_those_of_the_events(images: str) -> None:
    run = new_run(images, epochs=3)
    done = [event for event in execute(run) if isinstance(event, EpochDone)]
    assert run_records.curves(run).epochs == tuple(event.record for event in done)
    assert run_records.pictured_epochs(run) == (1, 2, 3)
    kept = run_records.pictures(run, 2)
    assert kept is not None
    assert kept.codes is not None
    np.testing.assert_array_equal(kept.strip, done[1].strip)
    np.testing.assert_array_equal(kept.codes, done[1].codes)


def test_model_without_a_plane_of_codes_has_no_map(images: str) -> None:
    run = carried_out(new_run(images, epochs=1, options={"latent_dim": 3, "widths": [8]}))
    kept = run_records.pictures(run, 1)
    assert kept is not None
    assert kept.codes is None


def test_long_run_keeps_pictures_of_some_epochs_and_of_the_last(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.journal.MOST_PICTURES", 3)
    monkeypatch.setattr("core.runs.journal.FIRST_PICTURES", 2)
    run = new_run(images, epochs=10)
    for event in execute(run):
        if isinstance(event, EpochDone):
            assert run_records.pictured_epochs(run)[-1] == event.record.epoch
    assert run_records.pictured_epochs(run) == (1, 2, 4, 8, 10)


def test_pca_is_a_run_like_any_other(images: str) -> None:
    run = new_run(images)
    config = replace(run.config.train, arch="pca", options={"latent_dim": 2})
    changed = Run(run.folder, msgspec.structs.replace(run.config, train=config), run.status)
    finished = carried_out(changed)
    assert finished.status.mse == pytest.approx(finished.status.pca_mse, rel=1e-3)


def test_paused_run_goes_on_where_it_was(images: str) -> None:
    run = new_run(images, epochs=4)
    events = execute(run)
    until(events, 2, 3)
    run_control.ask(run, "pause")
    assert list(events) == []
    paused = runs.read(run.folder)
    assert (paused.state, paused.is_live) == ("paused", False)
    assert len(run_records.curves(paused).epochs) == 1
    run_control.clear(run)
    steps = [e for e in execute(runs.read(run.folder)) if isinstance(e, StepDone)]
    assert (steps[0].epoch, steps[0].step) == (2, 4)


def test_what_a_killed_process_did_after_its_kept_state_is_forgotten(images: str) -> None:
    run = new_run(images, epochs=4, keep_steps=6)
    events = execute(run)
    until(events, 4, 2)
    for _ in range(3):  # states were kept after steps 6 and 12; lines about later ones are there
        assert len(run_records.curves(run).epochs) == 3
    with pytest.raises(OptionError, match="running already"):
        list(execute(run))
    events.close()  # type: ignore[attr-defined]
    again = execute(runs.read(run.folder))
    until(again, 3, 3)
    assert [e.epoch for e in run_records.curves(run).epochs] == [1, 2]
    list(again)
    assert [e.epoch for e in run_records.curves(run).epochs] == [1, 2, 3, 4]


def test_half_a_line_of_a_killed_process_is_skipped_and_ended(images: str) -> None:
    run = new_run(images, epochs=2)
    (run.folder / "events.jsonl").write_bytes(b'{"event": "epo')
    carried_out(run)
    assert [e.epoch for e in run_records.curves(run).epochs] == [1, 2]


def explode_at(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is no number from that epoch on; five steps an epoch."""
    loss, calls = Network.loss, []

    def broken(*arguments: Any) -> Any:
        calls.append(1)
        return loss(*arguments) * (float("nan") if len(calls) > 5 * (epoch - 1) else 1)

    monkeypatch.setattr(Network, "loss", broken)


def test_run_that_diverges_is_told_so_and_keeps_the_last_good_state(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    explode_at(3, monkeypatch)
    run = new_run(images, epochs=4, keep_steps=1)
    with pytest.raises(Diverged):
        carried_out(run)
    diverged = runs.read(run.folder)
    assert diverged.state == "diverged"
    assert "lower learning rate than 0.01, such as 0.001" in diverged.status.reason
    assert "as it was before is kept" in diverged.status.reason
    card = checkpoints.load("mine").card
    assert run_records.curves(diverged).exploded() == (3.0,)
    assert card.epochs == 1  # all steps of the second are in it, too, but not its record
    assert diverged.status.mse == pytest.approx(card.metrics["mse"])
    assert not diverged.can_resume
    assert not (run.folder / "state").exists(), "nobody can go on from it"


def test_run_that_diverges_before_any_state_is_kept_keeps_nothing(
    images: str, own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explode_at(1, monkeypatch)
    run = new_run(images, epochs=4)
    with pytest.raises(Diverged):
        carried_out(run)
    assert runs.read(run.folder).state == "diverged"
    assert list(own_checkpoints.iterdir()) == []


def test_learning_rate_that_is_far_too_high_diverges_by_itself(images: str) -> None:
    options = {"latent_dim": 2, "widths": [8], "bounded": False, "batch_norm": False}
    run = new_run(images, epochs=50, learning_rate=10.0, options=options)
    with pytest.raises(Diverged, match="exploded|stopped being a number"):
        carried_out(run)


def test_test_error_that_is_no_number_ends_the_run_as_diverged_and_no_model_is_kept(
    images: str, own_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.fitting.mean_error", lambda *_: math.inf)
    run = new_run(images, epochs=1)
    with pytest.raises(Diverged):
        carried_out(run)
    diverged = runs.read(run.folder)
    assert diverged.state == "diverged"
    assert diverged.status.reason.startswith("The test error stopped being a number in epoch 1")
    assert diverged.status.reason.endswith("It has no saved model.")
    assert list(own_checkpoints.iterdir()) == []
    curves = run_records.curves(diverged)
    assert (curves.epochs, curves.exploded()) == ((), (1.0,))


def test_model_that_is_worse_than_a_blank_image_at_the_end_has_diverged(
    images: str, own_checkpoints: Path
) -> None:
    options = {"latent_dim": 2, "widths": [8], "bounded": False, "batch_norm": False}
    run = new_run(images, epochs=1, learning_rate=2.0, options=options)
    with pytest.raises(Diverged, match="more than that of a blank image.*such as 0.2"):
        carried_out(run)
    assert runs.read(run.folder).state == "diverged"
    assert list(own_checkpoints.iterdir()) == []


def test_last_good_state_that_cannot_be_kept_as_a_model_leaves_the_reason_as_it_is(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise TrainingError("The saved state is damaged: start the run anew.")

    explode_at(3, monkeypatch)
    monkeypatch.setattr(running, "keep", refuse)
    run = new_run(images, epochs=4, keep_steps=1)
    with pytest.raises(Diverged):
        carried_out(run)
    assert "stopped being a number" in runs.read(run.folder).status.reason


def test_full_disk_fails_with_that_reason_and_keeps_the_last_good_state(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(images, epochs=4, keep_steps=6)
    events = execute(run)
    until(events, 2, 4)
    state = (run.folder / "state").read_bytes()
    write = files.write_atomically

    def refuse(path: Path, data: bytes, durable: bool = True) -> None:
        if (run.folder / "spare").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, data, durable)

    for module in ("core.training.resume_state", "core.runs.journal", "core.runs.status"):
        monkeypatch.setattr(f"{module}.write_atomically", refuse)
    with pytest.raises(OSError, match="No space left"):
        list(events)
    failed = runs.read(run.folder)
    assert failed.state == "failed"
    assert "No space left" in failed.status.reason
    assert (run.folder / "state").read_bytes() == state
    monkeypatch.undo()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB; skips where none may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_run_on_a_disk_that_is_full_says_so_and_goes_on_when_there_is_space(
    small_disk: Path, images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_disk / "data").mkdir()
    monkeypatch.setenv("HOURGLASS_HOME", str(small_disk))
    run = new_run(images, epochs=2000, keep_steps=5)
    run_control.start(run)
    wait_for_state(run, "running")
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(bytes(max(0, free - 8192)))
    failed = wait_for_state(run, "failed")
    assert "No space left" in failed.status.reason
    (small_disk / "ballast").unlink()
    run_control.start(run)
    wait_for_state(run, "running")
    assert run_control.cancel(run).state == "cancelled"


def test_unforeseen_error_is_told_with_its_name_and_the_log(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: Any) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(Network, "loss", surprise)
    run = new_run(images)
    with pytest.raises(ZeroDivisionError):
        carried_out(run)
    assert runs.read(run.folder).status.reason.startswith("ZeroDivisionError: surprise")


def test_request_for_more_memory_than_there_is_says_so() -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")):
        assert "not enough memory" in running._reason(error)


def test_run_keeps_its_state_by_the_clock_too(images: str) -> None:
    run = new_run(images, epochs=2, keep_steps=10**9)
    config = msgspec.structs.replace(run.config, keep_seconds=0.0)
    events = execute(Run(run.folder, config, run.status))
    until(events, 1, 3)
    assert (run.folder / "state").exists()
    events.close()  # type: ignore[attr-defined]


def test_queued_run_that_is_asked_to_pause_does_not_begin(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked_meanwhile(run: Run) -> bool:
        run_control.ask(run, "pause")
        return False

    monkeypatch.setattr("core.runs.queue.may_begin", asked_meanwhile)
    run = new_run(images)
    assert list(execute(run, wait=True)) == []
    assert runs.read(run.folder).state == "paused"
    assert not (run.folder / "request").exists()


def test_journal_tells_how_much_of_the_images_is_there(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.journal.TELL_SECONDS", 0)
    run = new_run(images)
    Journal(run).loaded(25, 100)
    assert "25%" in runs.read(run.folder).status.phase


def test_second_process_that_is_refused_leaves_the_spare_bytes_of_the_first(images: str) -> None:
    run = new_run(images)
    with Journal(run).owned():
        with pytest.raises(OptionError, match="running already"):
            list(execute(run))
        assert (run.folder / "spare").exists(), "a full disk could not be told any more"
    assert not (run.folder / "spare").exists()


def test_queued_run_waits_while_another_process_holds_the_lock(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0)
    run, held = new_run(images), queue.lock()
    held.acquire()
    looks = []

    def released(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            held.release()

    monkeypatch.setattr("core.runs.queue.time.sleep", released)
    try:
        with Journal(run).owned():
            assert queue.awaited(run, Journal(run))
            assert runs.read(run.folder).state == "running"
    finally:
        held.release(force=True)
    assert len(looks) == 2


def test_last_event_of_a_run_is_its_model(images: str) -> None:
    *_, last = execute(new_run(images, epochs=1))
    assert isinstance(last, Finished)


def test_start_while_another_process_keeps_the_lock_is_one_sentence_and_changes_nothing(
    images: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0)
    run = new_run(images)
    with (
        queue.lock(),
        pytest.raises(TrainingError, match="end it, then start this run again"),
    ):
        run_control.start(run)
    assert runs.read(run.folder).status == run.status
    assert not (run.folder / "launch.json").exists()
