"""The page that carries a model, opened from a file with the network cut."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoints import Checkpoint
from core.export import standalone
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from pages.ui.components import takeaway
from tests.core.models_for_tests import tiny_checkpoint
from tests.driving.axe import violations
from tests.e2e.conftest import Visit

N = 40
SHAPE = (1, 16, 17)
HOSTILE = "<img src=x onerror=window.__x=1></script><script>window.__x=1</script>"
SIGMA = "sigma=0.5"


def images() -> ImageSet:
    rng = np.random.default_rng(0)
    return ImageSet(
        id="strangers",
        split="test",
        images=rng.integers(0, 256, (N, *SHAPE), dtype=np.uint8),
        labels=np.arange(N) % 2,
        class_names=("a", HOSTILE),
        ids=np.array([f"{HOSTILE}{i}" for i in range(N)]),
    )


def named(checkpoint: Checkpoint, name: str) -> Checkpoint:
    return replace(checkpoint, card=replace(checkpoint.card, name=name))


@pytest.fixture(scope="module")
def models() -> list[Checkpoint]:
    return [named(tiny_checkpoint("vae", SHAPE), HOSTILE), tiny_checkpoint("dense", SHAPE)]


@pytest.fixture(scope="module")
def file(models: list[Checkpoint], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two models, in a file."""
    content = standalone.content(models, images(), HOSTILE)
    path = tmp_path_factory.mktemp("takeaway") / "page.html"
    path.write_bytes(takeaway.page(content, HOSTILE))
    return path


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """A tab without any network."""
    options = {"viewport": {"width": 1440, "height": 900}, "offline": True}
    with browser.new_context(**options) as context:
        yield Visit(context.new_page())


def opened(visit: Visit, file: Path, seen: str = "") -> Any:
    visit.page.set_default_timeout(20_000)
    visit.page.goto(f"{file.as_uri()}#{seen}")
    visit.page.wait_for_selector("body[data-ready]")
    for model in visit.page.locator(".one").all():
        visit.page.wait_for_function("one => one.dataset.codes", arg=model.element_handle())
    return visit.page


def pictures(page: Any, i: int = 0) -> int:
    return int(page.locator(".one").nth(i).get_attribute("data-pictures"))


class Changes:
    """Whether the picture of the first model is drawn anew in a block."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def __enter__(self) -> None:
        self.before = pictures(self.page)

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.page.wait_for_function(
                "n => Number(document.querySelector('.one').dataset.pictures) > n", arg=self.before
            )


def test_numbers_are_those_of_the_server(
    visit: Visit, file: Path, models: list[Checkpoint]
) -> None:
    page = opened(visit, file, "image=3&sigma=0")
    x = images().pixels(slice(3, 4))
    for i, model in enumerate(models):
        expected = float(np.square(Autoencoder(model).reconstruct(x) - x).mean())
        found = float(page.locator(".one").nth(i).get_attribute("data-mse"))
        assert found == pytest.approx(expected, rel=1e-2)


def test_every_control_computes_without_any_network(visit: Visit, file: Path) -> None:
    page = opened(visit, file, SIGMA)
    changes = Changes(page)
    for name in ("next", "previous", "random", "fresh"):
        with changes:
            page.click(f".{name}")
    with changes:
        page.fill(".number", "7")
        page.press(".number", "Enter")
    assert f"{HOSTILE}6" in page.inner_text(".name")
    with changes:
        page.select_option(".class", label=HOSTILE)
    assert HOSTILE in page.inner_text(".name")
    for kind in ("salt_and_pepper", "masking", "speckle", "gaussian"):
        with changes:
            page.select_option(".kind", kind)
    with changes:
        page.fill(".sigma", "0.25")
    assert page.inner_text(".sigma-value") == "0.25"
    page.check(".flicker")
    page.wait_for_function("() => Number(document.body.dataset.frames) > 5")
    page.uncheck(".flicker")
    drag_bars(page, changes)
    explore_map(page, changes)
    move_threshold(page, changes)
    draw_on_pad(page, changes)
    page.select_option(".theme", "dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert visit.off_host == [file.as_uri()]
    assert not visit.complaints
    assert page.evaluate("window.__x") is None
    assert page.locator("img").count() == 0
    assert not page.locator(".failure").is_visible()


def drag_bars(page: Any, changes: Changes) -> None:
    """With the pointer and with keys; what was dragged can be taken back."""
    bars = page.locator(".bars").first
    box = bars.bounding_box()
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    with changes:
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.1 * box["height"], steps=5)
    page.mouse.up()
    assert bars.get_attribute("data-at") == "1"
    assert page.inner_text(".rebuilt-name >> nth=0") == "Decoded from your code"
    bars.press("ArrowLeft")
    with changes:
        bars.press("ArrowUp")
    assert bars.get_attribute("data-at") == "0"
    with changes:
        page.click(".reset >> nth=0")
    assert page.inner_text(".rebuilt-name >> nth=0") == "Reconstruction"


def explore_map(page: Any, changes: Changes) -> None:
    """Place by place, at another zoom, along other axes; a place can be kept."""
    canvas = page.locator(".map").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for share in (0.2, 0.5, 0.8):
        with changes:
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.4 * box["height"])
    page.check(".ground >> nth=0")
    page.wait_for_selector(".map[data-grounds]")
    before = int(canvas.get_attribute("data-grounds"))
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.wheel(0, -500)
    page.wait_for_function(
        "n => Number(document.querySelector('.map').dataset.grounds) > n", arg=before
    )
    assert float(canvas.get_attribute("data-zoom")) > 1.5
    page.click(".zoom-out >> nth=0")
    page.click(".zoom-in >> nth=0")
    page.click(".zoom-all >> nth=0")
    assert canvas.get_attribute("data-zoom") == "1"
    with changes:
        canvas.press("ArrowRight")
    with changes:
        canvas.press("Enter")
    axes = page.locator(".one").nth(1).locator(".axis-x")
    axes.select_option(label="Number 2 of the code")
    page.wait_for_function("() => new URLSearchParams(location.hash.slice(1)).get('code')")


def move_threshold(page: Any, changes: Changes) -> None:
    """To the left until images stand out, one of which is taken."""
    histogram = page.locator(".histogram").first
    histogram.scroll_into_view_if_needed()
    box = histogram.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 20)
    n = page.locator(".worst >> nth=0").locator("button").count()
    histogram.press("ArrowLeft")
    assert page.locator(".worst >> nth=0").locator("button").count() >= n > 0
    with changes:
        page.locator(".worst button").first.click()


def draw_on_pad(page: Any, changes: Changes) -> None:
    """The picture follows at each movement, before the stroke ends."""
    with changes:
        page.check(".from-pad")
    pad = page.locator(".pad-canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 80, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 6):
        with changes:
            page.mouse.move(box["x"] + 80, box["y"] + 60 + 25 * step)
    page.mouse.up()
    with changes:
        page.click(".pad-undo")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theme: str, visit: Visit, file: Path) -> None:
    page = opened(visit, file, f"{SIGMA}&theme={theme}")
    assert violations(page) == []


def test_address_opens_again_what_was_seen(visit: Visit, file: Path) -> None:
    page = opened(visit, file, "image=5&sigma=0.4&kind=masking&seed=9&theme=dark&code=~1_2_3")
    page.wait_for_function("() => location.hash.includes('threshold')")
    assert page.input_value(".number") == "6"
    assert page.inner_text(".sigma-value") == "0.40"
    assert page.input_value(".kind") == "masking"
    assert page.inner_text(".rebuilt-name >> nth=1") == "Decoded from your code"
    again = page.url.partition("#")[2]
    page.goto("about:blank")
    assert "code=%7E1_2_3" in opened(visit, file, again).url


def test_address_of_a_stranger_is_left_out_where_it_says_nothing(visit: Visit, file: Path) -> None:
    strange = "image=1e9&sigma=7&kind=constructor&axes=99_x~&view=0_0_0_0&code=nan&threshold=-1"
    page = opened(visit, file, strange)
    assert page.input_value(".kind") == "gaussian"
    assert not visit.complaints
