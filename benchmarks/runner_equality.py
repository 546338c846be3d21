"""How far models in the page are from the server's: `python -m benchmarks.runner_equality`.

Every shipped model, in both kinds of kernels, in headless Chromium and, where it is installed,
Firefox: on its 1,000 test images and on 100 of them with noise of sigma 0.5. Differences are the
largest of all pixels, in steps of 1/255.
"""

from pathlib import Path

import click
import numpy as np

from benchmarks.runner_page import browsers, posted_by
from core import checkpoints
from core.checkpoints import Card, Checkpoint
from core.config import shipped_checkpoints_dir
from core.data import catalogue
from core.export.browser import TOLERANCE, BrowserModel, browser_model, cost
from core.inference import Autoencoder
from core.noise import Noise, add_noise

SCRIPT = Path(__file__).with_suffix(".js")
N, N_NOISY, N_PLAIN = 1000, 100, 100  # images; plain JavaScript gets the last ones, the noisy ones
NOISE = Noise(sigma=0.5)


def images_for(card: Card) -> np.ndarray:
    """N test images of the kind that a shipped model was trained on, and N_NOISY with noise."""
    dataset = "shapes" if card.dataset == "shapes" else "mnist-5k"
    x = catalogue.load(dataset).pixels(slice(0, N))
    return np.concatenate([x, add_noise(x[:N_NOISY], NOISE, seed=1)])


def with_answers(
    name: str, checkpoint: Checkpoint, x: np.ndarray
) -> tuple[BrowserModel, dict[str, bytes]]:
    """A model for the browser, and the files to compare it with: what the server makes of x."""
    server = Autoencoder(checkpoint)
    model = browser_model(checkpoint, x)
    z = server.encode(x)
    arrays = {"x": x, "z": z, "x_hat": server.decode(z)}
    files = {f"{name}/{key}": np.ascontiguousarray(a, "<f4") for key, a in arrays.items()}
    return model, {f"{name}/model": model.message()} | {k: a.tobytes() for k, a in files.items()}


def line(name: str) -> str:
    """A row of the table: one model in all browsers."""
    checkpoint = checkpoints.load(name)
    model, files = with_answers(name, checkpoint, images_for(checkpoint.card))
    needed = cost(checkpoint.card.plan)
    cells = [
        f"`{name}`",
        "float16" if model.header["half"] else "float32",
        f"{len(model.message()) / 1e6:.2f}",
        f"{(needed.encoding + needed.decoding) / 1e6:.2f}",
    ]
    task = {"models": [name], "plainImages": N_PLAIN}
    for browser in browsers():
        for found in posted_by(browser, SCRIPT.read_text("utf-8"), task, files):
            worst = max(found["images"], found["decoded"])
            cells.append(f"{worst / TOLERANCE:.3f}")
    return f"| {' | '.join(cells)} |"


@click.command()
def main() -> None:
    """Print the table."""
    names = [browser.name for browser in browsers()]
    kinds = [f"{name}, {kind}" for name in names for kind in ("WebAssembly", "plain JavaScript")]
    titles = ["model", "weights", "MB sent", "million multiply-adds", *kinds]
    click.echo(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for path in sorted(shipped_checkpoints_dir().glob("*.safetensors")):
        click.echo(line(path.stem))


if __name__ == "__main__":
    main()
