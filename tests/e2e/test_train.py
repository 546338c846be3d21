"""A run in a real browser: started, reloaded, stopped, resumed, and looked through."""

import re
from pathlib import Path
from typing import Any

import pytest

from core import runs
from core.runs import RunConfig
from core.runs import control as run_control
from core.training.config import TrainConfig
from tests.driving.serving import serving
from tests.e2e.conftest import Visit

SECONDS = 60_000


def epochs_done(visit: Visit) -> int:
    """What the progress bar says once it says anything."""
    shown = visit.page.get_by_text(re.compile(r"epoch \d+ of \d+ · [\d,]+ images/s"))
    shown.wait_for(timeout=SECONDS)
    found = re.search(r"epoch (\d+) of", shown.inner_text())
    assert found is not None
    return int(found.group(1))


def state(visit: Visit, words: str) -> None:
    """Wait until the watched run is in that state."""
    visit.page.locator(".stMarkdownBadge", has_text=words).wait_for(timeout=SECONDS)


def press(visit: Visit, label: str) -> None:
    visit.page.get_by_role("button", name=label, exact=True).click()


@pytest.mark.slow
def test_run_survives_a_reload_is_stopped_resumed_and_looked_through(
    server: str, visit: Visit
) -> None:
    page = visit.page
    page.goto(f"{server}/train")
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("500")
    epochs.press("Enter")
    press(visit, "Start training")
    before = epochs_done(visit)
    page.reload()
    assert epochs_done(visit) >= before
    page.get_by_text("Eight test images").wait_for(timeout=SECONDS)
    press(visit, "Stop and keep")
    state(visit, "Stopped")
    page.locator(".sweep-root[data-frame]").wait_for(timeout=SECONDS)
    press(visit, "Resume")
    state(visit, "Running")
    assert epochs_done(visit) >= before
    press(visit, "Pause")
    state(visit, "Paused")
    press(visit, "Reconstruct with it")
    page.get_by_role("heading", name="Reconstruct").wait_for(timeout=SECONDS)
    page.locator(".sweep-root[data-frame]").wait_for(timeout=SECONDS)
    assert page.get_by_text("mnist-5k-dense-").count() > 0
    assert page.get_by_test_id("stAlert").count() == 0
    assert visit.off_host == []


def start_long_run(visit: Visit, address: str) -> None:
    visit.page.goto(f"{address}/train")
    epochs = visit.page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("5000")
    epochs.press("Enter")
    press(visit, "Start training")


@pytest.mark.slow
def test_run_is_seen_by_a_second_visitor_and_after_a_restart_of_the_server(
    browser: Any, visit: Visit, tmp_path: Path
) -> None:
    own = {"HOURGLASS_HOME": str(tmp_path), "HOURGLASS_CHECKPOINTS": str(tmp_path / "models")}
    with serving(tmp_path / "first.txt", own) as address:
        start_long_run(visit, address)
        seen = epochs_done(visit)
        with browser.new_context() as other:
            second = Visit(other.new_page())
            second.page.goto(f"{address}/train")
            assert epochs_done(second) >= seen
    with serving(tmp_path / "second.txt", own) as address, browser.new_context() as later:
        third = Visit(later.new_page())
        third.page.goto(f"{address}/train")
        assert epochs_done(third) >= seen
        press(third, "Cancel")
        state(third, "Cancelled")


def test_run_that_one_visitor_deletes_is_asked_about_and_another_who_watches_it_is_told(
    browser: Any, visit: Visit, server: str
) -> None:
    train = TrainConfig("mnist-5k", "dense")
    mine, other = (runs.create(RunConfig(name, 1.0, train)) for name in ("to-go", "to-stay"))
    page = visit.page
    with browser.new_context() as context:
        watching = Visit(context.new_page())
        watching.page.goto(f"{server}/train?run={mine.id}")
        watching.page.get_by_role("heading", name="to-go").wait_for(timeout=SECONDS)
        page.goto(f"{server}/train?run={other.id}&compared_runs={mine.id}")
        press(visit, "Delete")
        page.get_by_role("dialog").get_by_text("1 other tab shows it now").wait_for(timeout=SECONDS)
        press(visit, "Keep")
        page.get_by_role("dialog").wait_for(state="detached", timeout=SECONDS)
        assert mine.folder.exists()
        press(visit, "Delete")
        press(visit, "Delete for good")
        page.get_by_role("dialog").wait_for(state="detached", timeout=SECONDS)
        assert not mine.folder.exists()
        watching.page.get_by_text("Log scale").click()
        said = watching.page.get_by_text(f"The run “{mine.id}” was deleted")
        said.wait_for(timeout=SECONDS)
        assert watching.page.get_by_test_id("stException").count() == 0
    run_control.delete(other)
