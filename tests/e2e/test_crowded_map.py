"""A map of more images than a browser draws, in a real browser: refined, circled, clicked."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.inference import Autoencoder
from core.latent.density import in_polygon
from core.latent.map_tasks import DENSE
from tests.driving.serving import serving

crowd = pytest.importorskip("benchmarks.crowd", reason="playwright is not installed")
N = DENSE + 1_000
MODEL = "mnist-pca-2"
RANGES = "(chart) => [chart._fullLayout.xaxis.range, chart._fullLayout.yaxis.range]"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    crowd.write_set(folder, "crowd", N)
    return folder


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home / "log.txt", {"HOURGLASS_HOME": str(home)}) as server:
        yield server


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    found, _ = crowd.visit(browser, address, f"dataset=own:crowd&model={MODEL}&points=200000")
    crowd.settled(found)
    yield found
    found.context.close()


def in_view(page: Any) -> int:
    words: str = page.get_by_text("drawn as density").inner_text()
    assert words.startswith(f"{N:,} points, drawn as density")
    return int(words.partition("; ")[2].split()[0].replace(",", ""))


def test_crowded_map_is_refined_by_a_zoom_and_whole_again_after_a_double_click(page: Any) -> None:
    assert in_view(page) == N
    crowd.refined(page)
    crowd.settled(page)
    assert 0 < in_view(page) < N / 2
    whole = page.get_by_text(f"{N:,} of them in view")
    for _ in range(3):  # on a crowded machine two clicks come too late after each other
        page.locator(f"{crowd.CHART} .nsewdrag").first.dblclick()
        crowd.settled(page)
        with suppress(crowd.TooLate):
            whole.wait_for(timeout=20_000)
            break
    assert in_view(page) == N


def test_lasso_on_a_crowded_map_selects_all_that_lies_in_it_and_a_click_opens_one_image(
    page: Any, home: Path
) -> None:
    images = np.load(home / "data" / "own" / "crowd" / "images.npy", mmap_mode="r")[crowd.TRAIN :]
    z = Autoencoder.load(MODEL).encode(np.divide(images, np.float32(255)))
    low, high = np.array(page.locator(crowd.CHART).first.evaluate(RANGES)).T
    corners = np.array(crowd.LASSO) * [1, -1] + [0, 1]  # a share of the height counts from the top
    inside = len(in_polygon(z, low + corners * (high - low)))
    crowd.circled(page)
    crowd.settled(page)
    said = page.get_by_text(f" of {N:,} images: each original")
    said.wait_for(timeout=60_000)
    selected = int(said.inner_text().split()[0].replace(",", ""))
    assert inside > 100
    assert selected == pytest.approx(inside, rel=0.03)  # the pointer moves by whole pixels
    box = page.locator(f"{crowd.CHART} .nsewdrag").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.48)
    page.get_by_role("dialog").wait_for(timeout=60_000)
