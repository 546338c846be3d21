"""The runner in Chromium, on a page with a strict policy: the numbers of the server's models."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.runner_equality import N_NOISY, SCRIPT, images_for, with_answers
from benchmarks.runner_page import WASM, WORKER, page, serving_page
from core import checkpoints
from core.checkpoints import Checkpoint
from core.config import shipped_checkpoints_dir
from core.data import catalogue
from core.export.browser import TOLERANCE, refusal
from core.inference import Autoencoder
from core.models import ARCHITECTURES
from tests.core.models_for_tests import tiny_checkpoint

SHIPPED = sorted(path.stem for path in shipped_checkpoints_dir().glob("*.safetensors"))
N, N_PLAIN = 1000, 40  # images; plain JavaScript is ten times slower
ALONE = """async ([message, digest, x]) => {
  const { Runner, source } = hourglassRunner();
  const runner = new Runner(source);
  runner.register(digest, () => Uint8Array.from(atob(message), (c) => c.charCodeAt(0)).buffer);
  const { images } = await runner.run({ digest, way: "reconstruct", values: new Float32Array(x) });
  runner.close();
  return [...images];
}"""
DRAG = """async (digest) => {
  const { Runner, source } = hourglassRunner();
  const runner = new Runner(source);
  runner.register(digest, async () => (await fetch("tested/model")).arrayBuffer());
  const x = new Float32Array(await (await fetch("tested/x")).arrayBuffer());
  const [one, many] = [x.subarray(0, 784), new Float32Array(784 * 4000)];
  await runner.run({ digest, way: "encode", values: one });
  let [longest, last, ended] = [0, performance.now(), false];
  const watch = () => {
    const now = performance.now();
    [longest, last] = [Math.max(longest, now - last), now];
    if (!ended) setTimeout(watch, 0);
  };
  const bulk = runner.run({ digest, way: "reconstruct", values: many }).then(() => (ended = true));
  watch();
  let [waits, during, skipped] = [[], 0, 0];
  const step = async (start) => {
    const run = { digest, way: "reconstruct", values: one, colours: true };
    const answer = await runner.latest("drag", run);
    if (!answer) skipped++;
    else if (waits.push(performance.now() - start) && !ended) during++;
  };
  const steps = [];
  while (!ended && steps.length < 300) {
    for (let i = 0; i < 3; i++) steps.push(step(performance.now())); // faster than any screen
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  await Promise.all([bulk, ...steps]);
  runner.close();
  waits.sort((a, b) => a - b);
  const [shown, wait] = [waits.length, waits[waits.length >> 1]];
  return { shown, wait, during, skipped, longest, steps: steps.length };
}"""


@dataclass(frozen=True)
class Opened:
    """The page in a tab, beside a model and what the server makes of n images.

    largest: the largest number in their codes.
    """

    tab: Any
    digest: str
    n: int
    largest: float

    def assert_equal_to_the_server(
        self, kind: str, n: int | None = None, plain: bool = False
    ) -> None:
        """On the last n images, or on all; codes may differ by a share of the largest number.

        kind: of kernels that must have been used.  plain: whether plain ones are asked for.
        """
        n = n or self.n
        found = self.tab.evaluate("(given) => compared(...given)", ["tested", plain, n])
        assert (found["kind"], found["n"]) == (kind, n)
        assert found["images"] <= TOLERANCE
        assert found["decoded"] <= TOLERANCE
        assert found["codes"] <= TOLERANCE * self.largest


@contextmanager
def opened(
    browser: Any, checkpoint: Checkpoint, x: np.ndarray, wasm: str = WASM, worker: str = WORKER
) -> Iterator[Opened]:
    model, files = with_answers("tested", checkpoint, x)
    largest = float(np.abs(np.frombuffer(files["tested/z"], "<f4")).max())
    html = page(SCRIPT.read_text("utf-8"), wasm, worker)
    with serving_page(files, html) as served, browser.new_context() as context:
        tab = context.new_page()
        tab.goto(served.address)
        yield Opened(tab, model.header["digest"], len(x), largest)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_model_in_the_page_is_equal_to_the_server(name: str, browser: Any) -> None:
    checkpoint = checkpoints.load(name)
    assert refusal(checkpoint.card.plan) == ""
    x = images_for(checkpoint.card)
    assert len(x) == N + N_NOISY
    with opened(browser, checkpoint, x) as tab:
        tab.assert_equal_to_the_server("wasm")
        tab.assert_equal_to_the_server("plain", N_PLAIN, plain=True)


ON_THE_SERVER = {"repair"}  # what a page does not compute, and says so


@pytest.mark.parametrize("shape", [(1, 16, 17), (3, 33, 20)], ids=str)
@pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])
def test_small_model_of_each_architecture_is_equal_to_the_server(
    arch: str, shape: tuple[int, int, int], browser: Any
) -> None:
    x = np.random.default_rng(0).random((50, *shape), np.float32)
    checkpoint = tiny_checkpoint(arch, shape)
    if arch in ON_THE_SERVER:
        assert "skip connections" in refusal(checkpoint.card.plan)
        return
    with opened(browser, checkpoint, x) as tab:
        tab.assert_equal_to_the_server("wasm")
        tab.assert_equal_to_the_server("plain", plain=True)


@pytest.mark.parametrize(
    ("wasm", "worker", "kind"),
    [("", WORKER, "plain"), (WASM, "'none'", "wasm"), ("", "'none'", "plain")],
    ids=["no WebAssembly", "no worker", "neither"],
)
def test_page_that_forbids_more_computes_the_same(
    wasm: str, worker: str, kind: str, browser: Any
) -> None:
    checkpoint = tiny_checkpoint("conv")
    x = np.random.default_rng(0).random((9, *checkpoint.card.input_shape), np.float32)
    with opened(browser, checkpoint, x, wasm, worker) as tab:
        tab.assert_equal_to_the_server(kind)


def test_page_from_a_file_computes_without_any_server(browser: Any, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint("conv")
    x = np.random.default_rng(0).random((9, *checkpoint.card.input_shape), np.float32)
    model, _ = with_answers("tested", checkpoint, x)
    file = tmp_path / "page.html"
    file.write_text(page(), "utf-8")
    with browser.new_context(offline=True) as context:
        tab = context.new_page()
        tab.goto(file.as_uri())
        message = base64.b64encode(model.message()).decode()
        images = tab.evaluate(ALONE, [message, model.header["digest"], x.ravel().tolist()])
    expected = Autoencoder(checkpoint).reconstruct(x).ravel()
    np.testing.assert_allclose(images, expected, rtol=0, atol=TOLERANCE)


def test_drag_is_answered_beside_a_long_request_and_the_page_never_waits(browser: Any) -> None:
    checkpoint = checkpoints.load("mnist-conv-32")
    x = catalogue.load("mnist-5k").pixels(slice(0, 1))
    with opened(browser, checkpoint, x) as tab:
        found = tab.tab.evaluate(DRAG, tab.digest)
    assert found["shown"] + found["skipped"] == found["steps"]
    assert found["during"] > 10  # were shown before the long request ended
    assert found["skipped"] > 10  # came too fast, and were left out instead of queued
    assert found["wait"] < 100
    assert found["longest"] < 200
