"""One process of a team, started by torchrun: trains and saves the weights that it ends with.

Arguments: the folder to write to, the architectures, one after the other.
"""

import sys
from pathlib import Path

import numpy as np

from core.models import architecture
from core.training.descent import Descent
from core.training.distributed import end, joined
from core.training.events import StepDone
from core.training.fitting import fit_by_gradient
from tests.core.team_settings_for_tests import SETS, settings


def main(folder: Path, *archs: str) -> None:
    with joined("cpu") as team:
        for arch in archs:
            config = settings(arch)
            plan = architecture(arch).plan(SETS[0].shape, config.options)
            descent = Descent(config, plan, SETS[0], team)
            losses = [e.loss for e in fit_by_gradient(descent, SETS[1]) if isinstance(e, StepDone)]
            history = [record.train_loss for record in descent.history]
            state = {name: t.numpy() for name, t in descent.network.state_dict().items()}
            kept = {"history": history, "losses": losses[-1:], **state}
            np.savez(folder / f"{arch}-{team.rank}.npz", **kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
    end(0)
