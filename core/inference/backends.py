"""Backends that run the layers of a checkpoint on a batch of arrays.

PCA is two matrix products in NumPy. Everything else runs on ONNX Runtime, which starts ten times
sooner than PyTorch and is up to twice as fast on convolutions; PyTorch is loaded only on machines
for which there is no ONNX Runtime.
"""

import os
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.checkpoints import Checkpoint
from core.machine import cores
from core.models.layers import Conv, Linear, Plan

Array = npt.NDArray[np.float32]
Tensors = dict[str, Array]
BATCH_PIXELS = 1024 * 784  # dense layers: large enough that the count of calls does not matter
SPATIAL_BATCH_PIXELS = 96 * 784  # convolutions: small enough to stay in the cache, twice as fast


class Backend(Protocol):
    """Runs one batch; safe for many threads. What overflows comes out as inf or nan, unwarned."""

    def encode(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, latent_dim)."""
        ...

    def decode(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, C, H, W)."""
        ...

    def locate(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, 1, H, W), for plans with a locator."""
        ...

    def hidden(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, k): the encoder's activations, flattened, and the code."""
        ...


def backend(checkpoint: Checkpoint) -> Backend:
    """The fastest way to run this checkpoint on this machine."""
    plan, tensors = checkpoint.card.plan, checkpoint.tensors
    if checkpoint.card.architecture.closed_form:
        return LinearBackend(plan, tensors)
    try:
        return OnnxBackend(plan, tensors)
    except ImportError:  # no wheel of ONNX Runtime for this machine
        from core.models.execution import TorchBackend

        return TorchBackend(plan, tensors)


def batch_size(plan: Plan) -> int:
    """The fastest number of images in a batch."""
    spatial = any(isinstance(layer, Conv) for layer in plan.encoder)
    pixels = SPATIAL_BATCH_PIXELS if spatial else BATCH_PIXELS
    return max(1, pixels // int(np.prod(plan.input_shape)))


class LinearBackend:
    """The linear autoencoder: one matrix product on the way down and one on the way up."""

    def __init__(self, plan: Plan, tensors: Tensors) -> None:
        self._shape = plan.input_shape
        down, up = (_linear_at(layers) for layers in (plan.encoder, plan.decoder))
        self._down = (tensors[f"encoder.{down}.weight"].T, tensors[f"encoder.{down}.bias"])
        self._up = (tensors[f"decoder.{up}.weight"].T, tensors[f"decoder.{up}.bias"])

    def encode(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, latent_dim)."""
        weight, bias = self._down
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(x.reshape(len(x), -1) @ weight + bias)

    def decode(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, C, H, W)."""
        weight, bias = self._up
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((z @ weight + bias).reshape(len(z), *self._shape))

    def locate(self, z: Array) -> Array:
        """No plan in closed form has a locator."""
        raise NotImplementedError

    def hidden(self, x: Array) -> Array:
        """The code: there is nothing else between image and code."""
        return self.encode(x)


class OnnxBackend:
    """The graph of a plan with given weights, on ONNX Runtime; ImportError where there is none."""

    def __init__(self, plan: Plan, tensors: Tensors) -> None:
        from core.models.onnx_export import to_onnx

        self._plan, self._tensors = plan, tensors
        self._encoder = self._session(to_onnx(plan, tensors, "encoder"))
        self._decoder = self._session(to_onnx(plan, tensors, "decoder"))

    @staticmethod
    def _session(graph: bytes) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = inference_threads()
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # they keep what is free
        # Threads that wait by spinning would take a training run's core from it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def encode(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, latent_dim)."""
        return np.asarray(self._encoder.run(None, {"x": x})[0])

    def decode(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, C, H, W)."""
        return np.asarray(self._decoder.run(None, {"z": z})[0])

    def locate(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, 1, H, W)."""
        return np.asarray(self._locator.run(None, {"z": z})[0])

    def hidden(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, k): the encoder's activations, flattened, and the code."""
        return np.asarray(self._hidden.run(None, {"x": x})[0])

    @cached_property
    def _locator(self) -> Any:
        from core.models.onnx_export import to_onnx

        return self._session(to_onnx(self._plan, self._tensors, "locator"))

    @cached_property
    def _hidden(self) -> Any:
        from core.models.onnx_export import hidden_to_onnx

        return self._session(hidden_to_onnx(self._plan, self._tensors))


def inference_threads() -> int:
    """OMP_NUM_THREADS, or half the cores: small networks are slow when threads wait for cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else max(1, cores() // 2)


def _linear_at(layers: tuple[object, ...]) -> int:
    return next(i for i, layer in enumerate(layers) if isinstance(layer, Linear))
