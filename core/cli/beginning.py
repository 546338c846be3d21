"""Which run `train` carries out: a new one, or one that is there already; the same on all ranks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.settings import run_config
from core.config import OptionError

if TYPE_CHECKING:
    from core.distributed import Team
    from core.runs import Run


def on_all_ranks(team: "Team", make: "Callable[[], Run]") -> "Run":
    """The run that rank 0 makes, told to all processes of a training."""
    import msgspec

    from core.running.status import Status
    from core.runs import Run, RunConfig

    if team.size == 1:
        return make()
    own = make() if team.rank == 0 else None
    told = team.told(msgspec.json.encode((own.id, own.config)) if own else b"")
    name, config = msgspec.json.decode(told, type=tuple[str, RunConfig])
    return own or Run(Path(name), config, Status())


def resumed(name: str) -> "Run":
    """The run called `name`, to go on with; OptionError if it has come to its end."""
    from core import runs
    from core.running import control as run_control

    run = runs.get(name)
    if run.state in ("finished", "diverged"):
        raise OptionError(f"{run.id} is {run.state}: there is nothing to go on with.")
    if not run.is_live:  # else it was asked for something just now, or is another's
        run_control.clear(run)
    return run


def created(given: dict[str, Any], team: "Team") -> "Run":
    """A new run; after a restart by torchrun, the one that was under way.

    given: the command line's options by name.  OptionError if some are missing or out of bounds.
    """
    from core import runs

    config = run_config(given)
    if team.size > 1:
        for run in runs.found():
            if run.config.launcher == config.launcher and not run.is_live and run.can_resume:
                return run
    import core.running.execution  # noqa: F401  # takes seconds, in which the run would stand idle

    return runs.create(config)
