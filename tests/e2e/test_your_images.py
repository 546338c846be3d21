"""The Your images page in a real browser."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import PROJECT
from core.data import catalogue
from tests.core.data.own.test_upload import archive
from tests.core.hostile_archives_for_tests import ATTACKS, member, zip_of
from tests.core.photographs_for_tests import photograph
from tests.core.pngs_for_tests import to_png
from tests.driving.serving import QUIET
from tests.e2e.conftest import Visit

SECONDS = 60_000
CAMERA_RUNS = "document.querySelector('video')?.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA"
PAD = ".pad-canvas"
SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
HOSTILE = "<img src=x onerror=window.__x=1>.png"
FETCHING = "![x](https://evil.example/x.png) <img src=https://evil.example/y.png>.png"
READ_PAD = """
(canvas) => {
  const { width, height } = canvas;
  const rgba = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return Array.from(rgba.filter((_, k) => k % 4 === 0));
}
"""


def digit_file(i: int) -> bytes:
    return to_png(catalogue.load("mnist-5k").images[i])


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def opened(visit: Visit, server: str, link: str = "") -> Any:
    """The page, entered through the front door as by a visitor who clicks on it."""
    visit.page.goto(f"{server}/your_images?{link}")
    visit.page.get_by_role("heading", name="Your images").wait_for(timeout=SECONDS)
    return visit.page


def hand_over(page: Any, *files: dict[str, Any]) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def sheet(page: Any) -> np.ndarray:
    """What is drawn on the pad: (280, 280), 0 to 255."""
    return np.array(page.locator(PAD).evaluate(READ_PAD)).reshape(280, 280)


def stroke(page: Any, points: list[tuple[float, float]]) -> None:
    """A line drawn with the mouse through points of the pad, each 0 to 1."""
    box = page.locator(PAD).bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def judged(page: Any) -> float:
    """The percentile shown, once there is one."""
    value = page.get_by_test_id("stMetric").filter(has_text="Percentile")
    value.wait_for(timeout=SECONDS)
    found = re.search(r"([\d.]+) %", value.inner_text())
    assert found is not None
    return float(found[1])


@pytest.fixture
def test_data() -> Path:
    """The folder of larger test data: HOURGLASS_TEST_DATA, with cifar10-sample.zip in it."""
    folder = Path(os.environ.get("HOURGLASS_TEST_DATA", ""))
    if not (folder / "cifar10-sample.zip").is_file():
        pytest.skip("no cifar10-sample.zip: set HOURGLASS_TEST_DATA to the folder that holds it")
    return folder


@pytest.fixture
def finger(browser: Any) -> Iterator[Visit]:
    """A fresh tab as on a phone with a touch screen."""
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with browser.new_context(**options) as context:
        yield Visit(context.new_page())


def test_names_that_are_markup_run_nothing_and_fetch_nothing(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    inside = archive({FETCHING: digit_file(1), f"{FETCHING}.txt": b"words"})
    hand_over(page, file(HOSTILE, digit_file(0)), file(f"{HOSTILE}.txt", b"words"),
              file("a.zip", inside))  # fmt: skip
    page.get_by_text("4 offered: 2 read, 2 refused").wait_for(timeout=SECONDS)
    page.get_by_role("heading", name=HOSTILE).wait_for(timeout=SECONDS)
    page.get_by_text("Why 2 could not be used").click()
    page.get_by_test_id("stDataFrame").wait_for()
    inside_name = f"a.zip/{FETCHING.replace('//', '/')}"
    page.get_by_title(f"{inside_name}: what the network sees").first.click()
    page.get_by_role("heading", name=inside_name).wait_for(timeout=SECONDS)
    page.get_by_role("button", name=re.compile("Enlarge image 1 of 2")).click()
    page.get_by_role("dialog").locator("img").first.wait_for(timeout=SECONDS)
    page.keyboard.press("Escape")
    page.get_by_text("nearest codes").wait_for(timeout=SECONDS)
    assert page.evaluate("window.__x") is None
    assert page.locator("img[src*=evil], img[onerror]").count() == 0
    assert not [url for url in asked if "evil" in url or url.endswith("/x")]
    assert visit.off_host == []
    assert visit.complaints == []


ATTACKED = (
    "zip without a name", "zip with one name twice", "zip with a long name", "zip bomb",
    "zip whose table breaks off", "tar with holes", "tar.gz with a pax header of 300 MB",
    "parquet with prefixes",
)  # fmt: skip


def test_archives_of_attackers_are_refusals_on_a_page_that_stays(visit: Visit, server: str) -> None:
    files = [file(f"{name}{ATTACKS[name].suffix}", ATTACKS[name].make()) for name in ATTACKED]
    page = opened(visit, server)
    hand_over(page, *files)
    page.get_by_role("button", name="Look at them one by one").click(timeout=SECONDS)
    page.get_by_text(re.compile(r"offered: 14 read, \d+ refused")).wait_for(timeout=SECONDS)
    page.get_by_text("nearest codes").wait_for(timeout=SECONDS)
    assert page.get_by_test_id("stException").count() == 0
    page.get_by_text("Make a data set", exact=True).click()
    page.get_by_text("Add a folder or an archive").wait_for(timeout=SECONDS)
    hand_over(page, *files)
    page.get_by_role("button", name="Read the images").click(timeout=SECONDS)
    page.get_by_text("Report on 14 images").wait_for(timeout=SECONDS)
    assert page.get_by_test_id("stException").count() == 0
    page.get_by_role("button", name="Throw it away").click()
    assert visit.complaints == []


def test_encoding_of_class_names_is_guessed_and_can_be_chosen(visit: Visit, server: str) -> None:
    names = [f"{kind}/{i}.png".encode("cp932") for kind in ("猫", "犬") for i in range(4)]
    packed = zip_of(*(member(name, digit_file(i)) for i, name in enumerate(names)))
    page = opened(visit, server, "your=sets")
    hand_over(page, file("pets.zip", packed))
    page.get_by_text("A guess; for example: 猫/0.png").wait_for(timeout=SECONDS)
    page.get_by_role("combobox", name=re.compile("Names read as")).click()
    page.get_by_role("option", name="Chinese, simplified (GBK)").click()
    page.get_by_text(re.compile("A guess; for example: (?!猫)")).wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Read the images").wait_for()
    assert visit.complaints == []


def test_digit_drawn_is_judged_and_can_be_undone_and_cleared(visit: Visit, server: str) -> None:
    page = opened(visit, server, "way=draw")
    page.locator(PAD).wait_for(timeout=SECONDS)
    assert not sheet(page).any()
    stroke(page, SEVEN)
    first = sheet(page)
    assert first[56, 140] > 200
    assert 0 < first[56 + 13, 140] < 255  # the brush is soft at its edge
    assert judged(page) <= 100
    stroke(page, [(0.3, 0.5), (0.6, 0.5)])
    assert (sheet(page) != first).any()
    page.get_by_role("button", name="Undo").click()
    assert (sheet(page) == first).all()
    page.get_by_role("button", name="Clear", exact=True).click()
    assert not sheet(page).any()
    page.get_by_test_id("stMetric").first.wait_for(state="detached", timeout=SECONDS)


def test_kept_drawing_stays_and_the_sheet_is_clean(visit: Visit, server: str) -> None:
    page = opened(visit, server, "way=draw")
    stroke(page, SEVEN)
    judged(page)
    page.get_by_role("button", name="Keep it and draw another").click()
    page.get_by_role("heading", name="kept drawing").wait_for(timeout=SECONDS)
    page.locator(".pad-root[data-strokes='0']").wait_for(timeout=SECONDS)
    assert not sheet(page).any()
    stroke(page, SEVEN)
    page.get_by_text("2 offered").wait_for(timeout=SECONDS)


def test_pad_is_drawn_on_by_keyboard(visit: Visit, server: str) -> None:
    page = opened(visit, server, "way=draw")
    pad = page.locator(PAD)
    pad.focus()
    for key in ("Space", *["ArrowDown"] * 12, "Space"):
        pad.press(key)
    assert sheet(page)[160, 140] > 200
    assert judged(page) <= 100
    pad.press("z")
    assert not sheet(page).any()


def test_pad_is_drawn_on_by_finger_without_scrolling_the_page(finger: Visit, server: str) -> None:
    page = opened(finger, server, "way=draw")
    pad = page.locator(PAD)
    pad.wait_for(timeout=SECONDS)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    touch = page.context.new_cdp_session(page)
    where = [(box["x"] + 140, box["y"] + 40 + 10 * step) for step in range(18)]

    def send(kind: str, points: list[tuple[float, float]]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    send("touchStart", where[:1])
    for point in where[1:]:
        send("touchMove", [point])
    send("touchEnd", [])
    assert pad.bounding_box() == box
    column = sheet(page)[:, int(140 * 280 / box["width"])]
    assert (column > 200).sum() > 100
    assert judged(page) <= 100


def test_photograph_of_a_digit_becomes_a_digit_of_low_error(visit: Visit, server: str) -> None:
    if not (PROJECT / "checkpoints" / "mnist-dense-32.safetensors").exists():
        pytest.skip("mnist-dense-32 is not among the checkpoints: `make zoo` trains it")
    page = opened(visit, server, "model=mnist-dense-32")
    hand_over(page, file("IMG_1.jpg", photograph(catalogue.load("mnist-5k").images[0, 0])))
    assert judged(page) < 60
    for stage in ("turned upright", "inverted", "paper cleaned", "centred by mass"):
        page.get_by_text(f"→ {stage}").wait_for()


def test_step_switched_off_changes_what_the_network_sees(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    hand_over(page, file("IMG_1.jpg", photograph(catalogue.load("mnist-5k").images[0, 0])))
    before = judged(page)
    page.get_by_text("→ paper cleaned").wait_for()
    page.get_by_text("Clean the paper", exact=True).click()
    page.get_by_text("→ paper cleaned").wait_for(state="detached", timeout=SECONDS)
    page.wait_for_function(
        "(before) => ![...document.querySelectorAll('[data-testid=stMetric]')]"
        ".some((metric) => metric.innerText.includes(before))",
        arg=f"{before:.1f} %",
    )
    page.get_by_role("button", name="Automatic").click()
    page.get_by_text("→ paper cleaned").wait_for(timeout=SECONDS)


def test_slider_over_own_images_follows_the_finger_without_a_message(
    visit: Visit, server: str
) -> None:
    page = opened(visit, server, "sigma=0")
    hand_over(page, file("a.png", digit_file(0)), file("b.png", digit_file(1)))
    page.locator(".sweep-root[data-frame]").wait_for(timeout=SECONDS)
    slider = page.get_by_role("slider", name="Noise σ")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 9, y)
    page.mouse.down()
    sent, values = len(visit.sent), set()
    for step in range(20):
        page.mouse.move(box["x"] + 9 + (box["width"] - 18) * step / 20, y)
        values.add(page.locator(".sweep-value").inner_text())
    assert len(visit.sent) == sent
    assert len(values) >= 15
    page.mouse.up()


def test_table_downloaded_has_a_row_for_each_file(visit: Visit, server: str) -> None:
    page = opened(visit, server)
    hand_over(page, file("=a.png", digit_file(0)), file("b.txt", b"words"))
    judged(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith('"\'=a.png"')


def test_phone_shows_the_page_without_scrolling_sideways(phone: Visit, server: str) -> None:
    page = opened(phone, server, "way=draw")
    stroke(page, SEVEN)
    page.get_by_text("nearest codes").wait_for(timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_colour_zip_becomes_a_set_a_model_and_pictures_of_it(
    visit: Visit, server: str, test_data: Path
) -> None:
    page = opened(visit, server, "your=sets")
    page.locator("input[type=file]").set_input_files(str(test_data / "cifar10-sample.zip"))
    page.get_by_role("button", name="Read the images").click(timeout=SECONDS)
    page.get_by_text("Report on 6,000 images").wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Make the data set").click()
    page.get_by_text("was made and is selected in the sidebar").wait_for(timeout=SECONDS)
    page.get_by_role("link", name="Train").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.wait_for(timeout=SECONDS)
    epochs.fill("1")
    epochs.press("Enter")
    page.get_by_role("button", name="Start training", exact=True).click()
    page.locator(".stMarkdownBadge", has_text="Finished").wait_for(timeout=4 * SECONDS)
    page.goto(f"{server}/outliers?dataset=own:cifar10-sample&measured_on=judged")
    page.get_by_text(re.compile(r"1\d of 1,\d+ images are flagged")).wait_for(timeout=SECONDS)
    page.get_by_text("Images, the strangest first").wait_for(timeout=SECONDS)
    page.get_by_role("link", name="Your images").click()
    page.get_by_text("Look at images").click()
    ramp = np.linspace(0, 255, 48 * 64, dtype=np.uint8).reshape(1, 48, 64)
    hand_over(page, file("ramp.png", to_png(np.repeat(ramp, 3, axis=0))))
    assert judged(page) < 50  # nothing is easier to rebuild
    page.get_by_text("nearest codes").wait_for(timeout=SECONDS)
    assert page.get_by_test_id("stAlert").count() == 0
    assert visit.off_host == []


def test_folder_dropped_keeps_its_classes(visit: Visit, server: str, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for i in range(12):
        path = folder / ("cat" if i % 2 else "dog") / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(digit_file(i))
    page = opened(visit, server, "your=sets&from=folder")
    page.locator("input[type=file]").set_input_files(str(folder))
    page.get_by_role("button", name="Read the images").click(timeout=SECONDS)
    page.get_by_text("Report on 12 images").wait_for(timeout=SECONDS)
    page.get_by_role("button", name="Make the data set").click()
    page.get_by_text("2 classes").wait_for(timeout=SECONDS)
    page.get_by_text("from pets; 0 left out").wait_for()


def test_photograph_taken_with_the_camera_is_an_image(
    chromium: str, browser: Any, server: str
) -> None:
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with browser.browser_type.launch(executable_path=chromium, args=[*QUIET, *camera]) as other:
        page = opened(Visit(other.new_context(permissions=["camera"]).new_page()), server,
                      "way=camera")  # fmt: skip
        page.get_by_role("button", name="Take Photo").wait_for(timeout=SECONDS)
        # The button is there before the camera's first frame, and does nothing until then.
        page.wait_for_function(CAMERA_RUNS, timeout=SECONDS)
        page.get_by_role("button", name="Take Photo").click()
        assert judged(page) <= 100
        page.get_by_role("heading", name=re.compile("^photograph")).wait_for()
