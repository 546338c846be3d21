"""A Plan as a PyTorch network."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from core.models.layers import (
    Activation,
    BatchNorm,
    Bound,
    Conv,
    ConvTranspose,
    Layer,
    Layers,
    Linear,
    Plan,
    Reshape,
    Skip,
)
from core.models.repair import repair_loss

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
}


class BoundToUnit(nn.Module):
    """(1 + tanh a) / 2, as sigmoid(2 a): the same, and five times as fast as PyTorch's tanh."""

    def forward(self, a: Tensor) -> Tensor:
        return torch.sigmoid(a + a)


class SkipConnection(nn.Sequential):
    """X + what its layers make of x."""

    def forward(self, x: Tensor) -> Tensor:
        return x + cast(Tensor, super().forward(x))  # type: ignore[no-untyped-call]


def module(layer: Layer) -> nn.Module:
    """The module that does what `layer` says."""
    match layer:
        case Linear(n_in, n_out, bias):
            return nn.Linear(n_in, n_out, bias)
        case Conv(c_in, c_out, bias, stride):
            return nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=bias)
        case ConvTranspose(c_in, c_out, grow, bias):
            return nn.ConvTranspose2d(
                c_in, c_out, 3, stride=2, padding=1, output_padding=grow, bias=bias
            )
        case BatchNorm(n, spatial):
            return nn.BatchNorm2d(n) if spatial else nn.BatchNorm1d(n)
        case Activation(name):
            return ACTIVATIONS[name]()
        case Bound():
            return BoundToUnit()
        case Reshape(shape):
            return nn.Unflatten(1, shape) if len(shape) > 1 else nn.Flatten()
        case Skip(layers):
            return SkipConnection(*map(module, layers))


def _sequence(layers: Layers) -> nn.Sequential:
    return nn.Sequential(*map(module, layers))


class Network(nn.Module):
    """encoder, decoder and locator of a plan, with the names that Plan.tensors() gives."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.encoder = _sequence(plan.encoder)
        self.decoder = _sequence(plan.decoder)
        if plan.locator:
            self.locator = _sequence(plan.locator)

    def encode(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, latent_dim): the code, or its mean if variational."""
        return cast(Tensor, self.encoder(x)[:, : self.plan.latent_dim])

    def decode(self, z: Tensor) -> Tensor:
        """(B, latent_dim) -> (B, C, H, W)."""
        return cast(Tensor, self.decoder(z))

    def locate(self, z: Tensor) -> Tensor:
        """(B, latent_dim) -> (B, 1, H, W) in [0, 1]: where the image had to be repaired."""
        return cast(Tensor, self.locator(z))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W), nothing drawn at random."""
        return self.decode(self.encode(x))

    def code_noise(self, n: int, generator: torch.Generator) -> Tensor | None:
        """Random numbers for loss() with n images: (n, latent_dim) normal if variational."""
        if not self.plan.variational:
            return None
        drawn = torch.empty(n, self.plan.latent_dim, device=generator.device)
        return drawn.normal_(generator=generator)

    def loss(self, x_in: Tensor, target: Tensor, drawn: Tensor | None = None) -> Tensor:
        """The training loss of one batch: the MSE against target.

        Plus beta * KL / D if variational; drawn: of code_noise(), for variational plans only.
        With a locator, see repair_loss().
        """
        if self.plan.locator:
            z = self.encode(x_in)
            return repair_loss(self.decode(z), self.locate(z), x_in, target)
        if drawn is None:
            return nn.functional.mse_loss(self(x_in), target)
        mu, logvar = self.encoder(x_in).chunk(2, dim=1)  # (B, k) each
        z = mu + drawn * torch.exp(0.5 * logvar)
        kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()
        error = nn.functional.mse_loss(self.decode(z), target)
        return cast(Tensor, error + self.plan.beta * kl / target[0].numel())
