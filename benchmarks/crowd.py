"""A data set of very many images, and what a visitor does on its map in a real browser.

The images are the embedded digits over and over, each with noise of its own, as an own data set,
read from the disk as it is used. What it takes is measured by benchmarks/map_speed.py.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as TooLate

from core.data import catalogue
from core.data.own import store
from core.data.own.store import OwnSet, Rows

CHART = ".st-key-map_0 .js-plotly-plot"
GRID = """
() => [...document.querySelectorAll("[data-testid^=stBidiComponent]")]
  .map((host) => (host.shadowRoot ?? host).querySelector(".gallery-root")?.dataset.id).find(Boolean)
"""
MODEL = "mnist-dense-2"
TRAIN = 1_000
PICTURE = f"{CHART} .imagelayer image, {CHART} .layer-below image"
SOURCE = f"""() => document.querySelector("{PICTURE}")?.getAttribute("href")
  ?? document.querySelector("{PICTURE}")?.getAttribute("xlink:href")"""
LASSO = [(0.45, 0.45), (0.5, 0.42), (0.55, 0.5), (0.5, 0.55)]  # shares of the chart
PATIENCE, TRIES = 300_000, 6  # ms in all, and in how many drags


def write_set(home: Path, name: str, n: int) -> str:
    """An own data set of n digits with noise to test on, and TRAIN more to train on; its id."""
    folder = home / "data" / "own" / name
    folder.mkdir(parents=True)
    known = catalogue.load("mnist-5k", "train")
    assert known.labels is not None
    rng = np.random.default_rng(0)
    which = rng.integers(0, len(known), TRAIN + n)
    shape = (TRAIN + n, 1, 28, 28)
    images = np.lib.format.open_memmap(folder / store.IMAGES, "w+", np.uint8, shape)
    for start in range(0, TRAIN + n, 10_000):
        x = known.images[which[start : start + 10_000]]
        noise = rng.integers(0, 64, x.shape, dtype=np.uint8)
        images[start : start + len(x)] = np.where(x > 191, x - noise, x + noise)
    images.flush()
    ids = [f"{i:07d}.png" for i in range(TRAIN + n)]
    rows = Rows(ids, known.labels[which].tolist(), [])
    (folder / store.ROWS).write_bytes(msgspec.json.encode(rows))
    own = OwnSet(
        1, name, (1, 28, 28), known.class_names, TRAIN, n, 0, "a benchmark", 0, "2026-01-01"
    )
    (folder / store.DOCUMENT).write_bytes(msgspec.json.encode(own))
    return own.id


def visit(browser: Browser, address: str, link: str) -> tuple[Page, float]:
    """The page in a browser of its own, and the seconds from asking for the images to their map."""
    page = browser.new_context(viewport={"width": 1440, "height": 1300}).new_page()
    page.goto(f"{address}/latent?{link}&split=train")
    page.locator(f"{CHART} .nsewdrag").first.wait_for(timeout=PATIENCE)
    settled(page)
    began = time.perf_counter()
    page.get_by_role("radio", name="test").click()
    page.wait_for_function(SOURCE, timeout=PATIENCE)
    return page, time.perf_counter() - began


def settled(page: Page) -> None:
    """Wait until the page stands still."""
    page.locator(".plane-root[data-id]").wait_for(timeout=PATIENCE)
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=PATIENCE)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(
        timeout=PATIENCE
    )


def switched(page: Page, name: str, mode: str) -> None:
    """Switch the mouse, and wait until the chart has heard of it."""
    page.get_by_role("radio", name=name).click()
    mode_now = f"""document.querySelector("{CHART}")?._fullLayout?.dragmode"""
    page.wait_for_function(f"(mode) => {mode_now} === mode", arg=mode, timeout=PATIENCE)
    settled(page)
    page.locator(f"{CHART} .nsewdrag").first.wait_for(timeout=PATIENCE)


def refined(page: Page) -> float:
    """Seconds from letting go of a zoom to the finer picture."""
    switched(page, "Zoom", "zoom")
    before = page.evaluate(SOURCE)
    changed = f"(before) => ![before, undefined, null].includes(({SOURCE})())"
    return until(page, [(0.4, 0.4), (0.6, 0.6)], changed, before)


def circled(page: Page) -> float:
    """Seconds from letting go of a lasso to the images in it."""
    switched(page, "Lasso", "lasso")
    before = page.evaluate(GRID)
    changed = f"(before) => ({GRID})() && ({GRID})() !== before"
    return until(page, [*LASSO, LASSO[0]], changed, before)


def dragged(page: Page, shares: Sequence[Sequence[float]], steps: int = 1) -> float:
    """Drag over the map, through these shares of its width and height; when it was let go.

    steps: moves of the pointer from one place to the next.
    """
    box = page.locator(f"{CHART} .nsewdrag").first.bounding_box()
    assert box is not None
    corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shares]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=steps)
    began = time.perf_counter()
    page.mouse.up()
    return began


def until(page: Page, shares: list[tuple[float, float]], changed: str, before: Any) -> float:
    """Seconds from letting go of a drag until a script in the page says so.

    On a crowded machine a chart that is just being drawn takes no drag: then it is dragged again.
    """
    for _ in range(TRIES - 1):
        began = dragged(page, shares, steps=4)
        with suppress(TooLate):
            page.wait_for_function(changed, arg=before, timeout=PATIENCE / TRIES)
            return time.perf_counter() - began
        settled(page)
    began = dragged(page, shares, steps=4)
    page.wait_for_function(changed, arg=before, timeout=PATIENCE / TRIES)
    return time.perf_counter() - began
