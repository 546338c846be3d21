"""Runs a plan's layers on arrays with PyTorch, on machines for which there is no ONNX Runtime."""

import numpy as np
import numpy.typing as npt
import torch

from core.models.layers import Activation, Conv, Plan
from core.models.network import Network

Array = npt.NDArray[np.float32]


class TorchBackend:
    """The network of a plan with given weights, in evaluation mode, on the CPU."""

    def __init__(self, plan: Plan, tensors: dict[str, Array]) -> None:
        with torch.device("meta"):
            network = Network(plan)
        state = {name: torch.from_numpy(t) for name, t in tensors.items()}
        state |= {
            name: torch.zeros((), dtype=torch.int64)
            for name in network.state_dict()
            if name.endswith("num_batches_tracked")
        }
        network.load_state_dict(state, strict=True, assign=True)
        spatial = any(isinstance(layer, Conv) for layer in plan.encoder)
        layout = torch.channels_last if spatial else torch.contiguous_format
        self._plan = plan
        self._network = network.eval().requires_grad_(False).to(memory_format=layout)

    def encode(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, latent_dim)."""
        with torch.inference_mode():
            return np.asarray(self._network.encode(torch.from_numpy(x)).numpy())

    def decode(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, C, H, W)."""
        with torch.inference_mode():
            return np.asarray(self._network.decode(torch.from_numpy(z)).numpy())

    def locate(self, z: Array) -> Array:
        """(B, latent_dim) -> (B, 1, H, W)."""
        with torch.inference_mode():
            return np.asarray(self._network.locate(torch.from_numpy(z)).numpy())

    def hidden(self, x: Array) -> Array:
        """(B, C, H, W) -> (B, k): the encoder's activations, flattened, and the code."""
        layers, found = self._plan.encoder, []
        with torch.inference_mode():
            values = torch.from_numpy(x)
            for layer, module in zip(layers, self._network.encoder.children(), strict=True):
                values = module(values)
                if isinstance(layer, Activation):
                    found.append(values.flatten(1))
            if not layers or not isinstance(layers[-1], Activation):
                found.append(values.flatten(1)[:, : self._plan.latent_dim])
            return np.asarray(torch.cat(found, dim=1).numpy())
