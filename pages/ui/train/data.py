"""The curves and pictures of a run, cached until the run writes more."""

from core.runs import Run
from core.runs import records as run_records
from core.runs.records import Curves
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.components.sweep import packing
from pages.ui.train import charts as run_charts


def curves(run: Run) -> Curves:
    """A run's losses so far, cached until it writes more."""
    return cache.kept(("curves", *_written(run)), lambda: run_records.curves(run))


def epoch_sweep(run: Run) -> Packed | None:
    """The slider over a run's epochs, packed for the browser; None below two with pictures."""

    def make() -> Packed | None:
        sweep = run_charts.epochs_described(run, curves(run))
        return packing.pack(sweep) if sweep else None

    return cache.kept(("epochs", *_written(run)), make)


def _written(run: Run) -> tuple[str, int]:
    """A cache key: the run's id and the size of its events file."""
    try:
        return str(run.folder), (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return str(run.folder), 0
