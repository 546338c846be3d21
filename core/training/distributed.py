"""Several processes that train one model, as torchrun starts them: gloo on CPUs, nccl on GPUs.

Each takes its share of every batch. Losses, gradients and batch statistics are put together, so
that the result is that of one process with the same batches, but for rounding.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import PrefixStore  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

from core.models.network import Network


@dataclass(frozen=True)
class Team:
    """The processes that train together; rank 0 alone writes files.

    device: the one that messages between them go through.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    def share(self, n: int) -> tuple[slice, float]:
        """Which of a batch's n images are this process's, and what their mean loss counts.

        The mean over the team of (weight * mean loss of the share) is the mean loss of the batch.
        """
        if self.size == 1:
            return slice(None), 1.0
        bounds = [round(n * i / self.size) for i in range(self.size + 1)]
        part = slice(bounds[self.rank], bounds[self.rank + 1])
        return part, (part.stop - part.start) * self.size / n

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the team; to be called by all of it."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def agreed(self, number: int) -> int:
        """The number of rank 0, on all ranks; to be called by all of the team."""
        if self.size == 1:
            return number
        message = torch.tensor([number], dtype=torch.int64, device=self.device)
        dist.broadcast(message, src=0)
        return int(message.item())

    def told(self, content: bytes) -> bytes:
        """The bytes of rank 0, of any length, on all ranks; to be called by all of the team."""
        if self.size == 1:
            return content
        message = torch.empty(self.agreed(len(content)), dtype=torch.uint8, device=self.device)
        if not len(message):
            return b""
        if self.rank == 0:
            message.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        dist.broadcast(message, src=0)
        return message.cpu().numpy().tobytes()


ALONE = Team()


@contextmanager
def joined(device: str = "auto") -> Iterator[Team]:
    """The team that torchrun started this process for, or ALONE."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    cuda = device in ("auto", "cuda") and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # By default a restarted team may find the addresses of its dead predecessors in the store.
    store, rank, size = next(rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    fresh = PrefixStore(f"hourglass/{attempt}", store)
    backend = "nccl" if cuda else "gloo"
    dist.init_process_group(backend, store=fresh, rank=rank, world_size=size)
    try:
        yield Team(rank, size, "cuda" if cuda else "cpu")
    finally:
        dist.destroy_process_group()


def end(status: int) -> NoReturn:
    """End this process, without the interpreter's own way out, which may abort in a team.

    DistributedDataParallel never lets go of gloo's threads. One of them that still has a tensor to
    give back when the interpreter is taken down kills the process with SIGABRT, and torchrun takes
    that for a failed training.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class Objective(nn.Module):
    """Network.loss as a module, which is what DistributedDataParallel wraps."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_in: Tensor, target: Tensor, drawn: Tensor | None) -> Tensor:
        return self.network.loss(x_in, target, drawn)


def together(network: Network) -> nn.Module:
    """The loss of `network`, whose gradients and batch statistics are those of the whole batch.

    The batch normalisations of network are changed in place; names of tensors stay.
    """
    for part in (network.encoder, network.decoder):
        for name, layer in part.named_children():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(part, name, _SharedBatchNorm(layer))
    return nn.parallel.DistributedDataParallel(Objective(network), forward_sync_buffers=False)


class _SharedBatchNorm(nn.Module):
    """Batch normalisation over the batches of all processes; torch's own is for GPUs only."""

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum
        self.weight, self.bias = norm.weight, norm.bias
        for name, values in norm.named_buffers():
            self.register_buffer(name, values)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n) or (B, n, h, w) -> the same shape."""
        mean, var = cast(Tensor, self.running_mean), cast(Tensor, self.running_var)
        if self.training:
            mean, var = self._measured(x)
        shape = (1, -1, *(1 for _ in x.shape[2:]))
        scale = self.weight * torch.rsqrt(var + self.eps)
        return x * scale.view(shape) + (self.bias - mean * scale).view(shape)

    def _measured(self, x: Tensor) -> tuple[Tensor, Tensor]:
        dims = [0, *range(2, x.ndim)]
        n = _Sum.apply(torch.full((1,), x.numel() / x.shape[1], device=x.device))
        mean = _Sum.apply(x.sum(dims)) / n
        deviation = x - mean.view(1, -1, *(1 for _ in x.shape[2:]))
        var = _Sum.apply(deviation.square().sum(dims)) / n
        with torch.no_grad():
            momentum = cast(float, self.momentum)
            cast(Tensor, self.running_mean).lerp_(mean, momentum)
            cast(Tensor, self.running_var).lerp_(var * n / (n - 1), momentum)
        return mean, var


class _Sum(torch.autograd.Function):
    """The sum over all processes, of values on the way forward and of gradients on the way back."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        values = values.clone()
        dist.all_reduce(values)
        return values

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)
        return gradient
