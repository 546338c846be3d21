"""The Robustness page in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pages.ui.session.registry import ROBUSTNESS
from tests.driving import walking
from tests.driving.serving import serving
from tests.e2e.conftest import Visit
from tests.pages.tiny_models import save_tiny_models

LINK = "model=tiny-denoising&measured=200"
HASH_ROW = """
(root) => Array.from([...root.querySelectorAll(".sweep-row")][2].children[1].children, (cell) => {
  const canvas = cell.querySelector("canvas");
  const { width, height } = canvas;
  const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return rgba.reduce((hash, value) => (Math.imul(hash, 31) + value) | 0, 7);
}).join()
"""

IN_LINK = "([key, name]) => new URL(location).searchParams.get(key) === name"


def open_page(visit: Visit, server: str, link: str = LINK) -> Any:
    visit.page.goto(f"{server}/robustness?{link}")
    visit.page.wait_for_selector(".sweep-root[data-frame] .chart-picture", timeout=60_000)
    return visit.page


def plot(page: Any) -> tuple[float, float, float]:
    """Where the curves lie on the screen: left, width, and a height in their middle."""
    box = page.locator(".chart-ground").bounding_box()
    return box["x"], box["width"], box["y"] + box["height"] / 2


def legend(page: Any) -> dict[str, float]:
    """The numbers beside the names."""
    names = page.locator(".chart-name").all_inner_texts()
    numbers = page.locator(".chart-number").all_inner_texts()
    return {
        name: float(number)
        for name, number in zip(names, numbers, strict=True)
        if number != "\u2013"
    }


def drawn(page: Any) -> str:
    """The first model's row of pictures, as one word."""
    return str(page.locator(".sweep-root").evaluate(HASH_ROW))


def test_drag_in_the_chart_moves_pictures_and_numbers_and_sends_nothing_until_let_go(
    visit: Visit, server: str
) -> None:
    page = open_page(visit, server, f"{LINK}&sigma=0")
    left, width, middle = plot(page)
    page.mouse.move(left, middle)
    page.mouse.down()
    sent_before = len(visit.sent)
    frames, values, shown = set(), set(), set()
    for step in range(51):
        page.mouse.move(left + width * step / 50, middle)
        frames.add(drawn(page))
        values.add(page.locator(".sweep-value").inner_text())
        shown.add(legend(page)["the noisy image itself"])
    assert len(visit.sent) == sent_before
    assert len(frames) == len(values) == len(shown) == 21  # the amounts measured, and halfway
    page.mouse.up()
    page.wait_for_url(re.compile("sigma=1"))
    assert len(visit.sent) > sent_before


def test_click_in_the_chart_puts_the_slider_there(visit: Visit, server: str) -> None:
    page = open_page(visit, server)
    left, width, middle = plot(page)
    page.mouse.click(left + 0.25 * width, middle)
    assert page.locator(".sweep-value").inner_text() == "σ = 0.25"
    assert float(page.locator(".chart-cursor").get_attribute("x1")) == pytest.approx(
        left + 0.25 * width - page.locator(".chart-picture").bounding_box()["x"], abs=1
    )
    page.wait_for_url(re.compile("sigma=0.25"))


def test_slider_moves_the_cursor_and_the_best_model_is_bold(visit: Visit, server: str) -> None:
    page = open_page(visit, server)
    before = page.locator(".chart-cursor").get_attribute("x1")
    page.get_by_role("slider", name="Noise σ").press("End")
    assert page.locator(".chart-cursor").get_attribute("x1") != before
    numbers = legend(page)
    numbers.pop("the noisy image itself")
    best = page.locator(".chart-best .chart-name").inner_text()
    assert numbers[best] == min(numbers.values())


def test_legend_pointed_at_lights_its_curve(visit: Visit, server: str) -> None:
    page = open_page(visit, server)
    page.locator(".chart-item").nth(1).hover()
    assert page.locator(".chart-lit .chart-line.chart-on").count() == 1
    page.mouse.move(0, 0)
    assert page.locator(".chart-lit").count() == 0


def test_metric_changed_draws_other_curves_and_keeps_the_slider(visit: Visit, server: str) -> None:
    page = open_page(visit, server, f"{LINK}&sigma=0.3")
    page.get_by_role("radio", name="SSIM").click()
    page.wait_for_function(
        "(svg) => svg.getAttribute('aria-label').startsWith('SSIM')",
        arg=page.locator(".chart-picture").element_handle(),
    )
    assert page.locator(".sweep-value").inner_text() == "σ = 0.30"
    assert "SSIM" in page.locator(".chart-title").last.inner_html()


def test_image_clicked_opens_its_own_numbers(visit: Visit, server: str) -> None:
    page = open_page(visit, server)
    page.get_by_role("button", name="Enlarge image 4 of 10: 3").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("class 3").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_rows_ticked_in_the_table_are_in_the_link_and_compared_on_the_curves(
    visit: Visit, server: str
) -> None:
    page = visit.page
    page.goto(f"{server}/robustness?{LINK}&robust_view=Models")
    table = page.get_by_test_id("stDataFrame")
    table.locator("canvas").first.wait_for()
    page.get_by_role("button", name="Copy report").wait_for()  # the last thing on the page
    box = table.bounding_box()
    page.mouse.click(box["x"] + 16, box["y"] + 35 + 17)  # the first row's box
    page.wait_for_url(re.compile("ticked_models="))
    page.goto(page.url)
    page.get_by_role("button", name="Compare 1 on the curves").click()
    page.wait_for_selector(".chart-picture")
    names = page.locator(".chart-name").all_inner_texts()
    assert len(names) == 3  # the ticked one, a PCA, the noisy image
    page.wait_for_url(re.compile("[?&]models="))


def test_whole_visit_asks_no_other_machine_and_logs_no_error(visit: Visit, server: str) -> None:
    visit.open(server, "model=tiny-denoising")
    page = visit.page
    page.get_by_role("link", name="Robustness").click()
    page.wait_for_selector(".chart-picture", timeout=60_000)
    opens, *others = ROBUSTNESS.views
    for view in (*others, opens):
        page.get_by_role("radio", name=view.title, exact=True).click()
        page.wait_for_function(
            "([key, name]) => (new URL(location).searchParams.get(key)) === name",
            arg=[ROBUSTNESS.key, None if view is opens else view.name],
        )
        walking.settle(page)
        assert page.get_by_test_id("stException").count() == 0
    assert visit.off_host == []
    assert visit.complaints == []


def test_phone_shows_the_whole_chart(phone: Visit, server: str) -> None:
    page = open_page(phone, server)
    left, width, _ = plot(page)
    assert left >= 0
    assert left + width <= 390


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[str]:
    """A server with a home and checkpoints for one test."""
    (tmp_path / "checkpoints").mkdir()
    save_tiny_models(tmp_path / "checkpoints", tmp_path)
    environment = {
        "HOURGLASS_HOME": str(tmp_path),
        "HOURGLASS_CHECKPOINTS": str(tmp_path / "checkpoints"),
    }
    with serving(tmp_path / "log.txt", environment) as address:
        yield address


@pytest.mark.slow
def test_size_study_begun_on_the_page_trains_in_the_background_and_draws_its_models(
    visit: Visit, own_server: str, tmp_path: Path
) -> None:
    page = visit.page
    page.goto(f"{own_server}/robustness?robust_view=Size&trained_on=mnist-5k")
    page.get_by_test_id("stPlotlyChart").wait_for(timeout=60_000)
    page.get_by_role("button", name="dense", exact=True).click()  # leaves pca alone
    page.get_by_role("button", name="Train 7 in the background").click()
    page.get_by_test_id("stProgress").wait_for(timeout=30_000)
    page.reload()  # a second visitor sees it too
    page.get_by_test_id("stProgress").wait_for(timeout=60_000)
    page.get_by_text("No model is missing.").wait_for(timeout=120_000)
    trained = {path.stem for path in (tmp_path / "checkpoints").glob("size-*")}
    assert trained == {f"size-mnist-5k-pca-{k}" for k in (2, 4, 8, 16, 32, 64, 128)}
    page.get_by_role("button", name="dense", exact=True).click()  # the link has kept pca alone
    page.get_by_role("button", name="Train 7 in the background").wait_for(timeout=60_000)
    missing = page.get_by_text("Missing:").inner_text()
    assert "pca" not in missing
    assert "size-mnist-5k-dense-128" in missing
