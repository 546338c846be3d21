"""The Reconstruct page in a real browser."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data import catalogue
from core.inference import Autoencoder
from core.noise import Noise, add_noise
from tests.e2e.conftest import Visit
from tests.pages.tiny_models import save_tiny_models

LINK = "model=tiny-denoising&compare=tiny-pca"
SLIDER = ".sweep-input"
READ_ROW = """
(root, row) => Array.from(
  root.querySelectorAll(".sweep-row")[row].querySelectorAll("canvas"),
  (canvas) => {
    const { width, height } = canvas;
    const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    return Array.from(rgba.filter((_, k) => k % 4 === 0));
  },
)
"""
WATCH_JUMPS = """
  window.jumps = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => (jumps += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
"""
HASH_ROWS = """
(root, rows) => rows.flatMap((row) =>
  Array.from(root.querySelectorAll(".sweep-row")[row].querySelectorAll("canvas"), (canvas) => {
    const { width, height } = canvas;
    const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    return rgba.reduce((hash, value) => (Math.imul(hash, 31) + value) | 0, 7);
  })
).join()
"""


def row_of_pictures(page: Any, row: int) -> np.ndarray:
    """What stands on the screen: (n, 28, 28), 0 to 255."""
    red = page.locator(".sweep-root").evaluate(READ_ROW, row)
    return np.array(red).reshape(-1, 28, 28)


def drawn_frames(page: Any) -> str:
    """The noisy and the reconstructed row, as one word that tells frames apart."""
    return str(page.locator(".sweep-root").evaluate(HASH_ROWS, [1, 2]))


def test_slider_dragged_draws_a_new_frame_each_step_and_sends_nothing(
    visit: Visit, server: str
) -> None:
    visit.open(server, f"{LINK}&sigma=0")
    page = visit.page
    box = page.locator(SLIDER).bounding_box()
    y, left, width = box["y"] + box["height"] / 2, box["x"] + 9, box["width"] - 18
    page.mouse.move(left, y)
    page.mouse.down()
    sent_before = len(visit.sent)
    frames = set()
    for step in range(51):
        page.mouse.move(left + width * step / 50, y)
        frames.add(drawn_frames(page))
    assert len(visit.sent) == sent_before
    assert len(frames) >= 30
    page.mouse.up()
    page.wait_for_url(re.compile("sigma=1"))
    assert len(visit.sent) > sent_before


def test_slider_moves_by_keyboard_and_says_its_value(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    slider = visit.page.get_by_role("slider", name="Noise σ")
    before = drawn_frames(visit.page)
    slider.focus()
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "σ = 0.52"
    assert drawn_frames(visit.page) != before
    slider.press("Home")
    assert visit.page.locator(".sweep-value").inner_text() == "σ = 0.00"
    slider.press("End")
    visit.page.wait_for_url(re.compile("sigma=1"))


@pytest.mark.parametrize("noise", ["gaussian", "salt and pepper", "masking", "speckle"])
def test_pictures_on_the_screen_are_those_of_core(
    visit: Visit, server: str, noise: str, tmp_path: Path
) -> None:
    visit.open(server, f"{LINK}&noise={noise}&sigma=0.34&n=8&seed=4")
    save_tiny_models(tmp_path)
    images = catalogue.load("mnist-5k")
    turn = [np.flatnonzero(images.labels == label)[0] for label in range(8)]
    x = images.pixels(turn)
    x_noisy = add_noise(x, Noise(noise.replace(" ", "_"), 0.34), 4)  # type: ignore[arg-type]
    x_hat = Autoencoder.load(tmp_path / "tiny-denoising.safetensors").reconstruct(x_noisy)
    for row, expected in enumerate((x, x_noisy, x_hat)):
        on_screen = row_of_pictures(visit.page, row)
        assert np.abs(on_screen - 255 * np.clip(expected[:, 0], 0, 1)).max() <= 1.01, row


def test_numbers_on_the_screen_follow_the_slider(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    noisy = visit.page.locator(".sweep-row[data-role=noisy] .sweep-stat")
    visit.page.get_by_role("slider").press("Home")
    assert noisy.inner_text() == "0.0000"
    visit.page.get_by_role("slider").press("End")
    assert float(noisy.inner_text()) == pytest.approx(1, abs=0.05)


def test_slider_keeps_its_place_when_the_pictures_change(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    page = visit.page
    address = page.url
    page.get_by_role("slider").press("PageUp")
    page.wait_for_url(lambda url: url != address)  # the rerun that the slider asked for is done
    value = page.locator(".sweep-value").inner_text()
    before, originals = drawn_frames(page), row_of_pictures(page, 0)
    waited_for = _content(page)
    page.get_by_role("button", name="New noise").click()
    page.wait_for_function("([root, id]) => root.dataset.id !== id", arg=waited_for)
    assert drawn_frames(page) != before
    assert (row_of_pictures(page, 0) == originals).all()
    assert page.locator(".sweep-value").inner_text() == value != "σ = 0.50"


def test_noise_that_is_no_step_of_the_slider_is_the_nearest_one_in_slider_picture_and_words(
    visit: Visit, server: str
) -> None:
    visit.open(server, "dataset=shapes&sigma=0.12")
    page = visit.page
    assert page.locator(".sweep-value").inner_text() == "σ = 0.10"
    said = page.locator(".sweep-near")
    assert (
        said.inner_text() == "σ = 0.12 was asked for: the nearest step of this slider is σ = 0.10."
    )
    noisy = page.locator(".sweep-row[data-role=noisy] .sweep-stat")
    assert float(noisy.inner_text()) == pytest.approx(0.1**2, rel=0.05)
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "hourglass-shapes-sigma-0.10.png"
    page.get_by_role("combobox", name="Data").click()
    page.get_by_role("option", name="Digits (5,000 of MNIST)").click()
    page.locator(".sweep-value", has_text="σ = 0.12").wait_for()
    assert not said.is_visible()
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_url(re.compile("sigma=0.14"))


def test_large_images_are_as_wide_together_as_the_slider_above_them(
    visit: Visit, server: str
) -> None:
    visit.open(server, "dataset=shapes")
    cells = visit.page.locator(".sweep-row[data-role=original] .sweep-canvas")
    boxes = [cell.bounding_box() for cell in cells.all()]
    assert len(boxes) == 8
    wide = boxes[-1]["x"] + boxes[-1]["width"] - boxes[0]["x"]
    assert wide > 0.9 * visit.page.locator(".sweep-bar").bounding_box()["width"]
    assert len({box["y"] for box in boxes}) == 1


def test_page_does_not_jump_when_the_pictures_change(visit: Visit, server: str) -> None:
    visit.page.add_init_script(WATCH_JUMPS)
    visit.open(server, LINK)
    page = visit.page
    page.get_by_role("button", name="PNG").wait_for()
    page.get_by_role("slider").press("End")
    page.wait_for_url(re.compile("sigma=1"))
    page.evaluate("jumps = 0")
    waited_for = _content(page)
    page.get_by_role("button", name="New noise").click()
    page.wait_for_function("([root, id]) => root.dataset.id !== id", arg=waited_for)
    page.get_by_role("slider").press("Home")
    page.wait_for_url(re.compile("sigma=0"))
    assert page.evaluate("jumps") < 0.001


def test_image_clicked_opens_its_own_numbers(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    visit.page.get_by_role("button", name="Enlarge image 4 of 16: 3").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_text("class 3").wait_for()
    dialog.locator("img").nth(7).wait_for()  # four pictures for each of two models
    visit.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_images_are_walked_by_arrow_keys_and_opened_by_enter(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    images = visit.page.locator("button.sweep-cell")
    images.first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("dialog").get_by_text("class 2").wait_for()


def test_play_runs_to_the_end_of_the_slider_and_reports_it(visit: Visit, server: str) -> None:
    visit.open(server, f"{LINK}&sigma=0.9")
    sent_before = len(visit.sent)
    visit.page.get_by_role("button", name=re.compile("^Play")).click()
    visit.page.wait_for_selector(".sweep-root:not([data-frame='45'])")
    assert len(visit.sent) == sent_before  # it is on its way, and nobody was told
    visit.page.wait_for_url(re.compile("sigma=1"))
    assert visit.page.locator(".sweep-value").inner_text() == "σ = 1.00"


def test_picture_downloaded_is_a_png_named_after_what_it_shows(visit: Visit, server: str) -> None:
    visit.open(server, f"{LINK}&sigma=0.3")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "hourglass-mnist-5k-sigma-0.30.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_whole_visit_asks_no_other_machine_and_logs_no_error(visit: Visit, server: str) -> None:
    visit.open(server, LINK)
    page = visit.page
    before = _content(page)
    page.get_by_role("button", name="Shuffle").click()
    page.wait_for_function("([root, id]) => root.dataset.id !== id", arg=before)
    page.get_by_role("button", name="Enlarge image 1 of").click()
    page.get_by_role("dialog").locator(".js-plotly-plot").wait_for()
    page.keyboard.press("Escape")
    assert visit.off_host == []
    assert visit.complaints == []


def test_phone_shows_every_image_without_scrolling_sideways(phone: Visit, server: str) -> None:
    phone.open(server, LINK)
    page = phone.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    right_edges = [box["x"] + box["width"] for box in _boxes(page, "button.sweep-cell")]
    assert len(right_edges) == 16
    assert max(right_edges) <= 390
    page.mouse.move(200, 600)
    page.mouse.wheel(0, 900)
    page.wait_for_function(
        "(slider) => slider.getBoundingClientRect().top < 200",
        arg=page.locator(SLIDER).element_handle(),
    )
    assert 50 < page.locator(SLIDER).bounding_box()["y"] < 200  # stays in view


def _boxes(page: Any, selector: str) -> list[dict[str, float]]:
    return [found.bounding_box() for found in page.locator(selector).all()]


def _content(page: Any) -> list[Any]:
    """The component and the name of what it draws now, to wait for something else."""
    root = page.locator(".sweep-root").element_handle()
    return [root, root.get_attribute("data-id")]


@pytest.mark.parametrize("width", [1024, 1240, 1440])
def test_models_to_compare_with_have_room_for_a_name_beside_all_buttons(
    browser: Any, server: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        visit = Visit(context.new_page())
        visit.open(server, LINK)
        visit.page.get_by_role("button", name="Copy report").wait_for(timeout=60_000)
        assert visit.page.locator(".st-key-compare").bounding_box()["width"] >= 260
