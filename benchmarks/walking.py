"""All that the app can show, one link after the other: what browser tests and reports walk through.

The pages are those of app.py, so that a new one is walked through without being named here; what a
page has besides what it opens with is named in VIEWS.
"""

import ast
from typing import Any, NamedTuple

from core.config import PROJECT

SECONDS = 60_000  # milliseconds of patience: a crowded machine is slow, not wrong
VIEWS: dict[str, tuple[str, ...]] = {
    "reconstruct": ("dataset=shapes", "classes=3&compare=none"),
    "learn": tuple(f"step={step}" for step in (2, 3, 4, 5, 6, 7, "wrong")),
    "latent": ("section=between", "section=along", "section=numbers", "versus=mnist-dense-2"),
    "outliers": (
        "section_outliers=review",
        "section_outliers=truth",
        "section_outliers=truth&truth=planted",
        "section_outliers=classes",
    ),
    "robustness": tuple(f"robust_view={view}" for view in ("Wall", "Copying", "Size", "Models")),
    "your_images": ("way=folder", "way=camera", "way=draw", "your=sets", "your=downloads",
                    "your=models"),
}  # fmt: skip
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
    """Name and path of each page of app.py: ("reconstruct", "/"), ("latent", "/latent"), ..."""
    tree = ast.parse((PROJECT / "app.py").read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return tuple(_page(call) for call in calls if ast.unparse(call.func) == "st.Page")


def stops(views: bool = True) -> tuple[Stop, ...]:
    """Each page as it opens, and if wanted each of its other views."""
    found = []
    for name, path in pages():
        for view in ("", *(VIEWS.get(name, ()) if views else ())):
            asked = "&".join(filter(None, (ALWAYS.get(name, ""), view)))
            found.append(Stop(name, f"{path}?{asked}" if asked else path))
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


def _page(call: ast.Call) -> tuple[str, str]:
    file = ast.literal_eval(call.args[0])
    name = file.removeprefix("pages/").removesuffix(".py")
    is_default = any(keyword.arg == "default" for keyword in call.keywords)
    return name, "/" if is_default else f"/{name}"
