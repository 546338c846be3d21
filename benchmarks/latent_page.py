"""The Latent space page in a real browser: seconds of a lasso, decoded places a second.

What benchmarks/latent.py and benchmarks/crowd.py do on the map.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.latent import geometry

CHART = ".st-key-map_0 .js-plotly-plot"
ABOUT = 500  # points in a lasso
PROJECTED = "mnist-dense-32"
MOVES = """
async (field) => {
  const root = field.closest(".plane-root");
  const box = field.getBoundingClientRect();
  const began = performance.now();
  const first = Number(root.dataset.frames);
  let seen = 0;
  while (performance.now() - began < 3000) {
    const angle = (performance.now() - began) / 300;
    const [x, y] = [Math.cos(angle), Math.sin(angle * 1.3)].map((one) => 0.5 + 0.45 * one);
    const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
    field.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true }));
    await new Promise(requestAnimationFrame);
    seen += 1;
  }
  const seconds = (performance.now() - began) / 1000;
  return [(Number(root.dataset.frames) - first) / seconds, seen / seconds];
}
"""
GRID = """
() => [...document.querySelectorAll("[data-testid^=stBidiComponent]")]
  .map((host) => (host.shadowRoot ?? host).querySelector(".gallery-root")?.dataset.id).find(Boolean)
"""


def opened(browser: Browser, address: str, link: str) -> tuple[Page, list[Any]]:
    """The page with its map drawn, and the list that its messages to the server go to."""
    page = browser.new_context(viewport={"width": 1440, "height": 1500}).new_page()
    sent: list[Any] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda m: _note(sent, m)))
    page.goto(f"{address}/latent?dataset=mnist&{link}")
    page.locator(".plane-root[data-id]").wait_for(timeout=300_000)
    page.locator(f"{CHART} .gl-canvas").first.wait_for(timeout=300_000)
    page.wait_for_timeout(3_000)
    return page, sent


def dragged(page: Page, shares: Sequence[Sequence[float]] | np.ndarray, steps: int = 1) -> float:
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


def lasso_seconds(page: Page, shares: np.ndarray) -> tuple[float, int]:
    """Seconds from letting go of a lasso to its images on the screen, and how many were in it."""
    before = page.evaluate(GRID)
    began = dragged(page, shares)
    page.wait_for_function(f"({GRID})() && ({GRID})() !== {before!r}".replace("None", "undefined"))
    seconds = time.perf_counter() - began
    count = page.locator(CHART).first.evaluate(
        "(chart) => chart.data.reduce((n, trace) => n + (trace.selectedpoints?.length ?? 0), 0)"
    )
    return seconds, int(count)


def circle(page: Page, points: np.ndarray, centre: np.ndarray, n: int) -> np.ndarray:
    """A circle around a place that holds n of the points, in shares of the chart: (25, 2)."""
    x_range, y_range = page.locator(CHART).first.evaluate(
        "(chart) => [chart._fullLayout.xaxis.range, chart._fullLayout.yaxis.range]"
    )
    low, high = np.array([x_range, y_range]).T
    shares = (points - low) / (high - low)
    middle = (centre - low) / (high - low)
    radius = np.sort(np.linalg.norm(shares - middle, axis=1))[n - 1]
    angles = np.linspace(0, 2 * np.pi, 25)
    corners = middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.stack([corners[:, 0], 1 - corners[:, 1]], axis=1)


def in_the_browser(browser: Browser, address: str, images: ImageSet, rounds: int) -> list[str]:
    """Rows of a table: what, median, from and to, must."""
    assert images.labels is not None
    page, sent = opened(browser, address, f"model={PROJECTED}")
    z = Autoencoder.load(PROJECTED).encode(images.pixels())
    points = geometry.plane(z).coordinates(z)
    found = []
    for label in range(rounds):
        centre = np.median(points[images.labels == label % 10], axis=0)
        found.append(lasso_seconds(page, circle(page, points, centre, ABOUT)))
        page.wait_for_timeout(500)
    seconds, counts = zip(*found, strict=True)
    rows = [row(f"lasso of {np.median(counts):.0f} of 10,000 to its grid", seconds, "s", "1 s")]
    page.locator(".plane-cursor").scroll_into_view_if_needed()
    page.wait_for_timeout(1_000)
    before = len(sent)
    rates = [page.locator(".plane-cursor").evaluate(MOVES) for _ in range(rounds)]
    messages = len(sent) - before
    rows.append(row("places decoded under the pointer", [a for a, _ in rates], "/s", "30 /s"))
    rows.append(row("frames of the display meanwhile", [b for _, b in rates], "/s", "-"))
    rows.append(f"| messages to the server meanwhile | {messages} | - | 0 |")
    page.context.close()
    return rows


def row(what: str, values: Sequence[float], unit: str, must: str) -> str:
    """A median with its spread."""
    digits = 0 if unit == "/s" else 2
    middle, low, high = (f"{v:.{digits}f}" for v in (np.median(values), min(values), max(values)))
    return f"| {what} | {middle} {unit} | {low} to {high} | {must} |"


def _note(sent: list[Any], message: Any) -> None:
    sent.append(message)
