"""The odd ones of a folder: how many are found among the first that a person looks at.

`python -m benchmarks.finding` draws two folders, runs `find` on each in a process of its own, and
prints seconds, memory, AUROC, and how many odd ones are among the first 20, 50 and 100 images, in
the fixed order and with each verdict fed back. With `--source PATH --odd REGEX` it does so for
a folder or archive of your own, in whose file names REGEX finds the odd ones.

    digits    2,000 digits of mnist-5k, and 40 letters of the font that Pillow brings
    shapes    500 drawn shapes, 12 digits among them, and 5 broken pictures
"""

import io
import json
import re
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from core.anomaly import find_source, rankings
from core.anomaly.finding import Descriptions, Places
from core.anomaly.teaching import Teacher
from core.config import python
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.streaming import decoding, shards

LOOKED_AT = (20, 50, 100)
N_DIGITS, N_LETTERS = 2_000, 40
N_SHAPES, N_STRANGERS = 500, 12
LETTERS = "ABCDEFGHKLMNPQRTVWXYabdefghkmnqrt"
ODD = r"\bodd-"
Pixels = npt.NDArray[np.uint8]


def digits(rng: np.random.Generator) -> Iterator[tuple[str, Pixels]]:
    """Names and pictures (28, 28): digits, and letters among them."""
    known = catalogue.load("mnist-5k", "train")
    for i in np.sort(rng.permutation(len(known))[:N_DIGITS]).tolist():
        yield f"{i}.png", known.images[i][0]
    font = ImageFont.load_default(22)
    for i in range(N_LETTERS):
        image = Image.new("L", (28, 28))
        letter = LETTERS[rng.integers(len(LETTERS))]
        ImageDraw.Draw(image).text((14, 14), letter, 255, font, "mm")
        turned = image.rotate(rng.uniform(-15, 15), Image.Resampling.BILINEAR)
        yield f"odd-{i}.png", np.asarray(turned)


def shapes(rng: np.random.Generator) -> Iterator[tuple[str, Pixels]]:
    """Names and pictures (H, W, 3): drawn shapes, digits among them, and broken pictures."""
    known, strange = catalogue.load("shapes"), catalogue.load("mnist-5k")
    some = known.images[np.sort(rng.permutation(len(known))[:N_SHAPES])].transpose(0, 2, 3, 1)
    some = np.broadcast_to(some, (*some.shape[:3], 3))
    yield from ((f"{i}.png", x) for i, x in enumerate(some))
    size = some.shape[2], some.shape[1]
    for i in rng.permutation(len(strange))[:N_STRANGERS].tolist():
        yield f"odd-{i}.png", np.asarray(Image.fromarray(strange.images[i][0]).resize(size))
    torn = some[0].copy()
    torn[len(torn) // 2 :] = 128
    noise = rng.integers(0, 256, some[0].shape, np.uint8)
    broken = (0 * torn, 0 * torn + 255, noise, torn, some[1][::4].repeat(4, 0)[:, ::4].repeat(4, 1))
    yield from ((f"odd-broken-{i}.png", x) for i, x in enumerate(broken))


CASES = {"digits": digits, "shapes": shapes}


def write(name: str, folder: Path, seed: int = 0) -> Path:
    """A zip of a case, its files in any order."""
    rng = np.random.default_rng(seed)
    files = list(CASES[name](rng))
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in rng.permutation(len(files)).tolist():
            content = io.BytesIO()
            Image.fromarray(files[i][1]).save(content, "PNG")
            archive.writestr(files[i][0], content.getvalue())
    return path


@dataclass(frozen=True)
class Found:
    """What `find` says of a source.  told: its JSON.  table: a row an image."""

    told: dict[str, object]
    table: pd.DataFrame
    megabytes: float


def find(source: Path, out: Path, minutes: float = 0) -> Found:
    """Run the command in a process of its own."""
    more = ["--minutes", str(minutes)] if minutes else []
    run = python("core", "find", str(source), "--out", str(out), "--json", *more)
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of all so far
    return Found(json.loads(done.stdout), pd.read_parquet(out), peak)


def fed_back(source: Path, table: pd.DataFrame, odd: str, most: int) -> list[bool]:
    """Whether each of the first images looked at is odd, where every verdict re-ranks the rest."""
    images = _images(source, table)
    scores = table.set_index("id")["score"].loc[images.ids.tolist()].to_numpy()
    described = Descriptions.of(images)
    teacher = Teacher.of(Places.fit(described).of(described), scores)
    verdicts: dict[int, bool] = {}
    for _ in range(min(most, len(images))):
        at = int(teacher.lesson(verdicts).order[0])
        verdicts[at] = bool(re.search(odd, str(images.ids[at])))
    return list(verdicts.values())


def _images(source: Path, table: pd.DataFrame) -> ImageSet:
    """The images of a source as `find` prepares them, without those that could not be read."""
    known = set(table["id"][table["rank"].notna()])
    parts = shards.shards(source, 4_096)
    how = find_source.preparation(find_source.some_raws(parts, known))
    pixels, ids = [], list[str]()
    for block in decoding.blocks(parts, how):
        ids += [name for name, why in zip(block.ids, block.reasons, strict=True) if not why]
        pixels.append(block.images)
    return ImageSet(
        id="found", split="all", images=np.concatenate(pixels), labels=None, class_names=(),
        ids=np.array(ids, np.str_),
    )  # fmt: skip


def report(name: str, source: Path, odd: str, folder: Path, minutes: float) -> None:
    """Print what is found of one source."""
    found = find(source, folder / f"{name}.parquet", minutes)
    read = found.table[found.table["rank"].notna()]
    truth = read["id"].str.contains(odd, regex=True).to_numpy()
    auroc = rankings.curves(read["score"].to_numpy(), truth).auroc
    told = found.told
    click.echo(
        f"{name}: {len(read):,} images, {truth.sum():,} odd; first ranking "
        f"{told['seconds_first']} s, all {told['seconds']} s, {found.megabytes:,.0f} MB at most; "
        f"score {told['score']}, AUROC {auroc:.3f}, flagged {told['n_flagged']}"
    )
    taught = fed_back(source, found.table, odd, LOOKED_AT[-1])
    for n in LOOKED_AT:
        click.echo(
            f"  among the first {n:>3} looked at: {truth[:n].sum():>3} in the fixed order, "
            f"{sum(taught[:n]):>3} with verdicts fed back"
        )


@click.command()
@click.option("--source", type=click.Path(exists=True, path_type=Path), help="Your own images.")
@click.option("--odd", default=ODD, show_default=True, help="Found in the names of the odd ones.")
@click.option("--minutes", type=float, default=0.0, help="As of `find`.")
def main(source: Path | None, odd: str, minutes: float) -> None:
    """Print what is found of each case, or of a source."""
    with tempfile.TemporaryDirectory() as folder:
        if source is not None:
            report(source.name, source, odd, Path(folder), minutes)
            return
        for name in CASES:
            report(name, write(name, Path(folder)), odd, Path(folder), minutes)


if __name__ == "__main__":
    main()
