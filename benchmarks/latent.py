"""How fluid the Latent space page is, and what its maps and codes are worth.

`python -m benchmarks.latent --data-root FOLDER`. A real server, warm, and a real browser (headless
Chromium, WebGL in software) on the 10,000 test images of MNIST: seconds from letting go of a lasso
around about 500 points to their images; decoded places a second while the pointer crosses the
plane, and messages sent to the server meanwhile. Then seconds and trustworthiness of the
projections, and how far codes keep classes together. Larger maps: benchmarks/map_speed.py.
"""

import tempfile
import time
from pathlib import Path

import click

from benchmarks.latent_page import PROJECTED, in_the_browser, opened
from benchmarks.timing import Load
from core.data import catalogue
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.latent import projections, structure
from tests.driving.serving import browsing, serving

MEASURED = ("mnist-dense-2", "mnist-vae-2", "mnist-dense-32", "mnist-conv-32")


def of_projections(images: ImageSet) -> list[str]:
    """Rows: projection, seconds, of them computing, trustworthiness. PaCMAP is compiled before."""
    z = Autoencoder.load(PROJECTED).encode(images.pixels())
    projections.project(z[:100], "pacmap")
    rows = []
    for method in projections.METHODS:
        began, computed = time.perf_counter(), time.process_time()
        places = projections.project(z, method.name)
        seconds = time.perf_counter() - began
        computed = time.process_time() - computed
        trust = structure.trustworthiness(z, places)
        rows.append(f"| {method.title} | {seconds:.1f} s | {computed:.1f} s | {trust:.3f} |")
    return rows


def of_structure(images: ImageSet) -> list[str]:
    """Rows of a table: space, numbers, and the four measures."""
    assert images.labels is not None
    x, rows = images.pixels(), {}
    for name in MEASURED:
        z = Autoencoder.load(name).encode(x)
        for one in structure.structures(z, x, images.labels):
            space = {"codes": name, "pixels": "raw pixels", "pca": f"PCA of {one.size}"}[one.name]
            measures = one.silhouette, one.homogeneity, one.adjusted_rand, one.neighbour_accuracy
            rows[space] = f"| {space} | {one.size} | {' | '.join(f'{m:.3f}' for m in measures)} |"
    return list(rows.values())


@click.command()
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder with MNIST.")
@click.option("--rounds", default=5, help="How often each thing is done in the browser.")
def main(data_root: Path | None, rounds: int) -> None:
    """Print three tables, and how busy the machine was."""
    images = catalogue.load("mnist", "test", data_root)
    environment = {"HOURGLASS_DATA_ROOT": str(data_root)} if data_root else {}
    load = Load()
    with (
        tempfile.TemporaryDirectory() as folder,
        browsing() as browser,
        serving(Path(folder) / "log.txt", environment) as address,
    ):
        opened(browser, address, f"model={PROJECTED}")[0].context.close()  # warm
        rows = in_the_browser(browser, address, images, rounds)
    click.echo("\n".join(["| what | median | from, to | must |", "|---|---|---|---|", *rows]))
    heading = [
        "",
        f"| map of 10,000 codes of {PROJECTED} | seconds | of them computing | trustworthiness |",
    ]
    click.echo("\n".join([*heading, "|---|---|---|---|", *of_projections(images)]))
    heading = ["", "| space | numbers | silhouette | homogeneity | adjusted Rand | k-NN |"]
    click.echo("\n".join([*heading, "|---|---|---|---|---|---|", *of_structure(images)]))
    click.echo(f"\n{load}, {rounds} rounds in the browser.")


if __name__ == "__main__":
    main()
