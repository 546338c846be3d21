"""Models for the browser: where layers find their numbers, the choice of float16, the bounds."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core import checkpoints
from core.checkpoints import Checkpoint
from core.export import browser
from core.export.browser import BrowserModel, browser_model
from core.models import ARCHITECTURES, architecture
from core.models.folding import folded
from core.models.layers import Conv, ConvTranspose, Linear, Reshape
from core.models.network import Network
from tests.core.models_for_tests import SHAPE, SMALL, tiny_checkpoint, tiny_document

each = pytest.mark.parametrize(
    "arch", [spec.name for spec in ARCHITECTURES if spec.name != "repair"]
)


def images(n: int = 5) -> np.ndarray:
    return np.random.default_rng(1).random((n, *SHAPE), np.float32)


def opened(model: BrowserModel) -> tuple[dict, np.ndarray, np.ndarray]:
    """Header, weights and the other numbers, as a browser finds them in the message."""
    message = model.message()
    start = 4 + int.from_bytes(message[:4], "little")
    header = json.loads(message[4:start])
    dtype = np.dtype("<f2" if header["half"] else "<f4")
    weights = np.frombuffer(message, dtype, header["weights"], start)
    middle = start + -(-weights.nbytes // 4) * 4
    assert len(message) == middle + 4 * header["others"]
    return header, weights, np.frombuffer(message, "<f4", header["others"], middle)


@each
def test_layers_point_to_their_own_numbers(arch: str) -> None:
    one = tiny_checkpoint(arch)
    header, weights, others = opened(browser_model(one, images(0)))
    plan, tensors = folded(one.card.plan, one.tensors)
    assert not header["half"]
    for part, layers in (("encoder", plan.encoder), ("decoder", plan.decoder)):
        for i, (layer, sent) in enumerate(zip(layers, header[part], strict=True)):
            if isinstance(layer, Linear | Conv | ConvTranspose):
                expected = tensors[f"{part}.{i}.weight"].ravel()
                assert np.array_equal(weights[sent["weight"] :][: expected.size], expected)
                bias = tensors[f"{part}.{i}.bias"]
                assert np.array_equal(others[sent["bias"] :][: bias.size], bias)
            elif isinstance(layer, Reshape):
                assert tuple(sent["shape"]) == layer.shape


@each
def test_half_is_sent_only_where_pictures_and_codes_stay(arch: str) -> None:
    one = tiny_checkpoint(arch)
    error = browser.half_error(one, images())
    assert 0 < error < 0.1
    half = browser_model(one, images()).header["half"]
    assert half is (error <= browser.HALF_SHARE * browser.TOLERANCE)


def test_half_is_refused_where_it_would_show() -> None:
    one = tiny_checkpoint("dense")
    wild = {name: 30 * t if t.ndim > 1 else t for name, t in one.tensors.items()}
    assert browser_model(one, images()).header["half"]
    assert not browser_model(Checkpoint(one.card, wild), images()).header["half"]


def test_half_is_refused_for_weights_that_it_cannot_hold() -> None:
    one = tiny_checkpoint("pca")
    wild = {name: t * np.float32(1e6) for name, t in one.tensors.items()}
    assert not browser_model(Checkpoint(one.card, wild), images()).header["half"]


def test_half_takes_half_the_room_for_weights_and_none_of_the_biases() -> None:
    one = tiny_checkpoint("dense")
    header, weights, others = opened(browser_model(one, images()))
    assert header["half"]
    _, tensors = folded(one.card.plan, one.tensors)
    assert weights.nbytes == 2 * sum(t.size for t in tensors.values() if t.ndim > 1)
    assert np.array_equal(others[header["encoder"][1]["bias"] :][:8], tensors["encoder.1.bias"])


def test_digest_of_a_file_is_known_without_its_weights(tmp_path: Path) -> None:
    one = tiny_checkpoint("dense")
    files = [tmp_path / "one.safetensors", tmp_path / "same.safetensors"]
    saved = [checkpoints.save(path, one.card.document, one.tensors) for path in files]
    other = checkpoints.save(files[0], tiny_document("vae"), tiny_checkpoint("vae").tensors)
    first, same, second = map(browser.digest, (*saved, other))
    assert first == same != second
    assert browser_model(checkpoints.read(files[1]), images(0)).header["digest"] == first


@pytest.mark.parametrize("changed", ["encoder.1.weight", "decoder.3.bias", "activation"])
def test_digest_of_a_model_in_no_file_is_that_of_its_content(changed: str) -> None:
    one = tiny_checkpoint("dense")
    options = one.card.options | ({"activation": "tanh"} if changed == "activation" else {})
    other = tiny_checkpoint("dense", options=options)
    if changed != "activation":
        other.tensors[changed][...] += 0.1
    first, again, second = (
        browser_model(model, images(0)).header["digest"]
        for model in (one, tiny_checkpoint("dense"), other)
    )
    assert first == again != second


@pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 33, 47)], ids=str)
def test_cost_counts_the_products_that_pytorch_counts(arch: str, shape: tuple) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    plan = architecture(arch).plan(shape, SMALL.get(arch, {}))
    network = Network(plan).eval()
    found = browser.cost(plan)
    for given, layers, ours in (
        (torch.zeros(1, *shape), network.encoder, found.encoding),
        (torch.zeros(1, plan.latent_dim), network.decoder, found.decoding),
    ):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            layers(given)
        assert ours == counter.get_total_flops() / 2
    assert found.parameters == plan.n_parameters()


def test_models_with_skip_connections_stay_on_the_server_and_say_why() -> None:
    refused = browser.refusal(architecture("repair").plan((1, 28, 28), {}))
    assert refused == "This model is computed on the server: it has skip connections."


def test_large_models_stay_on_the_server_and_say_why() -> None:
    small = architecture("conv").plan((1, 28, 28), {})
    heavy = architecture("conv").plan((3, 512, 512), {})
    default = architecture("dense").plan((3, 64, 64), {})
    large = architecture("dense").plan((3, 128, 128), {})
    assert browser.refusal(small) == browser.refusal(default) == ""
    assert "million multiplications" in browser.refusal(heavy)
    assert "parameters" in browser.refusal(large)
    assert browser.cost(heavy).milliseconds > 500
    assert 1 < browser.cost(small).milliseconds < 10
