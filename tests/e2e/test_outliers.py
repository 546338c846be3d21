"""The Outliers page in a real browser: brushing, and a review that survives what happens to it."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import PROJECT
from core.reviews import Reviews
from tests.driving.serving import free_port
from tests.e2e.conftest import Visit
from tests.pages.tiny_models import save_tiny_models

SECONDS = 60_000
LINK = "outliers?model=tiny-dense&section_outliers=review&rate=10"
ROOT = ".review-root"
SOURCE = "mnist-5k"


class Server:
    """The app on one port, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        save_tiny_models(folder / "checkpoints")
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def decisions(self) -> Reviews:
        return Reviews(self.folder / "data" / "reviews.sqlite3")

    def start(self) -> None:
        options = ["--server.headless", "true", "--server.port", str(self.port)]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", *options],
                cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT,
                env=os.environ | {
                    "HOURGLASS_HOME": str(self.folder),
                    "HOURGLASS_CHECKPOINTS": str(self.folder / "checkpoints"),
                },
            )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        pytest.fail((self.folder / "log.txt").read_text())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def forget(self) -> None:
        """As if nobody had decided anything."""
        path = self.folder / "data" / "reviews.sqlite3"
        if path.exists():
            with contextlib.closing(sqlite3.connect(path)) as file, file:
                file.execute("DROP TRIGGER IF EXISTS never_deleted")
                file.execute("DELETE FROM decisions")
        for left in ("reviews.kept.json", "reviews.copy.sqlite3"):
            path.with_name(left).unlink(missing_ok=True)


@pytest.fixture
def mortal_server(tmp_path: Path) -> Iterator[Server]:
    """A server with its own data folder that a test may kill."""
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("reviewing"))
    yield server
    server.kill()


@pytest.fixture
def own_server(shared_server: Server) -> Server:
    """A server with its own data folder, in which nobody has decided anything yet."""
    shared_server.forget()
    return shared_server


def open_review(page: Any, server: Server, link: str = "") -> None:
    page.goto(f"{server.address}/{LINK}{link}")
    page.wait_for_selector(f"{ROOT}[data-image]", timeout=SECONDS)


def shown(page: Any) -> dict[str, str]:
    """What the desk says of itself: image, place, pending."""
    return dict(page.locator(ROOT).evaluate("root => ({ ...root.dataset })"))


def wait_until_saved(page: Any) -> None:
    page.wait_for_selector(f'{ROOT}[data-pending="0"]', timeout=SECONDS)


def decide(page: Any, key: str) -> str:
    """Press a key once the image is there; the image that was decided."""
    page.wait_for_selector(f"{ROOT}:not(.review-waiting)", timeout=SECONDS)
    image = shown(page)["image"]
    page.keyboard.press(key)
    return image


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_fifty_images_reviewed_by_keyboard_survive_a_server_that_is_killed(
    visit: Visit, mortal_server: Server
) -> None:
    page = visit.page
    open_review(page, mortal_server)
    meant: dict[str, str] = {}
    verdicts = {"n": "normal", "o": "outlier", "u": "unsure"}
    for i in range(50):
        if i == 25:
            wait_until_saved(page)
            mortal_server.kill()
        key = "nou"[i % 3]
        meant[decide(page, key)] = verdicts[key]
        if i == 27:  # two verdicts were given while nobody listened
            assert int(shown(page)["pending"]) > 0
            mortal_server.start()
    wait_until_saved(page)
    assert len(meant) == 50
    assert "50 of" in page.locator(".review-progress").inner_text()
    kept = mortal_server.decisions.current(SOURCE)
    assert {image: by["me"].verdict for image, by in kept.items()} == meant
    at = shown(page)["image"]
    page.reload()
    page.wait_for_selector(f"{ROOT}[data-image]", timeout=SECONDS)
    assert shown(page)["image"] == at
    assert "50 of" in page.locator(".review-progress").inner_text()
    assert visit.off_host == []


def test_review_resumes_at_the_first_image_that_is_not_decided(
    visit: Visit, own_server: Server
) -> None:
    page = visit.page
    open_review(page, own_server)
    for key in "non":
        decide(page, key)
    wait_until_saved(page)
    open_review(page, own_server)  # by the same link, which does not say where
    assert shown(page)["place"] == "3"


def test_undo_takes_back_the_last_verdict_and_returns_to_its_image(
    visit: Visit, own_server: Server
) -> None:
    page = visit.page
    open_review(page, own_server)
    first = decide(page, "o")
    second = decide(page, "n")
    page.keyboard.press("z")
    assert shown(page)["image"] == second
    page.keyboard.press("z")
    assert shown(page)["image"] == first
    decide(page, "u")
    wait_until_saved(page)
    kept = own_server.decisions.current(SOURCE)
    assert {image: by["me"].verdict for image, by in kept.items()} == {first: "unsure"}
    page.get_by_text("Verdicts re-rank").click()  # which leaves the focus on the switch
    page.get_by_text("it is measured how well").wait_for(timeout=SECONDS)
    page.wait_for_selector(f"{ROOT}:not(.review-waiting)", timeout=SECONDS)
    decided = decide(page, "n")
    wait_until_saved(page)
    assert own_server.decisions.current(SOURCE)[decided]["me"].verdict == "normal"
    assert [one.verdict for one in own_server.decisions.history(SOURCE)] == [
        "outlier", "normal", "", "", "unsure", "normal"
    ]  # fmt: skip


def test_note_with_markup_is_kept_and_shown_letter_by_letter(
    visit: Visit, own_server: Server
) -> None:
    page, nasty = visit.page, "<img src=x onerror=window.__x=1> ![](http://example.com/a.png)"
    open_review(page, own_server, "&reviewer=%3Cimg%20src%3Dx%20onerror%3Dwindow.__x%3D1%3E")
    image = shown(page)["image"]
    page.locator(".review-note").fill(nasty)
    page.keyboard.press("Enter")
    decide(page, "o")
    wait_until_saved(page)
    said = own_server.decisions.current(SOURCE)[image]
    assert [(one.reviewer, one.note) for one in said.values()] == [
        ("<img src=x onerror=window.__x=1>", nasty)
    ]
    open_review(page, own_server, f"&reviewer=bob&at={image}")
    assert nasty in page.locator(".review-others").inner_text()
    assert page.evaluate("window.__x") is None
    assert visit.off_host == []


def test_two_reviewers_at_once_lose_nothing_and_see_where_they_disagree(
    browser: Any, own_server: Server
) -> None:
    with browser.new_context() as one, browser.new_context() as two:
        ann, bob = one.new_page(), two.new_page()
        open_review(ann, own_server, "&reviewer=ann")
        open_review(bob, own_server, "&reviewer=bob")
        images = []
        for i in range(8):
            images.append(decide(ann, "n"))
            assert decide(bob, "o" if i == 2 else "n") == images[-1]
        wait_until_saved(ann)
        wait_until_saved(bob)
        kept = own_server.decisions.current(SOURCE)
        assert {len(kept[image]) for image in images} == {2}
        open_review(ann, own_server, "&reviewer=ann&queue=disagreements")
        assert shown(ann)["image"] == images[2]
        assert "of 1 decided" in ann.locator(".review-progress").inner_text()
        assert "bob" in ann.locator(".review-others").inner_text()
        assert "disagree" in ann.locator(".review-others").inner_text()


def test_decision_that_cannot_be_kept_says_not_saved_and_is_sent_again(
    visit: Visit, own_server: Server
) -> None:
    page = visit.page
    open_review(page, own_server)
    other = sqlite3.connect(own_server.folder / "data" / "reviews.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    image = decide(page, "o")
    page.get_by_text("NOT saved").first.wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Try again").click()
    assert shown(page)["pending"] == "1"
    other.execute("ROLLBACK")
    other.close()
    wait_until_saved(page)
    assert own_server.decisions.current(SOURCE)[image]["me"].verdict == "outlier"


def test_verdict_that_can_never_be_kept_says_why_and_the_next_ones_are_kept(
    visit: Visit, own_server: Server
) -> None:
    page = visit.page
    open_review(page, own_server)
    note = page.locator(".review-note")
    note.evaluate("(box) => { box.value = 'half \ud83d'; box.dispatchEvent(new Event('input')); }")
    image = decide(page, "o")
    page.get_by_text("has a character that cannot be kept").wait_for(timeout=SECONDS)
    assert page.locator(".review-saved").inner_text() == "NOT saved: 1"
    other = decide(page, "n")
    page.get_by_text("all saved").wait_for(timeout=SECONDS)
    kept = own_server.decisions.current(SOURCE)
    assert kept[other]["me"].verdict == "normal"
    assert image not in kept


@pytest.mark.skipif(os.name != "posix", reason="an open file is not moved there")
def test_file_of_decisions_that_is_moved_away_meanwhile_is_begun_anew_and_told_of(
    visit: Visit, own_server: Server
) -> None:
    page = visit.page
    open_review(page, own_server)
    decide(page, "o")
    wait_until_saved(page)
    path = own_server.folder / "data" / "reviews.sqlite3"
    path.rename(path.with_name("away.sqlite3"))
    second = decide(page, "n")
    wait_until_saved(page)
    assert list(own_server.decisions.current(SOURCE)) == [second]
    open_review(page, own_server)
    page.get_by_text("1 decision that was kept in reviews.sqlite3").wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Go on without them").click()
    page.get_by_text("1 decision that was kept").wait_for(state="hidden", timeout=SECONDS)


def test_brushing_the_tail_selects_its_images_on_all_pages(visit: Visit, server: str) -> None:
    page = visit.page
    page.goto(f"{server}/outliers?model=tiny-dense&rate=10")
    page.wait_for_selector(".sweep-root[data-frame]", timeout=SECONDS)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.6 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.98 * box["width"], middle + 20, steps=5)
    page.mouse.up()
    sidebar = page.get_by_test_id("stSidebar")
    words = sidebar.get_by_text(re.compile(r"^[\d,]+ selected$"))
    words.wait_for(timeout=SECONDS)
    count = words.inner_text()
    assert int(count.split()[0].replace(",", "")) < 1_000  # not all
    page.get_by_role("link", name="Latent space").click()
    page.get_by_role("heading", name="Latent space").wait_for(timeout=SECONDS)
    sidebar.get_by_text(count, exact=True).wait_for(timeout=SECONDS)


def test_page_on_a_phone_does_not_scroll_sideways(phone: Visit, server: str) -> None:
    page = phone.page
    page.goto(f"{server}/{LINK}")
    page.wait_for_selector(f"{ROOT}[data-image]", timeout=SECONDS)
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    assert phone.complaints == []
