"""When a running training keeps its state: as often as asked, but not at any price."""

import time
from pathlib import Path

from core.learning import state as learning_state
from core.learning.state import State
from core.runs import RunConfig

MOST_SHARE = 0.05  # of the time may go into keeping the state


class Keeper:
    """Keeps the state of a run in its folder, and knows when that is due again."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.path, self._config = folder / "state", config
        self._kept_at, self._steps, self._cost = time.monotonic(), 0, 0.0

    def count_step(self) -> None:
        """One more step is done that is not kept yet."""
        self._steps += 1

    def is_due(self) -> bool:
        """Whether enough time has passed, or enough steps are done, since it was last kept."""
        since = time.monotonic() - self._kept_at
        wanted = max(self._config.keep_seconds, self._cost / MOST_SHARE)
        return since >= wanted or self._steps >= self._config.keep_steps

    def keep(self, state: State) -> bool:
        """Keep the state if it is good, and say whether it was; OSError if the disk refuses."""
        began = time.monotonic()
        if is_good := state.is_good:
            learning_state.save(self.path, state)
        self._kept_at, self._steps = time.monotonic(), 0
        self._cost = self._kept_at - began
        return is_good

    def drop(self) -> None:
        """Remove the kept state: it is three times as large as the model, and of no more use."""
        self.path.unlink(missing_ok=True)

    def content(self) -> bytes:
        """The kept state as a file has it; empty if there is none."""
        return self.path.read_bytes() if self.path.exists() else b""

    def kept(self) -> State | None:
        """The kept state, None if there is none; TrainingError if it is damaged."""
        return learning_state.load(self.path)
