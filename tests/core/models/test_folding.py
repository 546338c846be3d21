"""Batch normalisation folded into the layer before it: the same numbers from fewer layers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.checkpoints import Checkpoint
from core.inference import Autoencoder
from core.models import ARCHITECTURES
from core.models.folding import folded
from core.models.layers import BatchNorm, Linear, Plan, Reshape
from tests.core.models_for_tests import SHAPE, tiny_checkpoint

NORMS = {"encoder", "decoder"}


@pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])
def test_folded_model_gives_the_same_numbers_without_batch_normalisation(arch: str) -> None:
    one = tiny_checkpoint(arch)
    plan, tensors = folded(one.card.plan, one.tensors)
    assert not any(isinstance(layer, BatchNorm) for layer in (*plan.encoder, *plan.decoder))
    assert {name: t.shape for name, t in tensors.items()} == plan.tensors()
    x = np.random.default_rng(0).random((9, *SHAPE), np.float32)
    server = Autoencoder(one)
    other = Autoencoder(Checkpoint(replace(one.card, plan=plan), tensors))
    np.testing.assert_allclose(other.encode(x), server.encode(x), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.reconstruct(x), server.reconstruct(x), rtol=1e-4, atol=1e-5)


def test_folding_changes_nothing_that_it_was_given() -> None:
    one = tiny_checkpoint("conv")
    before = {name: t.copy() for name, t in one.tensors.items()}
    folded(one.card.plan, one.tensors)
    assert before.keys() == one.tensors.keys()
    assert all(np.array_equal(before[name], t) for name, t in one.tensors.items())


def test_batch_normalisation_that_follows_no_weights_stays() -> None:
    flat, up = Reshape((6,)), Linear(6, 6)
    plan = Plan((1, 2, 3), (6,), (flat, BatchNorm(6), up), (up, Reshape((1, 2, 3)), BatchNorm(1)))
    rng = np.random.default_rng(0)
    tensors: dict[str, Any] = {
        name: rng.random(shape).astype(np.float32) for name, shape in plan.tensors().items()
    }
    kept, found = folded(plan, tensors)
    assert kept == plan
    assert found.keys() == tensors.keys()
