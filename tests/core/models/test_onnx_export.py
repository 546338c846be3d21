"""ONNX: the same numbers as PyTorch gives, for every architecture, part and batch."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from core.checkpoints import Card, Checkpoint
from core.inference import Autoencoder
from core.models import ARCHITECTURES, architecture
from core.models.execution import TorchBackend
from core.models.onnx_export import PARTS, to_onnx
from tests.core.models_for_tests import SMALL, tiny_checkpoint, tiny_document, tiny_tensors

ACTIVATIONS = ("relu", "silu", "gelu", "tanh")
SHAPE = (3, 17, 20)  # odd and even sides: the way up must give both


def checkpoint(arch: str, **options: Any) -> Checkpoint:
    checked = architecture(arch).check(SMALL.get(arch, {}) | options)
    document = tiny_document(arch, SHAPE, options=checked)
    plan = architecture(arch).plan(SHAPE, checked)
    return Checkpoint(Card("tiny", Path(), False, document, plan), tiny_tensors(document))


def ran(content: bytes, name: str, values: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {name: values})
    return np.asarray(out)


def cases() -> list[Any]:
    found = [pytest.param(spec.name, {}, id=spec.name) for spec in ARCHITECTURES]
    for spec in ARCHITECTURES:
        names = {option.name for option in spec.options}
        if "activation" in names:
            found += [
                pytest.param(spec.name, {"activation": a}, id=f"{spec.name}-{a}")
                for a in ACTIVATIONS
            ]
            plain = {"batch_norm": False, "bounded": False}
            if names >= set(plain):
                found.append(pytest.param(spec.name, plain, id=f"{spec.name}-plain"))
    found.append(pytest.param("conv", {"latent_dim": 5}, id="conv-vector"))
    found.append(pytest.param("dense", {"code_activation": True, "widths": []}, id="dense-flat"))
    return found


@pytest.mark.parametrize(("arch", "options"), cases())
@pytest.mark.parametrize("n", [1, 7])
def test_onnx_gives_the_numbers_of_pytorch(arch: str, options: dict[str, Any], n: int) -> None:
    one = checkpoint(arch, **options)
    model = Autoencoder(one)
    x = np.random.default_rng(n).random((n, *SHAPE), np.float32)
    z = model.encode(x)
    encoder, decoder, whole = (
        to_onnx(one.card.plan, one.tensors, part) for part in ("encoder", "decoder", "whole")
    )
    np.testing.assert_allclose(ran(encoder, "x", x), z, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ran(decoder, "z", z), model.decode(z), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ran(whole, "x", x), model.reconstruct(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_onnx_of_no_images_is_no_images(part: Any) -> None:
    one = tiny_checkpoint("conv")
    plan = one.card.plan
    shape = (plan.latent_dim,) if part == "decoder" else plan.input_shape
    name = "z" if part == "decoder" else "x"
    out = ran(to_onnx(plan, one.tensors, part), name, np.empty((0, *shape), np.float32))
    assert len(out) == 0


def test_onnx_says_what_it_is() -> None:
    import onnx

    one = tiny_checkpoint("dense")
    model = onnx.load_from_string(to_onnx(one.card.plan, one.tensors, about="what it is"))
    assert model.doc_string == "what it is"
    assert [value.name for value in model.graph.output] == ["x_hat"]
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"


def test_onnx_of_a_locator_gives_the_numbers_of_pytorch_and_stays_in_the_unit_range() -> None:
    one = checkpoint("repair")
    x = np.random.default_rng(0).random((5, *SHAPE), np.float32)
    x_hat, found = Autoencoder(one).repair(x)
    torch_made = TorchBackend(one.card.plan, one.tensors)
    z = torch_made.encode(x)
    np.testing.assert_allclose(found, torch_made.locate(z)[:, 0], atol=1e-5)
    np.testing.assert_allclose(x_hat, torch_made.decode(z), atol=1e-5)
    assert found.min() >= 0
    assert found.max() <= 1
