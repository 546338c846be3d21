"""Which representation survives noise: the shipped models on the 10,000 official test digits.

`python -m benchmarks.robustness --data-root DIR` (DIR holds MNIST in torchvision's layout) prints
the curves as a table, where they cross, what of strange images comes back, and what the clipping of
the noise changes. `--speed` measures how long 11 amounts of noise on 1,000 digits take five models
from a cold start.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import click
import numpy as np

from benchmarks.timing import Load
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.noise import Noise, same_sort
from core.robustness import copying, crossings
from core.robustness import curves as robustness
from core.robustness.copying import UNKNOWN_KINDS
from core.robustness.curves import INPUT, Curve, Rebuilder, Study  # type: ignore[attr-defined]

MODELS = (
    "mnist-dense-2",
    "mnist-overcomplete",
    "mnist-denoising",
    "mnist-conv-denoising",
    "mnist-overcomplete-linear",
    "mnist-pca-32",
)
SHOWN = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
LEVELS, DRAWS = 21, 3
MSE = robustness.metric("mse")
TIMED = MODELS[:3] + MODELS[4:]
COLD_SECONDS = 5.0
COLD = """
import time
began = time.perf_counter()
from core.data import catalogue
from core.robustness import curves as robustness
from core.inference import Autoencoder
from core.noise import Noise
imported = time.perf_counter()
images = catalogue.load("mnist-5k")
for name in {names}:
    model = Autoencoder.load(name)
    loaded = time.perf_counter()
    found = robustness.measure(model, images, Noise(), 0, robustness.levels(11))
    assert found.mse.shape == (11, 1000)
print(time.perf_counter() - began, time.process_time())
"""


def study(images: ImageSet, noise: Noise) -> Study:
    """The curves of all MODELS under a noise, from DRAWS draws."""
    sigmas = robustness.levels(LEVELS)
    models = [(name, Autoencoder.load(name)) for name in MODELS]
    curves = [
        _curve(name, model, images, noise, sigmas)  # type: ignore[arg-type]
        for name, model in (*models, (INPUT, robustness.Untouched()))
    ]
    return Study(sigmas, MSE, tuple(curves[:-1]), curves[-1])


def _curve(
    name: str,
    model: Rebuilder,
    images: ImageSet,
    noise: Noise,
    sigmas: tuple[float, ...],
) -> Curve:
    draws = [robustness.measure(model, images, noise, seed, sigmas) for seed in range(DRAWS)]
    return robustness.curve(name, draws, MSE)


def curve_lines(found: Study) -> Iterator[str]:
    """The means as a Markdown table."""
    yield "| model | " + " | ".join(f"σ = {sigma:g}" for sigma in SHOWN) + " |"
    yield "|---" * (len(SHOWN) + 1) + "|"
    for curve in (*found.models, found.noisy):
        means = [curve.mean[found.sigmas.index(sigma)] for sigma in SHOWN]
        name = curve.name if curve is found.noisy else f"`{curve.name}`"
        yield f"| {name} | " + " | ".join(f"{mean:.4f}" for mean in means) + " |"


def crossing_lines(found: Study) -> Iterator[str]:
    """What the page says of the same curves."""
    stretches = crossings.nearest((*found.models, found.noisy), found.sigmas, MSE)
    yield f"- {crossings.crossing_summary(stretches)}"
    for pair in crossings.pairs(found.models, found.sigmas, MSE):
        yield f"- {crossings.crossing_sentence(pair)}"
    for curve in found.models:
        pair = crossings.compare(curve, found.noisy, found.sigmas, MSE)
        yield f"- {crossings.usefulness(pair)}"


def copying_lines(images: ImageSet, names: Sequence[str]) -> Iterator[str]:
    """The share of each kind of image that comes back, and of faint noise that is let through."""
    titles = [f"{stranger.title.lower()} ({stranger.explanation})" for stranger in UNKNOWN_KINDS]
    yield "| model | " + " | ".join(titles) + " | faint noise let through |"
    yield "|---" * (len(UNKNOWN_KINDS) + 2) + "|"
    x = images.pixels()
    for name in names:
        model = Autoencoder.load(name)
        told = [f"{c.mse.mean():.4f}, {100 * c.kept:.0f} %" for c in copying.copies(model, x, 0)]
        passed = 100 * copying.noise_passed(model, x, 0)
        yield f"| `{name}` | " + " | ".join(told) + f" | {passed:.1f} % |"


def cold_seconds(rounds: int) -> tuple[list[float], list[float]]:
    """Wall and processor seconds of a fresh Python: imports, loading, measuring, nothing kept."""
    code = COLD.format(names=TIMED)
    wall, cpu = [], []
    for _ in range(rounds):
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        told = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | threads,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        wall.append(float(told[0]))
        cpu.append(float(told[1]))
    return wall, cpu


def _print_speed(rounds: int) -> None:
    load = Load()
    wall, cpu = cold_seconds(rounds)
    click.echo(
        f"11 amounts x {len(TIMED)} models x 1,000 digits, from a cold start: "
        f"{np.median(wall):.2f} s (from {min(wall):.2f} to {max(wall):.2f}), "
        f"{np.median(cpu):.2f} s of processor time; must: {COLD_SECONDS:g} s. {load}."
    )


@click.command()
@click.option("--data-root", default=None, help="Folder with MNIST in torchvision's layout.")
@click.option("--speed", is_flag=True, help="Only how long a first look takes.")
@click.option("--rounds", default=5, help="How often that is measured.")
def main(data_root: str | None, speed: bool, rounds: int) -> None:
    """Print the tables and sentences of docs/robustness.md, or the speed."""
    if speed:
        _print_speed(rounds)
        return
    images = catalogue.load("mnist", "test", data_root)
    for noise in (Noise(), Noise(clip=True)):
        began = time.perf_counter()
        found = study(images, noise)
        unlike = [
            name
            for name in MODELS
            if (trained := Autoencoder.load(name).card.noise) and not same_sort(trained, noise)
        ]
        how = "clipped to [0, 1]" if noise.clip else "not clipped"
        click.echo(f"\n## Noise N(0, σ), {how}: mean MSE, {len(images):,} digits, {DRAWS} draws\n")
        click.echo("\n".join(curve_lines(found)))
        if unlike:
            click.echo(f"\nTrained on noise that was not clipped: {', '.join(unlike)}.")
        click.echo("\n" + "\n".join(crossing_lines(found)))
        click.echo(f"{time.perf_counter() - began:.0f} s", err=True)
    click.echo("\n## Copying: MSE, and the share that comes back\n")
    click.echo("\n".join(copying_lines(robustness.spread(images, 1000), (*MODELS, "mnist-conv"))))


if __name__ == "__main__":
    main()
