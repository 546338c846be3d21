"""How soon the Reconstruct page shows something, and how soon it follows a change of model.

`python -m benchmarks.page_speed`. A real server and a real browser (headless Chromium), times
taken inside the browser. Cold: the first visit to a server just started. Warm: a new visitor, with
nothing in the browser's cache. Frame: the first picture of the browser that has the page's title on
it. Digits move: on the landing, where the slider goes by itself, until the second frame of it is
drawn, be it by what stands in for the page while it starts (pages/ui/server/shell.py) or by the
page. Change: from the click on the other model to its pictures on the screen, on images that the
server has not computed anything for. Empty: the title of a Streamlit page that has nothing else,
warm; what no page can be faster than. Server's share: what a visitor waits for who has no browser
to start (tests/driving/visitor.py) and asks at once.
"""

import tempfile
from pathlib import Path

import click
import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.timing import Load
from core import checkpoints
from pages.ui.figures.text import titles
from tests.driving.serving import browsing, serving
from tests.driving.visitor import Visitor

MODELS = ("mnist-denoising", "mnist-dense-32", "mnist-conv")
LINK = f"model={MODELS[0]}"
LIMITS = {
    "frame, cold, server's share": 1.0,
    "first picture, cold, server's share": None,
    "frame, cold": 1.0,
    "first picture, cold": 3.0,
    "empty, warm": None,
    "first picture, warm": 1.0,
    "digits move, warm": 1.0,
}
CHANGE_LIMIT = 0.5
WATCH = """
() => {
  window.seen = { frame: 0, picture: 0, clicked: 0, moved: 0 };
  addEventListener("click", () => { seen.clicked = performance.now(); seen.picture = 0; }, true);
  const look = () => {
    const stand_in = document.getElementById("hourglass-shell");
    const painted = performance.getEntriesByName("first-contentful-paint")[0];
    if (!seen.frame && stand_in && painted) seen.frame = painted.startTime;
    if (!seen.frame && document.querySelector("h1")) seen.frame = performance.now();
    const early = stand_in?.dataset.frame;
    if (early !== undefined && seen.early === undefined) seen.early = early;
    const moved = early !== undefined && early !== seen.early;
    if (moved && !seen.moved) seen.moved = performance.now();
    const root = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
      .map((host) => host.shadowRoot?.querySelector(".sweep-root")).find(Boolean);
    if (root?.dataset.id && root.dataset.id !== seen.id) {
      seen.id = root.dataset.id;
      seen.picture = performance.now();
      seen.shown = root.dataset.frame;
    }
    const later = seen.shown && root?.dataset.frame !== seen.shown;
    if (later && !seen.moved) seen.moved = performance.now();
    requestAnimationFrame(look);
  };
  look();
}
"""


def opened(browser: Browser, address: str) -> tuple[Page, float, float]:
    """A new visitor's page, and the seconds until its frame and its first picture."""
    page = watched(browser, f"{address}/?{LINK}", "picture")
    seen = page.evaluate("seen")
    return page, seen["frame"] / 1000, seen["picture"] / 1000


def watched(browser: Browser, address: str, event: str) -> Page:
    """A new visitor's page, as soon as an event of WATCH (frame, picture, moved) has happened."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(f"({WATCH})()")
    page.goto(address)
    page.wait_for_function(f"seen.{event} > 0", timeout=60_000)
    return page


def seconds_until(browser: Browser, address: str, event: str) -> float:
    """Seconds until a new visitor has seen an event of WATCH."""
    page = watched(browser, address, event)
    seconds = float(page.evaluate(f"seen.{event}")) / 1000
    page.context.close()
    return seconds


def empty_seconds(browser: Browser, folder: Path) -> float:
    """Seconds until a new visitor sees the title of an empty page on a server visited before."""
    script = folder / "empty.py"
    script.write_text('import streamlit as st\nst.title("Empty")\n')
    with serving(folder / "empty.txt", script=str(script)) as address:
        seconds_until(browser, address, "frame")
        return seconds_until(browser, address, "frame")


def change_seconds(page: Page, title: str) -> float:
    """Seconds from the click on a model in the sidebar to its pictures."""
    page.get_by_test_id("stSidebar").get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name=title, exact=True).click()
    return _since_click(page)


def shuffled(page: Page) -> float:
    """Seconds from a click on Shuffle to the pictures of other images, never computed before."""
    page.get_by_role("button", name="Shuffle").click()
    return _since_click(page)


def _since_click(page: Page) -> float:
    page.wait_for_function("seen.picture > seen.clicked", timeout=60_000)
    seen = page.evaluate("seen")
    return float(seen["picture"] - seen["clicked"]) / 1000


def measured(browser: Browser, folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds, a list a measure."""
    called = titles(checkpoints.available())
    found: dict[str, list[float]] = {name: [] for name in LIMITS}
    for _ in range(rounds):
        found["empty, warm"].append(empty_seconds(browser, folder))
        with serving(folder / "log.txt") as address, Visitor(address, query=LINK) as visitor:
            found["frame, cold, server's share"].append(visitor.first.frame)
            found["first picture, cold, server's share"].append(visitor.first.seconds)
        with serving(folder / "log.txt") as address:
            page, frame, picture = opened(browser, address)
            found["frame, cold"].append(frame)
            found["first picture, cold"].append(picture)
            page.context.close()
            page, _, picture = opened(browser, address)
            found["first picture, warm"].append(picture)
            for name in MODELS[1:]:
                shuffled(page)
                change = found.setdefault(f"change to {name}", [])
                change.append(change_seconds(page, called[name]))
            page.context.close()  # a page that still loads would share the cores with the next
            found["digits move, warm"].append(seconds_until(browser, address, "moved"))
    return found


def line(name: str, seconds: list[float], empty: float) -> str:
    """A row of the table.  empty: seconds of an empty page, in the same minutes."""
    limit = CHANGE_LIMIT if name.startswith("change") else LIMITS[name]
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    middle, must = float(np.median(seconds)), f"{limit:g} s" if limit else "-"
    return f"| {name} | {middle:.2f} s | {spread} | {must} | {middle / empty:.2f} |"


@click.command()
@click.option("--rounds", default=5, help="How many servers are started and visited.")
def main(rounds: int) -> None:
    """Print one table: medians of all rounds, and how busy the machine was."""
    load = Load()
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        found = measured(browser, Path(folder), rounds)
    click.echo("| what | median | from, to | must | of an empty page |\n|---|---|---|---|---|")
    empty = float(np.median(found["empty, warm"]))
    for name, seconds in found.items():
        click.echo(line(name, seconds, empty))
    click.echo(f"\n{load}, {rounds} rounds.")


if __name__ == "__main__":
    main()
