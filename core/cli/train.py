"""`train`: train one model, as a run that can be watched and resumed."""

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from core.cli import listeners, options, output
from core.config import COMMAND, HourglassError, OptionError, TrainingError
from core.metrics import psnr_text
from core.models import BY_NAME, ArchSpec, architecture
from core.noise import Noise
from core.settings import THREADS, Option, TrainSettings, settings_of

GENTLER = 0.1  # share of its learning rate with which a finished model is trained on
NO_MODEL = 3  # exit code of a training that was paused or cancelled

if TYPE_CHECKING:
    from core.checkpoints import Card
    from core.checkpoints.document import EpochRecord
    from core.runs import Run
    from core.runs.listeners import Listeners
    from core.training.distributed import Team
    from core.training.events import Event
    from core.training.trainer import Finish


@click.command(cls=options.Command, short_help="Train a model.")
@options.train_on
@click.option(
    "--arch",
    type=click.Choice(tuple(BY_NAME)),
    help="See `archs`.  [default: what suits the images, for own:NAME]",
)
@click.option(
    "--latent-dim", type=int, help="D', the size of the code: how many numbers describe an image."
)
@click.option(
    "--option",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of the architecture, e.g. widths=512,256 or batch_norm=false; see `archs`.",
)
@options.settings(Noise, "noise_")
@options.settings(TrainSettings)
@click.option(
    "--excluded-class",
    "--exclude-class",
    "exclude_classes",
    multiple=True,
    metavar="CLASS",
    help="Class to leave out of training; may be repeated.",
)
@click.option("--name", help="Name of the checkpoint.  [default: data set, architecture and time]")
@options.setting(THREADS, default="all cores but one")
@click.option(
    "--keep-steps",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Save the state at least every so many steps, besides every 10 seconds.",
)
@click.option(
    "--from",
    "start_from",
    metavar="CHECKPOINT",
    help="Go on with the training of this finished model: --epochs more, with its own data set, "
    "architecture, classes and, unless you say otherwise, settings.",
)
@click.option("--resume", metavar="RUN", help="Resume this run, see `runs`; takes no settings.")
@click.option("--wait", is_flag=True, hidden=True)  # for a turn: how the dashboard starts runs
@listeners.options
@options.data_root
@options.as_json
def train(resume: str | None, wait: bool, as_json: bool, **given: Any) -> None:
    """Train an autoencoder and save it as checkpoints/local/NAME.safetensors.

    Your checkpoint of that name is replaced when the new one is complete. Ctrl-C saves the state of
    the training; --resume continues from there to the same final weights. Under torchrun all
    processes train one model; --batch-size is that of all of them together. For a data set of your
    own, what is not said suits the number and the size of its images, as on the Train page:
    architecture, D', epochs and batch size.

    The exit code is 3 if the training was paused or cancelled, so that there is no model.
    """
    from core.runs import control as run_control
    from core.training.distributed import joined

    said = _given(click.get_current_context())
    if resume and (extra := said - {"resume", "wait", "as_json", *listeners.NAMES}):
        option = min(extra).replace("_", "-")
        raise OptionError(f"--resume uses the run's own settings: leave out --{option}.")
    heard = listeners.made({name: given.pop(name) for name in listeners.NAMES})
    with joined(given["device"]) as team, heard:
        run = on_all_ranks(
            team, lambda: resumed(resume) if resume else created(_asked_for(given, said), team)
        )
        try:
            card = _carry_out(run, team, wait, heard)
        except KeyboardInterrupt:
            click.echo(f"Resume with: {COMMAND} train --resume {run.id}", err=True)
            raise
        except HourglassError:
            if team.rank == 0 and not (resume or run_control.has_begun(run)):
                run_control.delete(run)  # an error in the settings
            raise
    if team.rank == 0:
        _show(run, card, as_json)
        if card is None:
            click.get_current_context().exit(NO_MODEL)


def _carry_out(run: "Run", team: "Team", wait: bool, heard: "Listeners") -> "Card | None":
    """Train in this process; return the model's card on rank 0, None without a model."""
    import torch

    from core.runs.execute import execute

    torch.set_num_threads(run.config.threads)
    if team.rank:
        try:
            for _ in execute(run, team):
                pass
        except RuntimeError as error:  # of gloo or nccl
            raise TrainingError(
                f"Another process of this training has ended, and said why ({error})."
            ) from error
        return None
    with output.progress("load") as tell:
        heard.begin(run)
        return follow(execute(run, team, wait, None if wait else tell, _finish(run)), heard)


def _finish(run: "Run") -> "Finish":
    """What is done to the trained model before it is saved: a score for outliers is chosen."""
    from core.anomaly import choosing, line

    root = run.config.data_root
    load = line.loader(None if root is None else Path(root))
    return lambda checkpoint, images: choosing.at_end_of_training(checkpoint, images, load)


def follow(events: "Iterable[Event]", heard: "Listeners | None" = None) -> "Card | None":
    """Show a training on stderr, a bar and a line for each epoch; return the card of its model."""
    from core.training.events import EpochDone, Finished, Started, StepDone

    card = None
    with output.bar("train") as bar:
        for event in events:
            if heard is not None:
                heard.hear(event)
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
    """Print how the run ended; without a model if it was paused or cancelled."""
    from core import runs
    from core.training.remedies import command, remedies

    run = runs.read(run.folder)
    found: dict[str, Any] = {"run": run.id, "state": run.state}
    lines = [f"{run.id}: {run.state}"]
    if card is not None:
        m, instead = card.metrics, remedies(run.config.train, card)
        found |= {"checkpoint": card.name, "path": card.path, "epochs": card.epochs}
        found |= {"seconds": card.seconds, **m, "warning": card.warning}
        found["instead"] = [{"words": one.words, "command": command(one.config)} for one in instead]
        lines = [
            (
                f"{card.name}: {card.title}; mse {m['mse']:.6f}, psnr {psnr_text(m['psnr'], 2)}, "
                f"ssim {m['ssim']:.4f} on {m['n']:,} test images after {card.seconds:.0f} s; "
                f"saved in {card.path}"
            ),
            *([card.warning] if card.warning else []),
            *(f"{one.words} ({one.about}): {command(one.config)}" for one in instead),
        ]
    output.show(found, lines, as_json)


def _line(record: "EpochRecord") -> str:
    found = "" if record.found is None else f"planted defects found {record.found:.3f}, "
    return (
        f"epoch {record.epoch}: loss {record.train_loss:.5f}, test mse {record.test_mse:.5f}, "
        f"{found}{record.images_per_second:,.0f} images/s"
    )


def _given(context: click.Context) -> set[str]:
    """The options that were given on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) == source}


# The run that `train` executes, new or resumed, the same on all ranks.

if TYPE_CHECKING:
    from core.runs import Run
    from core.training.distributed import Team


def on_all_ranks(team: "Team", make: "Callable[[], Run]") -> "Run":
    """The run that rank 0 makes, sent to all processes of a training.

    Raises OptionError on all of them if it cannot be made.
    """
    import msgspec

    from core.runs import Run, RunConfig
    from core.runs.status import Status

    if team.size == 1:
        return make()
    own, error = None, ""
    try:
        own = make() if team.rank == 0 else None
    except HourglassError as refused:
        error = str(refused)
    said = (own.id if own else "", own.config if own else None, error)
    received = team.broadcast_bytes(msgspec.json.encode(said))
    name, config, error = msgspec.json.decode(received, type=tuple[str, RunConfig | None, str])
    if config is None:
        raise OptionError(error)
    return own or Run(Path(name), config, Status())


def resumed(name: str) -> "Run":
    """The run called `name`, to resume.  Raises OptionError if it is finished."""
    from core import runs
    from core.runs import control as run_control

    run = runs.get(name)
    if run.state in ("finished", "diverged"):
        raise OptionError(f"{run.id} is {run.state}: there is nothing to resume.")
    if not run.is_live:  # else it has a new request, or another process runs it
        run_control.clear(run)
    return run


def created(given: dict[str, Any], team: "Team") -> "Run":
    """A new run; after a restart by torchrun, the one that was under way.

    given: the command line's options by name.  OptionError if some are missing or out of bounds.
    """
    from core import runs

    config = run_config(given)
    if team.size > 1:
        is_restart = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
        for run in runs.found():
            if run.config.launcher == config.launcher and not run.is_live and run.can_resume:
                if is_restart and run.was_asked_to_end:
                    raise OptionError(
                        f"{run.id} was {run.state} on request: resume it with --resume {run.id}."
                    )
                return run
    import core.runs.execute  # noqa: F401  # takes seconds, in which the run would stand idle

    return runs.create(config)


# Options of the command line as settings of a training.

if TYPE_CHECKING:
    from core.runs import RunConfig


def arch_options(spec: ArchSpec, settings: Iterable[str], latent_dim: int | None) -> dict[str, Any]:
    """`key=value` texts and D' as options of `spec`; OptionError for what it does not take."""
    known = {option.name: option for option in spec.options}
    given: dict[str, Any] = {} if latent_dim is None else {"latent_dim": latent_dim}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise OptionError(f"{setting!r} is not of the form key=value, e.g. widths=512,256.")
        if key in given:
            raise OptionError(f"{key} is given twice: keep one of the two.")
        given[key] = _read(known[key], value) if key in known else value
    spec.check(given)
    return given


def _read(option: Option, text: str) -> Any:
    """`text` as a value of the option's kind, else unchanged, so that check() reports the error."""
    try:
        match option.kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "widths":
                return [int(width) for width in text.split(",") if width]
            case "bool":
                return {"true": True, "false": False}[text.lower()]
    except (ValueError, KeyError):
        pass
    return text


def _asked_for(given: dict[str, Any], said: set[str]) -> dict[str, Any]:
    """The command line's options, and what follows from those that were said."""
    return continued(given, said) if given["start_from"] else suited(given, said)


def continued(given: dict[str, Any], said: set[str]) -> dict[str, Any]:
    """The command line's options, with what the model has that --from names.

    Raises OptionError if an option contradicts the model, or it was not trained by descent.
    """
    from core import checkpoints
    from core.checkpoints import trained_on

    own = {"dataset", "arch", "latent_dim", "settings", "exclude_classes"}
    if extra := said & own:
        option = "option" if "settings" in extra else min(extra).replace("_", "-")
        raise OptionError(f"--from takes what the model has: leave out --{option}.")
    card = checkpoints.load(given["start_from"]).card
    if card.architecture.closed_form:
        raise OptionError(f"{card.name} was computed in closed form: there is nothing to train on.")
    if given["epochs"] is None or given["epochs"] < 1:
        raise OptionError("--epochs says how many more: at least 1.")
    kept = card.document.training.settings()
    kept["learning_rate"] *= (
        GENTLER  # a rate for a network that knows nothing would undo what it knows
    )
    kept |= {f"noise_{s.name}": getattr(card.noise, s.name) for s in settings_of(Noise)}
    ours = {name: value for name, value in kept.items() if name in given and name not in said}
    return (
        given
        | ours
        | {
            "start_from": str(card.path.resolve()),
            "dataset": trained_on.required(card),
            "arch": card.architecture.name,
            "settings": card.options,
            "exclude_classes": card.excluded_classes,
            "epochs": len(card.document.history) + given["epochs"],
        }
    )


def suited(given: dict[str, Any], said: set[str]) -> dict[str, Any]:
    """The command line's options; what was not said of a training on an own set suits its images.

    said: the names of those that were.
    """
    from core.data import catalogue
    from core.training import config

    info = next((one for one in catalogue.catalogue() if one.id == given["dataset"]), None)
    is_repair = given["arch"] == "repair"
    if info is None or not (catalogue.is_own_set(info.id) or is_repair):
        return given
    suggested = config.suggested(info.id, info.input_shape, info.n_train)
    ours: dict[str, Any] = {name: getattr(suggested, name) for name in config.OF_THE_COUNT}
    if is_repair:
        durations = config.duration(info.input_shape, info.n_train, is_repair=True)
        ours = dict(zip(config.OF_THE_COUNT, durations, strict=True))
    if not given["arch"]:
        ours["arch"] = suggested.arch
        is_said = any(setting.startswith("latent_dim=") for setting in given["settings"])
        if given["latent_dim"] is None and not is_said:
            ours["latent_dim"] = suggested.options["latent_dim"]
    return given | {name: value for name, value in ours.items() if name not in said}


def run_config(given: dict[str, Any]) -> "RunConfig":
    """The command line's options as settings; OptionError if some are missing or out of bounds."""
    from core import machine, runs
    from core.training import config

    ours = dict(given)
    for name in ("dataset", "arch"):
        if not ours[name]:
            raise OptionError(f"Say what to train: --{name} is missing. See `train --help`.")
    latent_dim, settings = ours.pop("latent_dim"), ours.pop("settings")
    if isinstance(settings, dict):  # of a model
        ours["options"] = settings
    else:
        ours["options"] = arch_options(architecture(ours["arch"]), settings, latent_dim)
    noise = Noise(**{one.name: ours.pop(f"noise_{one.name}") for one in settings_of(Noise)})
    ours["noise"] = noise or Noise()
    ours["dataset"] = options.source_id(ours["dataset"])
    name, data_root = ours.pop("name"), ours.pop("data_root")
    return runs.RunConfig(
        name=name or runs.default_name(ours["dataset"], ours["arch"]),
        created=time.time(),
        threads=ours.pop("threads") or max(1, machine.cores() - 1),
        keep_steps=ours.pop("keep_steps"),
        start_from=ours.pop("start_from") or "",
        data_root=None if data_root is None else str(data_root.resolve()),
        launcher=_launcher(),
        train=config.TrainConfig(**ours),
    )


def _launcher() -> str:
    """Identifies a call of torchrun: its --rdzv-id, or else its process."""
    from core.runs import processes

    named = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return named if named != "none" else f"process {processes.parent()}"
