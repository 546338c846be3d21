"""Every architecture of the registry, tested by being listed."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from core import principal
from core.config import OptionError
from core.models import ARCHITECTURES, BY_NAME, ArchSpec, architecture, pca
from core.models.network import Network
from tests.core.models_for_tests import SMALL

each = pytest.mark.parametrize("spec", ARCHITECTURES, ids=lambda s: s.name)
SHAPES = [(1, 28, 28), (3, 16, 16), (3, 33, 47), (4, 21, 64)]


@each
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_network_encodes_to_the_latent_size_and_decodes_to_the_images_shape(
    spec: ArchSpec, shape: tuple[int, int, int]
) -> None:
    plan = spec.plan(shape, SMALL.get(spec.name, {}))
    network = Network(plan).eval()
    x = torch.rand(3, *shape)
    z = network.encode(x)
    assert z.shape == (3, plan.latent_dim)
    assert plan.latent_dim == math.prod(plan.code_shape)
    assert network.decode(z).shape == x.shape
    assert torch.equal(network(x), network.decode(z))


@each
def test_plan_names_exactly_the_tensors_that_the_network_has(spec: ArchSpec) -> None:
    plan = spec.plan((3, 30, 20), {})
    network = Network(plan)
    state = {name: tuple(t.shape) for name, t in network.state_dict().items() if t.ndim}
    assert plan.tensors() == state
    assert plan.n_parameters() == sum(p.numel() for p in network.parameters())


@each
def test_bounded_output_stays_in_the_unit_range_and_linear_output_leaves_it(spec: ArchSpec) -> None:
    if "bounded" not in {option.name for option in spec.options}:
        pytest.skip(f"{spec.name} has a linear output only")
    for bounded in (True, False):
        plan = spec.plan((1, 16, 16), SMALL.get(spec.name, {}) | {"bounded": bounded})
        torch.manual_seed(0)
        x_hat = Network(plan).eval().decode(100 * torch.randn(50, plan.latent_dim)).detach()
        outside = bool((x_hat < 0).any() or (x_hat > 1).any())
        assert outside is not bounded


@each
def test_options_out_of_bounds_are_refused_before_anything_is_built(spec: ArchSpec) -> None:
    for option in spec.options:
        wrong = {"int": 10**9, "float": 1e9, "bool": "yes", "choice": "sigmoid", "widths": [10**9]}[
            option.kind
        ]
        with pytest.raises(OptionError, match=option.name):
            spec.plan((1, 28, 28), {option.name: wrong})
    with pytest.raises(OptionError, match="no option"):
        spec.plan((1, 28, 28), {"colour": 1})


@each
@pytest.mark.parametrize("shape", [(0, 28, 28), (1, 15, 28), (1, 28, 513), (17, 28, 28)])
def test_images_out_of_bounds_are_refused(spec: ArchSpec, shape: tuple[int, int, int]) -> None:
    with pytest.raises(OptionError, match="do not fit"):
        spec.plan(shape, {})


def test_a_model_too_large_is_refused_by_its_count_of_parameters() -> None:
    with pytest.raises(OptionError, match="parameters"):
        architecture("dense").plan((3, 256, 256), {"widths": [8192, 8192]})


def test_registry_is_frozen_and_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ARCHITECTURES[0].name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        BY_NAME["other"] = ARCHITECTURES[0]  # type: ignore[index]
    with pytest.raises(OptionError, match="pca, dense, conv, vae"):
        architecture("gan")


def test_overcomplete_dense_has_a_code_larger_than_its_input() -> None:
    plan = architecture("dense").plan((1, 16, 16), {"latent_dim": 512, "widths": []})
    assert plan.latent_dim == 2 * 16 * 16


def test_conv_without_projection_has_a_block_of_feature_maps_as_code() -> None:
    assert architecture("conv").plan((1, 28, 28), {}).code_shape == (64, 2, 2)
    assert architecture("conv").plan((1, 28, 28), {"latent_dim": 32}).code_shape == (32,)


@pytest.mark.parametrize("wide", [1024, 32], ids=["all components", "the largest few"])
def test_pca_encodes_and_decodes_as_scikit_learn_does(
    wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principal, "WIDE", wide)
    rng = np.random.default_rng(0)
    x = (rng.random((60, 1, 16, 16)) * np.linspace(0.1, 1, 256).reshape(16, 16)).astype(np.float32)
    flat = x.reshape(60, -1)
    tensors, shares = pca.fit(flat, 5)
    network = Network(architecture("pca").plan((1, 16, 16), {"latent_dim": 5})).eval()
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    twin = PCA(5, svd_solver="full").fit(flat)
    z = network.encode(torch.from_numpy(x)).detach().numpy()
    z_twin = twin.transform(flat)
    np.testing.assert_allclose(np.abs(z), np.abs(z_twin), atol=1e-4)
    x_hat = network(torch.from_numpy(x)).detach().numpy().reshape(60, -1)
    np.testing.assert_allclose(x_hat, twin.inverse_transform(z_twin), atol=1e-5)
    np.testing.assert_allclose(shares, twin.explained_variance_ratio_, rtol=1e-4)


def test_vae_loss_is_the_error_plus_the_divergence_from_the_standard_normal() -> None:
    plan = architecture("vae").plan(
        (1, 16, 16), {"latent_dim": 2, "widths": [8], "beta": 3.0, "batch_norm": False}
    )
    network = Network(plan)
    x = torch.rand(6, 1, 16, 16)
    loss = network.loss(x, x, network.code_noise(len(x), torch.Generator().manual_seed(1)))
    mu, logvar = network.encoder(x).chunk(2, dim=1)
    z = mu + torch.randn(mu.shape, generator=torch.Generator().manual_seed(1)) * (logvar / 2).exp()
    standard = torch.distributions.Normal(0, 1)
    kl = (
        torch.distributions.kl_divergence(
            torch.distributions.Normal(mu, (logvar / 2).exp()), standard
        )
        .sum(1)
        .mean()
    )
    expected = (network.decode(z) - x).square().mean() + 3.0 * kl / 256
    torch.testing.assert_close(loss, expected)
