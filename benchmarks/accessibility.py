"""What axe-core finds wrong on each page, for those who see, hear or move differently.

`python -m benchmarks.accessibility` prints a table: WCAG 2.0 and 2.1, A and AA, in a headless
Chromium, light and dark. axe looks into our components too, since their shadow roots are open.
"""

import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click
from playwright.sync_api import Browser

from benchmarks import walking
from benchmarks.serving import browsing, serving

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
SCHEMES = ("light", "dark")
MODEL = "mnist-dense-2"  # a small code, so that nothing takes long
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}


class Exemption(NamedTuple):
    """What we cannot mend.  rule: axe's name of it.  part: of the element's HTML.  reason: why."""

    rule: str
    part: str
    reason: str


EXEMPT = (
    Exemption(
        "scrollable-region-focusable",
        'class="katex-display"',
        "Streamlit lets a formula scroll where it is wider than its column, and no keyboard can "
        "reach it; what it says is said in words beside it",
    ),
)


@dataclass(frozen=True)
class Violation:
    """One element that breaks one rule.  where: its selector.  html: its beginning."""

    rule: str
    where: str
    html: str
    message: str

    @property
    def exempted(self) -> bool:
        """Whether it is Streamlit's own and named in EXEMPT."""
        return any(one.rule == self.rule and one.part in self.html for one in EXEMPT)


def violations(page: Any) -> list[Violation]:
    """What axe finds on a page as it is now."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("(options) => axe.run(document, options)", OPTIONS)
    return [
        Violation(broken["id"], str(node["target"]), node["html"][:300], _message(node))
        for broken in found["violations"]
        for node in broken["nodes"]
    ]


def _message(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks)


def judged(browser: Browser, address: str, scheme: str, stop: walking.Stop) -> list[Violation]:
    """What is wrong with one view; what is ours is told on stderr, element by element."""
    with browser.new_context(
        viewport={"width": 1440, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        walking.open_stop(page, address, walking.through(stop, MODEL))
        found = violations(page)
    for one in found:
        if not one.exempted:
            click.echo(
                f"{stop.name}: {one.rule} {one.where}\n  {one.html}\n  {one.message}", err=True
            )
    return found


def row(name: str, scheme: str, views: int, found: list[Violation]) -> str:
    """A line of the table: a page, all its views together."""
    exempted = Counter(one.rule for one in found if one.exempted)
    ours = len(found) - exempted.total()
    words = ", ".join(f"{n} {rule}" for rule, n in exempted.items()) or "0"
    return f"| {name} | {scheme} | {views} | {ours} | {words} |"


@click.command()
@click.option("--only", default="", help="Only pages whose name contains this.")
def main(only: str) -> None:
    """Print one table, and on stderr each element that is ours to mend."""
    click.echo("| page | theme | views | violations, ours | exempted, Streamlit's |")
    click.echo("|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "log.txt", {"HOURGLASS_HOME": folder}) as address,
        browsing() as browser,
    ):
        for name, _ in walking.pages():
            views = [stop for stop in walking.stops() if stop.page == name and only in name]
            for scheme in SCHEMES if views else ():
                found = [one for stop in views for one in judged(browser, address, scheme, stop)]
                click.echo(row(name, scheme, len(views), found))
    for one in EXEMPT:
        click.echo(f"\nExempted: {one.rule} in `{one.part}`: {one.reason}")
    click.echo(f"\nLoad {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
