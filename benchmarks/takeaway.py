"""Pages that are taken away: `python -m benchmarks.takeaway`.

Of every shipped model: bytes of its page with 1,000 images, and in headless Chromium milliseconds
of a picture there and back, and frames a second with new noise in each.
"""

import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.runner_page import browsers
from core import checkpoints
from core.config import shipped_checkpoints_dir
from core.data import catalogue
from core.export import standalone
from pages.ui.components import takeaway
from tests.driving.serving import QUIET

SECONDS = 2.0
FRAMES = """async (seconds) => {
  const times = [];
  const box = document.querySelector(".flicker");
  box.click();
  const begin = performance.now();
  while (performance.now() - begin < 1000 * seconds) {
    const before = document.body.dataset.frames;
    while (document.body.dataset.frames === before) await new Promise(requestAnimationFrame);
    times.push(Number(document.body.dataset.ms));
  }
  box.click();
  times.sort((a, b) => a - b);
  return [times[times.length >> 1], times.length / seconds];
}"""


def line(name: str, browser: Any, folder: Path) -> str:
    """A row of the table."""
    model = checkpoints.load(name)
    dataset = "shapes" if model.card.dataset == "shapes" else "mnist-5k"
    content = standalone.content([model], catalogue.load(dataset, "test"), dataset)
    file = folder / "page.html"
    file.write_bytes(takeaway.page(content, name))
    with browser.new_context(offline=True) as context:
        tab = context.new_page()
        tab.goto(file.as_uri())
        tab.wait_for_selector(".one[data-codes]", timeout=120_000)
        ms, frames = tab.evaluate(FRAMES, SECONDS)
    return f"| `{name}` | {file.stat().st_size / 1000:,.0f} | {ms:.1f} | {frames:.0f} |"


@click.command()
def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    click.echo("| model | KB of its page | ms a picture | frames a second |\n|---|---|---|---|")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = browsers()[0].command[0]
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        for found in sorted(shipped_checkpoints_dir().glob("*.safetensors")):
            click.echo(line(found.stem, browser, Path(folder)))
        browser.close()


if __name__ == "__main__":
    main()
