"""The pictures of the README: `python -m benchmarks.screenshots` writes them to docs/.

Each is what a headless Chromium shows of the running app, on the embedded digits and the shipped
models, so that anybody can make them again.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.serving import QUIET, browser_path, serving
from core.config import PROJECT

DOCS = PROJECT / "docs"


@dataclass(frozen=True)
class Shot:
    """link: what is opened.  scheme: light or dark.  size: of the window.  scale: device pixels."""

    name: str
    link: str
    scheme: str = "light"
    size: tuple[int, int] = (1440, 920)
    scale: float = 1.0
    click: str = ""


SHOTS = (
    Shot("reconstruct-light", "/"),
    Shot("reconstruct-dark", "/?compare=mnist-pca-32&compare=mnist-dense-2", "dark"),
    Shot("reconstruct-shapes", "/?dataset=shapes&sigma=0.2", "dark"),
    Shot("reconstruct-image", "/", click="Enlarge image 9"),
    Shot("reconstruct-phone", "/", "dark", (390, 844), 2),
)


def take(browser: Browser, address: str, shot: Shot) -> Path:
    """The file of one picture, taken when everything asked for is on the screen."""
    width, height = shot.size
    page = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        device_scale_factor=shot.scale,
    ).new_page()
    page.goto(address + shot.link)
    page.wait_for_selector(".sweep-root[data-frame]", timeout=60_000)
    if shot.click:
        page.get_by_role("button", name=shot.click).click()
        page.get_by_role("dialog").locator(".js-plotly-plot .trace").first.wait_for()
    _rest(page)
    path = DOCS / f"{shot.name}.png"
    page.screenshot(path=path, animations="disabled")
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
    """Write docs/*.png."""
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "log.txt") as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser_path(), args=QUIET) as browser,
    ):
        for shot in SHOTS:
            if only in shot.name:
                click.echo(take(browser, address, shot))


if __name__ == "__main__":
    main()
