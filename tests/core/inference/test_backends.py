"""All ways to run a checkpoint give the same, over the registry."""

import subprocess
import sys

import numpy as np
import pytest

from core.inference import backends
from core.models import ARCHITECTURES
from core.models.execution import TorchBackend
from core.noise import Noise, add_noise
from tests.core.models_for_tests import tiny_checkpoint

each = pytest.mark.parametrize("arch", [spec.name for spec in ARCHITECTURES])


@each
@pytest.mark.parametrize("shape", [(1, 16, 17), (3, 33, 20)], ids=str)
@pytest.mark.parametrize("n", [1, 7])
def test_backend_chosen_gives_what_torch_gives(
    arch: str, shape: tuple[int, int, int], n: int
) -> None:
    checkpoint = tiny_checkpoint(arch, shape)
    x = np.random.default_rng(0).random((n, *shape), np.float32)
    x = add_noise(x, Noise(sigma=0.5), 0)
    chosen = backends.backend(checkpoint)
    torch = TorchBackend(checkpoint.card.plan, checkpoint.tensors)
    z = torch.encode(x)
    np.testing.assert_allclose(chosen.encode(x), z, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(chosen.decode(z), torch.decode(z), rtol=1e-5, atol=1e-5)
    hidden = torch.hidden(x)
    np.testing.assert_allclose(chosen.hidden(x), hidden, rtol=1e-4, atol=1e-5)
    code = hidden[:, -checkpoint.card.latent_dim :]  # what it ends with
    np.testing.assert_allclose(code, z, rtol=1e-5, atol=1e-5)
    assert not isinstance(chosen, TorchBackend)


def test_backend_without_onnx_runtime_is_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert isinstance(backends.backend(tiny_checkpoint("dense")), TorchBackend)
    assert isinstance(backends.backend(tiny_checkpoint("pca")), backends.LinearBackend)


def test_looking_through_a_shipped_checkpoint_loads_no_torch() -> None:
    code = (
        "import sys, numpy as np\n"
        "from core import checkpoints\n"
        "from core.inference import Autoencoder\n"
        "for card in checkpoints.available():\n"
        "    x = np.zeros((2, *card.input_shape), np.float32)\n"
        "    assert np.isfinite(Autoencoder.load(card.name).errors(x)).all()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_inference_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert backends.inference_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert backends.inference_threads() >= 1
