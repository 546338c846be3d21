"""Training by several processes, started by torchrun: gloo on CPUs, nccl on GPUs.

Each process takes a share of every batch. Losses, gradients and batch statistics are combined, so
that the result equals that of one process with the same batches, except for rounding.
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
    """The processes that train together; only rank 0 writes files.

    device: used for messages between them.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    def share(self, n: int) -> tuple[slice, float]:
        """The slice of a batch's n images that this process takes, and the weight of its mean loss.

        The mean over the team of (weight * mean loss of the share) is the mean loss of the batch.
        """
        if self.size == 1:
            return slice(None), 1.0
        bounds = [round(n * i / self.size) for i in range(self.size + 1)]
        part = slice(bounds[self.rank], bounds[self.rank + 1])
        return part, (part.stop - part.start) * self.size / n

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the team; all processes must call it."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def broadcast_int(self, number: int) -> int:
        """The number of rank 0, on all ranks; all processes must call it."""
        if self.size == 1:
            return number
        message = torch.tensor([number], dtype=torch.int64, device=self.device)
        dist.broadcast(message, src=0)
        return int(message.item())

    def broadcast_bytes(self, content: bytes) -> bytes:
        """The bytes of rank 0, of any length, on all ranks; all processes must call it."""
        if self.size == 1:
            return content
        n = self.broadcast_int(len(content))
        message = torch.empty(n, dtype=torch.uint8, device=self.device)
        if not len(message):
            return b""
        if self.rank == 0:
            message.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        dist.broadcast(message, src=0)
        return message.cpu().numpy().tobytes()


ALONE = Team()


@contextmanager
def joined(device: str = "auto") -> Iterator[Team]:
    """Context with the team for which torchrun started this process, or ALONE."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    cuda = device in ("auto", "cuda") and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # By default a restarted team may find addresses of ended processes in the store.
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
    """End this process without the interpreter's normal shutdown, which may abort in a team.

    DistributedDataParallel does not end gloo's threads. If one of them still owns a tensor during
    shutdown the process is killed by SIGABRT, which torchrun regards as a failed training.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class Objective(nn.Module):
    """Network.loss as a module, because DistributedDataParallel wraps modules."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_in: Tensor, target: Tensor, drawn: Tensor | None) -> Tensor:
        return self.network.loss(x_in, target, drawn)


def together(network: Network) -> nn.Module:
    """The loss of `network` with gradients and batch statistics of the whole batch.

    The batch normalisations of network are replaced in place; names of tensors stay the same.
    """
    for part in list(network.modules()):
        for name, layer in part.named_children():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(part, name, _SharedBatchNorm(layer))
    return nn.parallel.DistributedDataParallel(Objective(network), forward_sync_buffers=False)


class _SharedBatchNorm(nn.Module):
    """Batch normalisation over all processes; torch's SyncBatchNorm supports only GPUs."""

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
    """Sum over all processes: of values in the forward pass, of gradients in the backward pass."""

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
