"""What a rerun costs the server, page by page, and how many visitors it serves.

`python -m benchmarks.reruns`. The changes are in benchmarks/rerun_cases.py; how they are measured
is in benchmarks/rerun_costs.py. `--minutes 30` is a long use: visitors come, look around and leave.
"""

from collections.abc import Sequence

import click
import numpy as np

from benchmarks import rerun_costs
from benchmarks.rerun_cases import CASES, Case
from benchmarks.rerun_costs import Server
from benchmarks.table import Row
from benchmarks.timing import Load

Served = tuple[str, Server]


def rows(rounds: int) -> list[Row]:
    """For `make bench`: the CPU of each change, beside that on a bare server of Streamlit."""
    with rerun_costs.server() as ours, rerun_costs.server(bare=True) as baseline:
        return [_row(case, ours, baseline, rounds) for case in CASES]


def _row(case: Case, ours: Served, baseline: Served, rounds: int) -> Row:
    pairs = [
        (rerun_costs.cost(*ours, case, 5).cpu, rerun_costs.cost(*baseline, case, 5).cpu)
        for _ in range(rounds)
    ]
    our, their = zip(*pairs, strict=True)
    what = f"CPU a rerun, {case.title}, {case.change}"
    return Row(what, our, "bare Streamlit", their, "must", [case.limit] * rounds, "ms")


def print_costs(address: str, process: Server, times: int) -> None:
    """A row a change."""
    click.echo(
        "| page | change | CPU a rerun | must | p50 | p95 | sent |\n|---|---|---|---|---|---|---|"
    )
    for case in CASES:
        found = rerun_costs.cost(address, process, case, times)
        click.echo(
            f"| {case.title} | {case.change} | {found.cpu:.0f} ms "
            f"| {case.limit:.0f} ms | {milliseconds(found.seconds)} | {found.kilobytes:.0f} kB |"
        )


def print_crowds(address: str, process: Server, sizes: Sequence[int], seconds: float) -> None:
    """A row a number of visitors."""
    click.echo(
        "\n| visitors | reruns/s | CPU a rerun | p50 | p95 | memory a visitor |"
        "\n|---|---|---|---|---|---|"
    )
    for n in sizes:
        found = rerun_costs.crowd(address, process, n, seconds)
        click.echo(
            f"| {n} | {found.rate:.1f} | {found.cpu:.0f} ms "
            f"| {milliseconds(found.seconds)} | {found.megabytes:.1f} MB |"
        )


def print_long_use(address: str, process: Server, minutes: float) -> None:
    """A row a sample, and the growth."""
    samples = rerun_costs.long_use(address, process, minutes)
    click.echo("\n| minutes | visits | memory |\n|---|---|---|")
    for passed, megabytes, visits in samples:
        click.echo(f"| {passed:.1f} | {visits} | {megabytes:.0f} MB |")
    click.echo(f"\nGrowth over the second half: {rerun_costs.growth(samples):+.2f} MB a minute.")


def milliseconds(seconds: Sequence[float]) -> str:
    """The median and the 95th percentile, as two cells."""
    p50, p95 = 1000 * np.percentile(seconds, [50, 95])
    return f"{p50:.0f} ms | {p95:.0f} ms"


@click.command()
@click.option("--times", default=20, help="How often each change is made.")
@click.option("--visitors", default="1,10,50", help="How many at once, separated by commas.")
@click.option("--seconds", default=10.0, help="How long each crowd stays.")
@click.option("--minutes", default=2.0, help="Of long use; 0 for none.")
def main(times: int, visitors: str, seconds: float, minutes: float) -> None:
    """Print what a rerun costs, what a crowd gets, and the memory of a long use."""
    load = Load()
    with rerun_costs.server() as (address, process):
        print_costs(address, process, times)
        print_crowds(address, process, [int(n) for n in visitors.split(",") if n], seconds)
        if minutes:
            print_long_use(address, process, minutes)
    click.echo(f"\n{load}, {times} times each.")


if __name__ == "__main__":
    main()
