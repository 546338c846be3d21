"""What a run has written so far, read again only when it has written more."""

from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves
from pages.ui import cache
from pages.ui.components import packing
from pages.ui.components.component import Packed
from pages.ui.train import charts as run_charts


def curves(run: Run) -> Curves:
    """A run's losses so far; read again only when something has been written."""
    return cache.kept(("curves", *_written(run)), lambda: run_records.curves(run))


def epoch_sweep(run: Run) -> Packed | None:
    """The slider over a run's epochs, ready to be sent; None if fewer than two have pictures."""

    def make() -> Packed | None:
        sweep = run_charts.epochs_described(run, curves(run))
        return packing.pack(sweep) if sweep else None

    return cache.kept(("epochs", *_written(run)), make)


def _written(run: Run) -> tuple[str, int]:
    """A run, and how much it has written: as long as that is the same, so is what it says."""
    try:
        return str(run.folder), (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return str(run.folder), 0
