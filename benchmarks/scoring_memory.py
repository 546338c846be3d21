"""What memory scoring takes, which must not depend on how many images there are."""

import multiprocessing
import time
from pathlib import Path

import click
import psutil
import pyarrow.parquet as pq

from benchmarks.scoring_sources import Source
from core.streaming.pipeline import score_file


def memory(source: Source, out: Path) -> tuple[float, float, float]:
    """Scored in a process of its own: images/s with its start, MB of it and of all its processes
    at most.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_score, args=(source, out))
    began = time.perf_counter()
    process.start()
    own = everyone = 0.0
    while process.is_alive():
        mine, all_of_them = _anonymous(psutil.Process(process.pid))
        own, everyone = max(own, mine), max(everyone, all_of_them)
        process.join(0.2)
    if process.exitcode:
        raise click.ClickException("Scoring failed.")
    return pq.read_metadata(out).num_rows / (time.perf_counter() - began), own, everyone


def _score(source: Source, out: Path) -> None:
    score_file(source.job(), out)


def _anonymous(process: psutil.Process) -> tuple[float, float]:
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    each = [_megabytes(one.pid) for one in family]
    return each[0], sum(each)


def _megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.split("RssAnon:")[1].split()[0]) / 1024 if "RssAnon:" in status else 0.0
