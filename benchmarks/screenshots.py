"""The pictures of the README: `make screenshots` writes them to docs/.

Each is what a headless Chromium shows of the running app, on the embedded digits and the shipped
models, so that anybody can make them again. The animation is the noise slider dragged there and
back.
"""

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page

from core.config import PROJECT
from tests.driving.serving import browsing, serving

DOCS = PROJECT / "docs"


@dataclass(frozen=True)
class Shot:
    """link: what is opened.  scheme: light or dark.  size: of the window.  scale: device pixels.

    shown: what is there when the page is.
    """

    name: str
    link: str
    scheme: str = "light"
    size: tuple[int, int] = (1440, 920)
    scale: float = 1.0
    shown: str = ".sweep-root[data-frame]"


SHOTS = (
    Shot("reconstruct-light", "/"),
    Shot("reconstruct-shapes", "/?dataset=shapes&sigma=0.2", "dark"),
    Shot("reconstruct-phone", "/", "dark", (390, 844), 2),
    Shot("latent-light", "/latent?model=mnist-dense-2", shown=".js-plotly-plot"),
    Shot("outliers-dark", "/outliers?model=mnist-conv-32-no-5-9", "dark", shown=".js-plotly-plot"),
    Shot("robustness-light", "/robustness", shown=".sweep-root[data-frame]"),
)
ANIMATION = "drag.webp"
DRAGGED = "/?model=mnist-denoising&compare=mnist-pca-32&compare=mnist-overcomplete"
DRAG_STEPS, DRAG_MS = 20, 90  # frames one way, and how long each is seen


def take(browser: Browser, address: str, shot: Shot) -> Path:
    """The file of one picture, taken when everything asked for is on the screen."""
    width, height = shot.size
    page = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        device_scale_factor=shot.scale,
        reduced_motion="reduce",
    ).new_page()
    page.goto(address + shot.link)
    page.wait_for_selector(shot.shown, timeout=60_000)
    _rest(page)
    path = DOCS / f"{shot.name}.png"
    page.screenshot(path=path, animations="disabled")
    page.context.close()
    return path


def animate(browser: Browser, address: str) -> Path:
    """The file of the animation: sigma dragged from 0 to 1 and back."""
    page = browser.new_context(
        viewport={"width": 1240, "height": 820}, reduced_motion="reduce"
    ).new_page()
    page.goto(address + DRAGGED)
    page.wait_for_selector(".sweep-root[data-frame]", timeout=60_000)
    _rest(page)
    slider = page.locator(".sweep-root input[type=range]").first
    last = int(slider.get_attribute("max") or 0)
    frames = []
    for i in range(DRAG_STEPS + 1):
        slider.evaluate(
            "(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); }",
            last * i // DRAG_STEPS,
        )
        page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
        frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    path = DOCS / ANIMATION
    there_and_back = [*frames, *frames[-2:0:-1]]
    there_and_back[0].save(
        path, save_all=True, append_images=there_and_back[1:], duration=DRAG_MS, loop=0, quality=70
    )
    page.context.close()
    return path


def _rest(page: Page) -> None:
    """Fonts are there, the script has ended, and two more frames were drawn."""
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.evaluate("document.fonts.ready")
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")


@click.command()
@click.option("--only", default="", help="Only those whose name contains this.")
def main(only: str) -> None:
    """Write docs/*.png and the animation."""
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "log.txt") as address,
        browsing() as browser,
    ):
        for shot in SHOTS:
            if only in shot.name:
                click.echo(take(browser, address, shot))
        if only in ANIMATION:
            click.echo(animate(browser, address))


if __name__ == "__main__":
    main()
