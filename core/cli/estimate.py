"""`estimate`: what a training would take, for the Train page."""

from dataclasses import asdict
from pathlib import Path

import click

from core.cli import options, output
from core.config import OptionError


@click.command(cls=options.Command, short_help="Measure what a training would take.")
@click.option("--settings", required=True, help="As `runs show --json` gives them under train.")
@click.option("--threads", type=click.IntRange(1, 256), help="CPU threads.")
@options.data_root
@options.as_json
def estimate(settings: str, threads: int | None, data_root: Path | None, as_json: bool) -> None:
    """Train for a second, keep nothing, and tell how long all of it would take and how much memory
    it would need.
    """
    import msgspec
    import torch

    from core.learning.recipes import TrainConfig
    from core.running import probe

    try:
        config = msgspec.json.decode(settings, type=TrainConfig)
    except msgspec.DecodeError as error:
        raise OptionError(f"These are no settings of a training ({error}).") from error
    torch.set_num_threads(threads or 1)
    found = probe.measure(config, data_root)
    line = (
        f"{found.n_parameters:,} parameters, {found.images_per_second:,.0f} images/s: "
        f"{found.seconds:.0f} s in all, {found.memory / 2**20:,.0f} MB of memory"
    )
    output.show(asdict(found), [line], as_json)
