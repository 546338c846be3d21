"""Sources of many images for the benchmarks of scoring, and what scores them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.big_set import draw_pictures
from core.anomaly.line import line
from core.data import catalogue
from core.inference import Autoencoder
from core.streaming import shards
from core.streaming.pipeline import Job

DIFFERENT = 5_000
A_SHARD = 100_000
DIGITS, PICTURES = "mnist-dense-32", "shapes-conv"


@dataclass(frozen=True)
class Source:
    """What is scored by which model."""

    title: str
    path: Path
    checkpoint: str

    def job(self) -> Job:
        """As `python -m core score` does it."""
        model = Autoencoder.load(self.checkpoint)
        return Job(model, "a benchmark", shards.shards(self.path, 4096), line(model, 0.01))


def digits(folder: Path, n: int) -> Source:
    """Parquet files of PNG bytes."""
    folder.mkdir()
    images = catalogue.load("mnist-5k", "train").images
    files = [_png(images[i % len(images), 0] // (1 + i // len(images))) for i in range(DIFFERENT)]
    for start in range(0, n, A_SHARD):
        rows = [files[i % DIFFERENT] for i in range(start, min(n, start + A_SHARD))]
        table = pa.table({"image": pa.array(rows, pa.binary())})
        pq.write_table(table, folder / f"{start:09d}.parquet", compression="none")
    return Source("digits of 28 x 28, PNG in Parquet", folder, DIGITS)


def pictures(folder: Path, n: int) -> Source:
    """A folder of JPEG files of 64 x 64, in colour."""
    folder.mkdir()
    draw_pictures(folder, n)
    return Source("pictures of 64 x 64, JPEG in a folder", folder, PICTURES)


def _png(x: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(x).save(file, "PNG")
    return file.getvalue()
