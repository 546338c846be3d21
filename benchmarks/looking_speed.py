"""Looking, without a browser: models run, sweeps, distances, pictures, density.

`python -m benchmarks.looking_speed`. One thread. Each row is measured in turn with its baseline and
its limit, on the embedded digits or on random numbers of the size that is named.
"""

import io
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from benchmarks.table import Row, printing
from benchmarks.timing import in_turn
from core import checkpoints, neighbours
from core.data import catalogue
from core.images import sheets
from core.inference import Autoencoder
from core.inference.backends import OnnxBackend
from core.latent import density as counted
from core.models.execution import TorchBackend
from core.noise import Noise
from core.robustness.sweeps import SIGMAS, noise_sweep
from pages.ui.components.sweep import Cell, packing
from pages.ui.figures import density, mosaic
from pages.ui.figures.colouring import Groups
from pages.ui.figures.scatter import Points
from pages.ui.noise import rows as reconstruction

MODELS = {"dense": "mnist-dense-32", "conv": "mnist-conv-32"}
SHOWN = 16
CODES, QUERIES, WIDTH, K = 60_000, 1_000, 32, 10
CROWD = 1_000_000


def rows(rounds: int = 5) -> list[Row]:
    """All of them."""
    torch.set_num_threads(1)
    return [*inference(rounds), sweep(rounds), distances(rounds), pictures(rounds), crowd(rounds)]


def inference(rounds: int) -> Iterator[Row]:
    """Ours, from pixels to pixels, beside eager PyTorch and beside the bare runtime."""
    x = catalogue.load("mnist-5k", "train").pixels(slice(0, 1024))
    for family in MODELS:
        for n in (1024, 16):
            yield _inference(family, x[:n], rounds)


def _inference(family: str, x: np.ndarray, rounds: int) -> Row:
    checkpoint = checkpoints.load(MODELS[family])
    plan, tensors = checkpoint.card.plan, checkpoint.tensors
    model = Autoencoder(checkpoint)
    eager, bare = TorchBackend(plan, tensors), OnnxBackend(plan, tensors)
    found = in_turn(
        rounds,
        [
            lambda: model.reconstruct(x),
            lambda: eager.decode(eager.encode(x)),
            lambda: bare.decode(bare.encode(x)),
        ],
        repeats=max(3, 256 // len(x)),
    )
    rates = [[len(x) / seconds for seconds in way] for way in found]
    what = f"rebuild {family}, batches of {len(x):,}"
    return Row(what, rates[0], "eager torch", rates[1], "bare ONNX Runtime", rates[2])


def sweep(rounds: int) -> Row:
    """The noise slider, ready to be sent, beside one call for each of its places."""
    images = catalogue.load("mnist-5k", "test")
    x, noise = images.pixels(slice(0, SHOWN)), Noise("gaussian", 0.0)
    model = Autoencoder.load(MODELS["dense"])
    cells = tuple(Cell(str(name), "") for name in images.ids[:SHOWN])
    stacked = np.concatenate([x] * len(SIGMAS))

    def packed(sigmas: np.ndarray) -> object:
        swept = noise_sweep(x, [model], noise, 0, sigmas)
        return packing.pack(reconstruction.described(cells, [swept], [model.card]))

    ours, theirs, limit = in_turn(
        rounds,
        [
            lambda: packed(SIGMAS),
            lambda: [packed(SIGMAS[i : i + 1]) for i in range(len(SIGMAS))],
            lambda: model.reconstruct(stacked),
        ],
    )
    what = f"noise slider, {len(SIGMAS)} places x {SHOWN} digits"
    return Row(what, ours, "a call a place", theirs, "the model alone", limit, "s")


def distances(rounds: int) -> Row:
    """Nearest codes, as the outlier scores want them."""
    rng = np.random.default_rng(0)
    known = rng.standard_normal((CODES, WIDTH), np.float32)
    asked = rng.standard_normal((QUERIES, WIDTH), np.float32)
    theirs = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(known)

    def products() -> None:
        for start in range(0, QUERIES, neighbours.PART):
            asked[start : start + neighbours.PART] @ known.T

    found = in_turn(
        rounds,
        [lambda: neighbours.nearest(asked, known, K), lambda: theirs.kneighbors(asked), products],
    )
    rates = [[QUERIES / seconds for seconds in way] for way in found]
    what = f"{K} nearest of {CODES:,} codes, D' = {WIDTH}"
    return Row(what, rates[0], "scikit-learn", rates[1], "the matrix product alone", rates[2])


def pictures(rounds: int) -> Row:
    """A thousand images in one picture, beside a PNG for each."""
    x = catalogue.load("mnist-5k", "test").pixels(slice(0, 1000))
    whole = mosaic.colours(x)
    sheet = np.ascontiguousarray(whole.reshape(25, 40, 28, 28, 3).transpose(0, 2, 1, 3, 4))
    flat = Image.fromarray(sheet.reshape(25 * 28, 40 * 28, 3))

    ours, theirs, limit = in_turn(
        rounds,
        [
            lambda: sheets.sheet_of(mosaic.colours(x), 85),
            lambda: [mosaic.png(one) for one in mosaic.colours(x)],
            lambda: _webp(flat),
        ],
    )
    return Row(
        "1,000 images to send", ours, "a PNG each", theirs, "WebP of the sheet alone", limit, "s"
    )


def crowd(rounds: int) -> Row:
    """The picture of a map of a million points, beside NumPy's histogram of each class."""
    rng = np.random.default_rng(0)
    of = rng.integers(0, 10, CROWD)
    xy = (rng.standard_normal((CROWD, 2)) + of[:, None]).astype(np.float32)
    names = tuple(map(str, range(10)))
    points = Points(xy, np.empty(0, np.str_), np.empty(0, bool), "")
    colouring, view = Groups("class", names, of), density.extent_of(xy)
    grid = (density.HEIGHT, density.WIDTH)

    def histograms() -> None:
        for i in range(10):
            x, y = xy[of == i].T
            np.histogram2d(x, y, bins=grid, range=np.array(view))

    ours, theirs, limit = in_turn(
        rounds,
        [
            lambda: density.picture(points, colouring, None, view),
            histograms,
            lambda: counted.cells(xy, *view, *grid).counts,
        ],
    )
    what = f"map of {CROWD:,} points as a picture"
    return Row(what, ours, "np.histogram2d a class", theirs, "counting alone", limit, "s")


def _webp(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=85, method=1)
    return file.getvalue()


if __name__ == "__main__":
    printing(rows)()
