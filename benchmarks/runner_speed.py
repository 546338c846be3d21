"""How fast models run in the page: `python -m benchmarks.runner_speed [--rounds 5]`.

In headless Chromium and, where it is installed, Firefox; without a GPU, on one core. One image,
decoded, and encoded and decoded; sixteen at once; and one through the worker and back, with its
colours, as a page asks for it. The baseline is the same in plain JavaScript. A round is the best of
many short parts, so that a busy machine tells more of the work than of its other processes.
"""

from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from benchmarks.runner_page import Browser, browsers, posted_by
from benchmarks.table import Row, markdown
from benchmarks.timing import Load
from core import checkpoints
from core.data import catalogue
from core.export.browser import browser_model
from core.inference import Autoencoder

SHARE_MS = 150  # of each way in each round
AT_ONCE = 16


class Measured(NamedTuple):
    """A shipped model.  must: milliseconds that it may take.  way: for what, "decode" or "both"."""

    model: str
    dataset: str
    what: str
    must: float
    way: str


MODELS = (
    Measured("mnist-dense-2", "mnist-5k", "dense 784-512-256-128-2", 2, "decode"),
    Measured("mnist-conv-32", "mnist-5k", "conv 28 x 28", 16, "both"),
    Measured("shapes-conv", "shapes", "conv 64 x 64 x 3", 33, "both"),
)
WAYS = {
    "decode": "decode",
    "both": "encode and decode",
    "many": f"encode and decode, {AT_ONCE} at once",
}
Times = dict[tuple[str, str], list[float]]  # (model, way) -> milliseconds, round by round


def rows(rounds: int = 5) -> list[Row]:
    """All browsers that are here; HourglassError if there is none."""
    found = []
    for browser in browsers():
        times = measured(browser, rounds)
        found += [row for one in MODELS for row in _rows(browser.name, one, times)]
    return found


def measured(browser: Browser, rounds: int) -> Times:
    """What a browser takes."""
    script = Path(__file__).with_suffix(".js").read_text("utf-8")
    task = {"models": [one.model for one in MODELS], "rounds": rounds, "share": SHARE_MS}
    times: Times = {}
    for one in posted_by(browser, script, task, _files()):
        times.setdefault((one["name"], one["way"]), []).append(one["milliseconds"])
    return times


def _files() -> dict[str, bytes]:
    files = {}
    for name, dataset, *_ in MODELS:
        checkpoint = checkpoints.load(name)
        x = catalogue.load(dataset).pixels(slice(0, AT_ONCE))
        files[f"{name}/model"] = browser_model(checkpoint, x).message()
        for key, values in (("x", x), ("z", Autoencoder(checkpoint).encode(x))):
            files[f"{name}/{key}"] = np.ascontiguousarray(values, "<f4").tobytes()
    return files


def _rows(browser: str, one: Measured, times: Times) -> list[Row]:
    def row(way: str, what: str) -> Row:
        ours = times[one.model, f"{way} wasm"]
        must = [float(one.must)] * len(ours) if way == one.way else []
        plain = times[one.model, f"{way} plain"]
        name = f"{browser}: {one.what}, {what}"
        return Row(name, ours, "plain JavaScript", plain, "must", must, "ms")

    through = f"{browser}: {one.what}, encode and decode through the worker"
    worker = Row(through, times[one.model, "worker"], unit="ms")
    return [*(row(way, what) for way, what in WAYS.items()), worker]


@click.command()
@click.option("--rounds", default=5, help="How often each way is measured.")
def main(rounds: int) -> None:
    """Print the table, and how busy the machine was."""
    load = Load()
    click.echo(markdown(rows(rounds)))
    click.echo(f"\n{load}, {rounds} rounds.")


if __name__ == "__main__":
    main()
