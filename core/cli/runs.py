"""`runs`: list training runs, and pause, stop, cancel, resume or delete one."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import options, output
from core.cli.lists import noise_record, noise_words
from core.config import OptionError
from core.models import architecture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.runs import Run


@click.group(invoke_without_command=True, short_help="List, pause, stop, resume and delete runs.")
@options.as_json
@click.pass_context
def runs(context: click.Context, as_json: bool) -> None:
    """List the training runs, the newest first, or control one.

    RUN is an ID of the list, or the name of the checkpoint.
    """
    if context.invoked_subcommand is None:
        _list(as_json)


@runs.command("list", cls=options.Command)
@options.as_json
def list_runs(as_json: bool) -> None:
    """List the runs, the newest first: state, epochs done, error of the saved model."""
    _list(as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def show(run: str, as_json: bool) -> None:
    """Show one run with its settings, losses and the end of its log."""
    import msgspec

    from core import runs as store
    from core.runs import records as run_records

    one = store.get(run)
    epochs = run_records.curves(one).epochs
    lines = [
        f"{one.id}: {one.state}{f' ({one.status.reason})' if one.status.reason else ''}",
        msgspec.json.encode(one.config.train).decode(),
        *(
            f"epoch {e.epoch}: loss {_loss_text(e.train_loss)}, test mse {_loss_text(e.test_mse)}"
            for e in epochs
        ),
        *one.log(2000).splitlines(),
    ]
    found = _described(one) | {"config": msgspec.to_builtins(one.config)}
    history = [msgspec.to_builtins(record) for record in epochs]
    output.show(found | {"history": history, "log": one.log()}, lines, as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def pause(run: str, as_json: bool) -> None:
    """Save the run's state and end its process; after `resume` the final weights are the same."""
    _asked(run, "pause", as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def stop(run: str, as_json: bool) -> None:
    """End the training and save the model as it is now; of a paused run, as it was then."""
    from core import runs as store
    from core.cli.train import follow
    from core.runs import control as run_control

    one = store.get(run)
    if one.is_live:
        _asked(run, "stop", as_json)
        return
    run_control.ask_to_keep(one)
    from core.runs.execute import execute  # loads PyTorch

    follow(execute(one))
    _show(store.read(one.folder), as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def cancel(run: str, as_json: bool) -> None:
    """End the run within two seconds, without a model; its saved state stays."""
    from core import runs as store
    from core.runs import control as run_control

    _show(run_control.cancel(store.get(run)), as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def resume(run: str, as_json: bool) -> None:
    """Resume a run in the background; `train --resume RUN` resumes it in this terminal."""
    from core import runs as store
    from core.runs import control as run_control

    _show(run_control.start(store.get(run)), as_json)


@runs.command(cls=options.Command)
@options.run
@options.as_json
def delete(run: str, as_json: bool) -> None:
    """Delete the run's folder; its checkpoint stays."""
    from core import runs as store
    from core.runs import control as run_control

    one = store.find(run)
    run_control.delete(one)
    output.show({"deleted": one.id}, [f"{one.id}: deleted"], as_json)


def _loss_text(value: float) -> str:
    """A loss or error as text; in words if it is NaN or too large."""
    return f"{value:.5f}" if math.isfinite(value) else "exploded"


def _asked(name: str, request: Any, as_json: bool) -> None:
    from core import runs as store
    from core.runs import control as run_control

    run = store.get(name)
    run_control.ask(run, request)
    _show(run, as_json, f"asked to {request}")


def _show(run: "Run", as_json: bool, what: str = "") -> None:
    output.show(_described(run), [f"{run.id}: {what or run.state}"], as_json)


def _list(as_json: bool) -> None:
    from core import runs as store

    found, broken = store.found(), store.broken()
    rows = [_row(run, found) for run in found]
    header = ("ID", "STATE", "EPOCHS", "MSE", "DATA", "ARCH", "D'", "NOISE", "SEED", "LR", "REASON")
    lines = output.table(header, rows) if rows else ["There are no runs: `train` starts one."]
    result = {"runs": [_described(run) for run in found], "broken": [one.id for one in broken]}
    output.show(result, [*lines, *(one.reason for one in broken)], as_json)


def _row(run: "Run", found: "Sequence[Run]") -> tuple[Any, ...]:
    from core.runs import queue

    train, status = run.config.train, run.status
    mse = f"{status.mse:.5f}" if status.mse >= 0 else ""
    epochs = f"{run.share_done * train.epochs:.4g} of {train.epochs}"
    note = status.reason or status.phase
    if run.state == "queued":
        ahead = queue.n_ahead(run, found)
        note = f"waiting for {ahead} of the others" if ahead else "starting"
    noise = noise_words(train.noise)
    rate = "-" if architecture(train.arch).closed_form else f"{rate_of(run):g}"
    dim = str(train.options.get("latent_dim", "-"))
    what = train.dataset, train.arch, dim, noise, str(train.seed), rate
    return run.id, run.state, epochs, mse, *what, note


def rate_of(run: "Run") -> float:
    """The learning rate of a run, that of its architecture if none was asked for."""
    from core.training.config import learning_rate

    return learning_rate(run.config.train, architecture(run.config.train.arch))


def _described(run: "Run") -> dict[str, Any]:
    """A run as JSON, with null where there is nothing yet."""
    import msgspec

    train = run.config.train
    status = msgspec.to_builtins(run.status)
    status |= {name: None for name in ABSENT if status[name] == ABSENT[name]}
    if status["mse"] is None:
        status |= dict.fromkeys(("psnr", "ssim"))
    if not run.is_live:
        status["seconds_left"] = None
    closed_form = architecture(train.arch).closed_form
    return {
        "id": run.id,
        "name": run.config.name,
        "share_done": run.share_done,
        **status,
        "model": status["checkpoint"],
        "dataset": train.dataset,
        "arch": train.arch,
        "latent_dim": train.options.get("latent_dim"),
        "excluded_classes": train.exclude_classes,
        "noise": noise_record(train.noise),
        "n_train": train.n_train,
        "learning_rate": None if closed_form else rate_of(run),
        "seed": train.seed,
        "epochs": train.epochs,
    }


# What stands in a status for "not known".
ABSENT: dict[str, Any] = {
    "reason": "", "phase": "", "pid": 0, "started": 0.0, "seconds_left": -1.0, "checkpoint": "",
    "mse": -1.0, "pca_mse": -1.0, "n_images": 0, "n_parameters": 0, "images_per_second": 0.0,
    "steps_per_epoch": 0,
}  # fmt: skip


# `estimate`: time and memory of a training, for the Train page.


@click.command(cls=options.Command, short_help="Estimate time and memory of a training.")
@click.option("--settings", required=True, help="As `runs show --json` gives them under train.")
@click.option("--threads", type=click.IntRange(1, 256), help="CPU threads.")
@options.data_root
@options.as_json
def estimate(settings: str, threads: int | None, data_root: Path | None, as_json: bool) -> None:
    """Train for a second without saving anything, and estimate time and memory of the whole
    training.
    """
    import msgspec
    import torch

    from core.runs import estimate as probe
    from core.training.config import TrainConfig

    try:
        config = msgspec.json.decode(settings, type=TrainConfig)
    except msgspec.DecodeError as error:
        raise OptionError(f"These are not valid settings of a training ({error}).") from error
    torch.set_num_threads(threads or 1)
    found = probe.measure(config, data_root)
    line = (
        f"{found.n_parameters:,} parameters, {found.images_per_second:,.0f} images/s: "
        f"{found.seconds:.0f} s in all, {found.memory / 2**20:,.0f} MB of memory"
    )
    output.show(asdict(found), [line], as_json)
