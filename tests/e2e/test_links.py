"""The address bar in a real browser: copied, opened elsewhere, and gone back in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Visit
from tests.e2e.test_reconstruct import HASH_ROWS

MILLISECONDS = 60_000
MODELS = "model=tiny-denoising"
Change = Callable[[Any], None]


def wait_for_link(page: Any, part: str) -> None:
    page.wait_for_url(re.compile(re.escape(part)), timeout=MILLISECONDS)


def choose(page: Any, name: str, part: str) -> None:
    page.get_by_role("radio", name=name).first.click(timeout=MILLISECONDS)
    wait_for_link(page, part)


def change_noise(page: Any) -> None:
    page.wait_for_selector(".sweep-root[data-frame]", timeout=MILLISECONDS)
    page.get_by_role("button", name="New noise").click()
    wait_for_link(page, "seed=1")
    page.get_by_role("slider", name="Noise σ").press("Home")
    wait_for_link(page, "sigma=0")


def shown(page: Any) -> str:
    """The words of the page and of its sidebar, and where its slider stands, once it has settled.

    Streamlit's own "Running" is in neither.
    """
    page.get_by_role("button", name="Stop").wait_for(state="hidden", timeout=MILLISECONDS)
    words = [page.get_by_test_id(part).inner_text() for part in ("stMain", "stSidebar")]
    roots = page.locator(".sweep-root[data-frame]")
    rows = list(range(roots.first.locator(".sweep-row").count())) if roots.count() else []
    drawn = str(roots.first.evaluate(HASH_ROWS, rows)) if rows else ""
    return "\n".join([*words, drawn])


def settled(page: Any) -> str:
    """What is shown when it has not changed for a second, at most a minute from now."""
    before = shown(page)
    for _ in range(60):
        page.wait_for_timeout(1_000)
        now = shown(page)
        if now == before and not page.get_by_test_id("stSkeleton").count():
            return now
        before = now
    return before


CHANGES: dict[str, tuple[str, str, Change]] = {
    "reconstruct": ("", f"{MODELS}&noise=speckle&n=8", change_noise),
    "latent": (
        "latent",
        f"{MODELS}&points=500&selected=00003&rings=true",
        lambda page: choose(page, "Travel along a direction", "section=along"),
    ),
    "outliers": (
        "outliers",
        f"{MODELS}&score=mse&log_counts=true",
        lambda page: choose(page, "Robust z", "threshold=robust"),
    ),
    "robustness": (
        "robustness",
        f"{MODELS}&models=tiny-dense&models=tiny-pca&measured=200&clip=true",
        lambda page: choose(page, "PSNR", "metric=PSNR"),
    ),
    "your images": ("your_images", MODELS, lambda page: choose(page, "Models", "your=models")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_link_copied_after_a_change_opens_the_same_view_for_someone_else(
    visit: Visit, browser: Any, server: str, name: str
) -> None:
    path, link, change = CHANGES[name]
    page = visit.page
    page.goto(f"{server}/{path}?{link}")
    change(page)
    here = settled(page)
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        other = context.new_page()
        other.goto(page.url)
        other.get_by_role("heading", level=1).wait_for(timeout=MILLISECONDS)
        assert settled(other) == here
        assert set(other.url.partition("?")[2].split("&")) == set(
            page.url.partition("?")[2].split("&")
        )


def test_back_goes_to_the_page_before_with_what_was_chosen_there(visit: Visit, server: str) -> None:
    page = visit.page
    visit.open(server, f"{MODELS}&seed=5&noise=masking")
    page.get_by_role("button", name="New noise").click()
    wait_for_link(page, "seed=6")
    page.get_by_role("link", name="Your images").click()
    page.get_by_role("heading", level=1, name="Your images").wait_for(timeout=MILLISECONDS)
    page.get_by_role("link", name="Robustness").click()
    page.get_by_role("heading", level=1, name="Robustness").wait_for(timeout=MILLISECONDS)
    wait_for_link(page, "seed=6")
    page.go_back()
    page.get_by_role("heading", level=1, name="Your images").wait_for(timeout=MILLISECONDS)
    page.go_back()
    page.get_by_role("heading", level=1, name="Reconstruct").wait_for(timeout=MILLISECONDS)
    wait_for_link(page, "seed=6")
    assert "noise=masking" in page.url


def test_report_downloaded_opens_offline_without_scripts_and_shows_its_pictures(
    visit: Visit, browser: Any, server: str, tmp_path: Path
) -> None:
    visit.open(server, f"{MODELS}&n=8&seed=4")
    with visit.page.expect_download(timeout=MILLISECONDS) as download:
        visit.page.get_by_role("button", name="Copy report").click(timeout=MILLISECONDS)
    file = tmp_path / "report.html"
    download.value.save_as(file)
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    with browser.new_context(**options, offline=True, java_script_enabled=False) as context:
        page = context.new_page()
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(file.as_uri())
        assert page.locator("h1").inner_text() == "Reconstruct"
        pictures = page.locator(".tiles img")
        assert pictures.count() >= 5 * 8
        assert pictures.last.bounding_box()["height"] > 40
        assert page.locator("svg path").count() > 5
        assert "seed=4" in page.get_by_role("link", name="Open this view again").get_attribute(
            "href"
        )
    assert {url.partition(":")[0] for url in requested} <= {"file", "data"}
