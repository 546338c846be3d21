"""What axe-core finds wrong on each page, for those who see, hear or move differently.

`python -m benchmarks.accessibility` prints a table: WCAG 2.0 and 2.1, A and AA, in a headless
Chromium, light and dark. axe looks into our components too, since their shadow roots are open.
"""

import os
import tempfile
from collections import Counter
from pathlib import Path

import click
from playwright.sync_api import Browser

from tests.driving import walking
from tests.driving.axe import EXEMPT, SCHEMES, Violation, violations
from tests.driving.serving import browsing, serving

MODEL = "mnist-dense-2"  # a small code, so that nothing takes long


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
