"""`train`: one model, as a run that others can watch and that can be gone on with."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from core.cli import beginning, options, output
from core.config import HourglassError, OptionError
from core.metrics import psnr_text
from core.models import BY_NAME

if TYPE_CHECKING:
    from core.checkpoints import Card
    from core.distributed import Team
    from core.documents import EpochRecord
    from core.learning.events import Event
    from core.runs import Run


@click.command(cls=options.Command, short_help="Train a model.")
@click.option("--dataset", help="ID, folder or archive; see `datasets`.")
@click.option("--arch", type=click.Choice(tuple(BY_NAME)), help="See `archs`.")
@click.option("--latent-dim", type=int, help="D', the count of numbers in the code.")
@click.option(
    "--option",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of the architecture, e.g. widths=512,256 or batch_norm=false; see `archs`.",
)
@click.option(
    "--noise-std",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Noise put on the input while the target stays clean; 0 = none.",
)
@options.noise_kind
@click.option("--noise-clip", is_flag=True, help="Cut noisy pixels to [0, 1], as a camera would.")
@click.option("--epochs", type=int, default=10, show_default=True, help="Passes over the images.")
@click.option("--batch-size", type=int, default=128, show_default=True, help="Images a step.")
@click.option(
    "--lr",
    "learning_rate",
    type=float,
    help="Peak learning rate.  [default: the architecture's recipe]",
)
@click.option(
    "--exclude-class",
    "exclude_classes",
    multiple=True,
    metavar="CLASS",
    help="Leave this class out of training; give several to leave out more.",
)
@options.seed
@click.option("--name", help="Name of the checkpoint.  [default: data set, architecture and time]")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), help="CPU threads.  [default: all cores but one]"
)
@click.option(
    "--keep-steps",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Keep the state at least every so many steps; it is kept every 10 seconds anyway.",
)
@click.option("--resume", metavar="RUN", help="Go on with this run, see `runs`; takes no settings.")
@click.option("--wait", is_flag=True, hidden=True)  # for a turn: how the dashboard starts runs
@options.data_root
@options.as_json
def train(resume: str | None, wait: bool, as_json: bool, **given: Any) -> None:
    """Train an autoencoder and keep it as checkpoints/local/NAME.safetensors.

    A checkpoint of yours with that name is replaced when the new one is complete. Ctrl-C keeps the
    state of the training, and --resume goes on from there to the very same weights. Under torchrun
    all processes train one model; --batch-size is that of all of them together.
    """
    from core.distributed import joined
    from core.running import control as run_control

    if resume and (extra := _given(click.get_current_context()) - {"resume", "wait", "as_json"}):
        option = min(extra).replace("_", "-")
        raise OptionError(f"--resume goes on with the run's own settings: leave out --{option}.")
    with joined(given["device"]) as team:
        run = beginning.on_all_ranks(
            team, lambda: beginning.resumed(resume) if resume else beginning.created(given, team)
        )
        try:
            card = _carry_out(run, team, wait)
        except KeyboardInterrupt:
            click.echo(f"Go on with: python -m core train --resume {run.id}", err=True)
            raise
        except HourglassError:
            if team.rank == 0 and not (resume or run_control.has_begun(run)):
                run_control.delete(run)  # a mistake in the settings, told at once
            raise
    if team.rank == 0:
        _show(run, card, as_json)


def _carry_out(run: "Run", team: "Team", wait: bool) -> "Card | None":
    """Train in this process; the model's card on rank 0, if there is a model in the end."""
    import torch

    from core.running.execution import execute

    torch.set_num_threads(run.config.threads)
    if team.rank:
        for _ in execute(run, team):
            pass
        return None
    with output.progress("load") as tell:
        return follow(execute(run, team, wait, None if wait else tell))


def follow(events: "Iterable[Event]") -> "Card | None":
    """Show a training on stderr, a bar and a line an epoch; the card of the model it ends with."""
    from core.learning.events import EpochDone, Finished, Started, StepDone

    card = None
    with output.bar("train") as bar:
        for event in events:
            match event:
                case Started():
                    output.tell_rejected(event.rejected)
                    bar.reset(total=event.steps_per_epoch * event.epochs)
                case StepDone():
                    done = (event.epoch - 1) * event.steps_per_epoch + event.step
                    bar.update(done - bar.n)
                case EpochDone():
                    tqdm.write(_line(event.record), file=sys.stderr)
                case Finished():
                    card = event.checkpoint.card
    return card


def _show(run: "Run", card: "Card | None", as_json: bool) -> None:
    """How it ended; without a model if it was asked to pause or cancel."""
    from core import runs

    run = runs.read(run.folder)
    found: dict[str, Any] = {"run": run.id, "state": run.state}
    lines = [f"{run.id}: {run.state}"]
    if card is not None:
        m = card.metrics
        found |= {"checkpoint": card.name, "path": card.path, "epochs": card.epochs}
        found |= {"seconds": card.seconds, **m}
        lines = [
            (
                f"{card.name}: {card.title}; mse {m['mse']:.6f}, psnr {psnr_text(m['psnr'], 2)}, "
                f"ssim {m['ssim']:.4f} on {m['n']:,} test images after {card.seconds:.0f} s; "
                f"kept in {card.path}"
            )
        ]
    output.show(found, lines, as_json)


def _line(record: "EpochRecord") -> str:
    return (
        f"epoch {record.epoch}: loss {record.train_loss:.5f}, test mse {record.test_mse:.5f}, "
        f"{record.images_per_second:,.0f} images/s"
    )


def _given(context: click.Context) -> set[str]:
    """The options that were written on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) == source}
