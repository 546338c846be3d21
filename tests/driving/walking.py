"""All that the app can show, one link after the other: what browser tests and reports walk through.

Pages and views are those of pages/ui/session/registry.py, so that a new one is walked through
without being named here; what a page has besides is named in BESIDES.
"""

from typing import Any, NamedTuple

from pages.ui.session.registry import PAGES, Page

SECONDS = 60_000  # milliseconds of patience: a crowded machine is slow, not wrong
BESIDES: dict[str, tuple[str, ...]] = {
    "reconstruct": ("dataset=shapes", "classes=3&compare=none"),
    "latent": ("versus=mnist-dense-2",),
    "outliers": ("section_outliers=truth&truth=planted",),
}
ALWAYS = {"latent": "points=500"}  # small, since nothing here is about speed

# Everything that was asked for is on the screen, or it is certain that it will never be.
READY = """
() => {
  const app = document.querySelector("[data-testid=stApp]");
  const { testScriptState: script, testConnectionState: connection } = app?.dataset ?? {};
  if (script !== "notRunning" || connection !== "CONNECTED") return false;
  if (document.querySelector("[data-testid=stException]")) return true;
  if (!document.querySelector("h1")) return false;
  if (document.querySelector("[data-testid=stSkeleton]")) return false;
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const waiting = [".sweep-root:not([data-frame])", ".plane-root:not([data-id])", ".waiting-root"];
  if (hosts.some((host) => host.shadowRoot?.querySelector(waiting.join()))) return false;
  const charts = [...document.querySelectorAll("[data-testid=stPlotlyChart]")];
  return charts.every((chart) => chart.querySelector(".main-svg"));
}
"""


class Stop(NamedTuple):
    """Something to look at.  page: its name in a link.  link: path and parameters."""

    page: str
    link: str

    @property
    def name(self) -> str:
        """Page and view, to print."""
        return self.link.removeprefix("/") or self.page


def pages() -> tuple[tuple[str, str], ...]:
    """Name and path of each page: ("reconstruct", "/"), ("latent", "/latent"), ..."""
    return tuple((page.name, page.path) for page in PAGES)


def views_of(page: Page) -> tuple[str, ...]:
    """What a link says to open each further view of a page, and what the page has besides."""
    views = (f"{some.key}={name}" for some in page.views for name in some.names[1:])
    return (*views, *BESIDES.get(page.name, ()))


def stops(views: bool = True) -> tuple[Stop, ...]:
    """Each page as it opens, and if wanted each of its other views."""
    found = []
    for page in PAGES:
        for view in ("", *(views_of(page) if views else ())):
            asked = "&".join(filter(None, (ALWAYS.get(page.name, ""), view)))
            found.append(Stop(page.name, f"{page.path}?{asked}" if asked else page.path))
    return tuple(found)


def through(stop: Stop, model: str) -> Stop:
    """The stop with this model, unless it has models of its own."""
    if stop.page == "learn" or "model=" in stop.link:
        return stop
    return stop._replace(link=f"{stop.link}{'&' if '?' in stop.link else '?'}model={model}")


def open_stop(page: Any, address: str, stop: Stop) -> None:
    """Go there, and wait until all is on the screen."""
    page.goto(address + stop.link)
    settle(page)


def settle(page: Any) -> None:
    """Wait until all that was asked for is on the screen, and stays: seen in frames one after the
    other, since a control that has just arrived may ask for a rerun.
    """
    page.wait_for_function(READY, timeout=SECONDS)
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    page.wait_for_function(READY, timeout=SECONDS)
