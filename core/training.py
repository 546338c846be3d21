"""Training as a stream of events: the command line, background runs, tests and benchmarks all consume the same one."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core import checkpoints, metrics
from core.checkpoints import Card, Checkpoint
from core.config import TrainingError
from core.imagesets import ImageSet
from core.documents import FORMAT, N_QUANTILES, Document, EpochRecord, MetricsRecord, NoiseRecord, TrainingRecord
from core.inference import Autoencoder
from core.models import ArchSpec, architecture, pca
from core.models.layers import Plan
from core.models.network import Network
from core.noise import Noise

Array = npt.NDArray[np.float32]
N_STRIP = 8  # images in the strip that each epoch reconstructs
N_WATCHED = 2000  # test images whose error is followed from epoch to epoch
WEIGHT_DECAY = 1e-4


@dataclass(frozen=True)
class TrainConfig:
    """What is trained on what, and how.

    options: of the architecture; missing ones take their defaults.  noise: put on the input, the target stays clean.
    learning_rate: the peak of the one-cycle schedule; None takes the architecture's recipe.
    device: auto, cpu, cuda or mps.  half: store weights as float16 (the network is judged as stored).
    """

    dataset: str
    arch: str
    options: dict[str, Any] = field(default_factory=dict)
    noise: Noise = Noise()
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float | None = None
    exclude_classes: tuple[str, ...] = ()
    seed: int = 0
    device: str = "auto"
    half: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.epochs <= 10_000 and 2 <= self.batch_size <= 65_536 and 0 <= self.seed < 2**32):
            raise TrainingError("Choose 1 to 10,000 epochs, batches of 2 to 65,536 and a seed from 0 to 4,294,967,295.")
        if self.learning_rate is not None and not 0 < self.learning_rate <= 10:
            raise TrainingError("Choose a learning rate above 0 and at most 10.")


@dataclass(frozen=True)
class Started:
    n_images: int
    n_parameters: int
    steps_per_epoch: int
    epochs: int
    device: str


@dataclass(frozen=True)
class StepDone:
    epoch: int
    step: int
    steps_per_epoch: int


@dataclass(frozen=True)
class EpochDone:
    """record: losses and speed.  strip: uint8 (2, m, C, H, W), the first test images and their reconstructions."""

    record: EpochRecord
    strip: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Saved:
    path: Path


@dataclass(frozen=True)
class Finished:
    """The trained model, judged on the whole test split."""

    checkpoint: Checkpoint


Event = Started | StepDone | EpochDone | Saved | Finished


def train(config: TrainConfig, train_set: ImageSet, test_set: ImageSet, path: Path | None = None) -> Iterator[Event]:
    """Trains one model and yields what happens; the same config and data give the same weights on one machine.

    train_set, test_set: uint8 images of one shape.  path: where the checkpoint is saved at the end, if anywhere.
    Raises TrainingError if the settings do not fit the data or the loss stops being a number.
    """
    spec = architecture(config.arch)
    plan = spec.plan(train_set.shape, config.options)
    _check(config, spec, plan, train_set, test_set)
    fit = _fit_closed_form if spec.closed_form else _fit_by_gradient
    history: list[EpochRecord] = []
    outcome: dict[str, Any] = {}
    for event in fit(config, plan, train_set, test_set, outcome):
        if isinstance(event, EpochDone):
            history.append(event.record)
        yield event
    document = _document(config, spec, train_set, history, outcome)
    checkpoint = judged(document, plan, outcome["tensors"], test_set)
    if path is not None:
        card = checkpoints.save(path, checkpoint.card.document, outcome["tensors"])
        checkpoint = Checkpoint(card, checkpoint.tensors)
        yield Saved(path)
    yield Finished(checkpoint)


def recipe_learning_rate(spec: ArchSpec, options: dict[str, Any]) -> float:
    """The peak learning rate that served best for 28 x 28 digits: see benchmarks/zoo.py."""
    if spec.name == "conv":
        return 5e-3
    return 1e-2 if options.get("batch_norm") and spec.name == "dense" else 3e-3


def choose_device(name: str) -> torch.device:
    """The device called `name`; auto takes CUDA, else MPS, else the CPU. TrainingError if it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(d for d in ("cuda", "mps", "cpu") if there[d])
    if not there.get(name, False):
        raise TrainingError(f"There is no device {name[:40]!r} here: use {' or '.join(d for d in there if there[d])}.")
    return torch.device(name)


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The order in which epoch `epoch` visits n images: (n,) int64, a pure function of its arguments."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(_mix(seed, epoch)))


def noisy_batch(x: Tensor, noise: Noise, generator: torch.Generator) -> Tensor:
    """`x` with freshly drawn noise, the twin of core.noise.corrupt: (B, C, H, W) -> (B, C, H, W)."""
    if noise.kind in ("gaussian", "speckle"):
        drawn = torch.empty_like(x).normal_(noise.mu, noise.sigma, generator=generator)
        noisy = x + drawn if noise.kind == "gaussian" else x * (1 + drawn)
    else:
        where = torch.empty_like(x[:, :1]).uniform_(generator=generator) < noise.sigma
        salt = noise.kind == "salt_and_pepper"
        value = torch.empty_like(x[:, :1]).uniform_(generator=generator).round() if salt else torch.zeros_like(x[:, :1])
        noisy = torch.where(where, value, x)
    return noisy.clamp(0, 1) if noise.clip else noisy


def judged(document: Document, plan: Plan, tensors: dict[str, npt.NDArray[Any]], test_set: ImageSet) -> Checkpoint:
    """The checkpoint with its metrics and reference distribution measured on test_set, its weights as stored."""
    stored = {name: np.asarray(t, np.float32) for name, t in tensors.items()}
    autoencoder = Autoencoder(Checkpoint(Card("unsaved", Path(), False, document, plan), stored))
    scores = [(metrics.mse(x, r), metrics.psnr(x, r), metrics.ssim(x, r)) for x, r in _reconstructed(autoencoder, test_set)]
    mse, psnr, ssim = (np.concatenate(parts) for parts in zip(*scores, strict=True))
    psnr = np.minimum(psnr, 1000.0)  # a perfectly rebuilt image has none
    document = msgspec.structs.replace(
        document,
        metrics=MetricsRecord(test_set.id, test_set.split, len(mse), *(float(v.mean()) for v in (mse, psnr, ssim))),
        reference=tuple(np.quantile(mse, np.linspace(0, 1, N_QUANTILES)).tolist()),
    )
    return Checkpoint(Card("unsaved", Path(), False, document, plan), stored)


def _reconstructed(autoencoder: Autoencoder, images: ImageSet, batch: int = 1000) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(images), batch):
        x = images.pixels(slice(start, start + batch))
        yield x, autoencoder.reconstruct(x)


def _check(config: TrainConfig, spec: ArchSpec, plan: Plan, train_set: ImageSet, test_set: ImageSet) -> None:
    if train_set.shape != test_set.shape:
        raise TrainingError("Training and test images have different shapes: make them one size first.")
    least = plan.latent_dim if spec.closed_form else 2
    if len(train_set) < least or not len(test_set):
        raise TrainingError(f"{spec.title} needs at least {least} training images and one test image: add images.")
    if spec.closed_form and plan.latent_dim > math.prod(train_set.shape):
        raise TrainingError(f"PCA has at most as many components as pixels: choose D' up to {math.prod(train_set.shape)}.")
    if spec.closed_form and config.noise:
        raise TrainingError("PCA is fitted in closed form on clean images: leave the training noise out.")


def _fit_closed_form(
    config: TrainConfig, plan: Plan, train_set: ImageSet, test_set: ImageSet, outcome: dict[str, Any]
) -> Iterator[Event]:
    began = time.perf_counter()
    yield Started(len(train_set), plan.n_parameters(), 1, 1, "cpu")
    x = train_set.pixels().reshape(len(train_set), -1)
    tensors, shares = pca.fit(x, plan.latent_dim)
    outcome |= {"tensors": tensors, "explained_variance": tuple(shares), "device": "cpu"}
    network = Network(plan).eval()
    network.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    seconds = time.perf_counter() - began
    outcome["seconds"] = seconds
    watched = _resident(test_set, torch.device("cpu"))[:N_WATCHED]
    record = EpochRecord(1, _mse(network, _resident(train_set, torch.device("cpu"))), _mse(network, watched), seconds, len(x) / seconds)
    yield EpochDone(record, _strip(network, watched))


def _fit_by_gradient(
    config: TrainConfig, plan: Plan, train_set: ImageSet, test_set: ImageSet, outcome: dict[str, Any]
) -> Iterator[Event]:
    device = choose_device(config.device)
    torch.manual_seed(_mix(config.seed, 0))
    network = Network(plan).to(device, memory_format=torch.channels_last)
    data, watched = _resident(train_set, device), _resident(test_set, device)[:N_WATCHED]
    batches = _n_batches(len(data), config.batch_size)
    optimizer, schedule = _optimizer(network, config, batches * config.epochs)
    yield Started(len(data), plan.n_parameters(), batches, config.epochs, device.type)
    seconds = 0.0
    for epoch in range(1, config.epochs + 1):
        began = time.perf_counter()
        network.train()
        total = torch.zeros((), device=device)
        order = epoch_order(len(data), config.seed, epoch).to(device)
        for step, chosen in enumerate(order.split(config.batch_size)[:batches], 1):
            generator = torch.Generator(device).manual_seed(_mix(config.seed, epoch, step))
            total += _step(network, optimizer, _floats(data[chosen]), config.noise, generator)
            schedule.step()
            yield StepDone(epoch, step, batches)
            network.train()
        train_loss = total.item() / batches
        elapsed = time.perf_counter() - began
        seconds += elapsed
        if not math.isfinite(train_loss):
            raise TrainingError(f"The loss stopped being a number in epoch {epoch}: choose a lower learning rate.")
        test_mse = _mse(network, watched)
        yield EpochDone(EpochRecord(epoch, train_loss, test_mse, elapsed, len(order) / elapsed), _strip(network, watched))
    outcome |= {"tensors": _stored(network, config.half), "seconds": seconds, "device": device.type}


def _step(
    network: Network, optimizer: torch.optim.Optimizer, x: Tensor, noise: Noise, generator: torch.Generator
) -> Tensor:
    """One step of the optimizer on clean targets x (B, C, H, W); returns the loss, still on its device."""
    x_in = noisy_batch(x, noise, generator) if noise else x
    loss = network.loss(x_in, x, generator)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.detach()


def _optimizer(
    network: Network, config: TrainConfig, steps: int
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    spec = architecture(config.arch)
    peak = config.learning_rate or recipe_learning_rate(spec, spec.check(config.options))
    optimizer = torch.optim.AdamW(network.parameters(), lr=peak, weight_decay=WEIGHT_DECAY, fused=True)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=0.2)


def _n_batches(n: int, batch_size: int) -> int:
    """Batches an epoch; a last one of a single image is left out, since batch normalisation cannot take it."""
    return n // batch_size + (n % batch_size > 1)


def _resident(images: ImageSet, device: torch.device) -> Tensor:
    """All images on the device as uint8, a quarter of what floats would take."""
    return torch.from_numpy(np.ascontiguousarray(images.images)).to(device)


def _floats(x: Tensor) -> Tensor:
    return x.to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)


def _mse(network: Network, x: Tensor, batch: int = 1000) -> float:
    network.eval()
    with torch.inference_mode():
        parts = [(network(_floats(part)) - _floats(part)).square().mean() * len(part) for part in x.split(batch)]
        return float(torch.stack(parts).sum()) / len(x)


def _strip(network: Network, watched: Tensor) -> npt.NDArray[np.uint8]:
    x = watched[:N_STRIP]
    network.eval()
    with torch.inference_mode():
        x_hat = network(_floats(x)).clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.stack([x.cpu().numpy(), x_hat.contiguous().cpu().numpy()])


def _stored(network: Network, half: bool) -> dict[str, npt.NDArray[Any]]:
    """The tensors of the plan; with half, matrices and kernels as float16."""
    arrays = {name: t.detach().cpu().contiguous().numpy() for name, t in network.state_dict().items() if t.ndim}
    return {n: a.astype(np.float16) if half and a.ndim > 1 else a for n, a in arrays.items()}


def _document(
    config: TrainConfig, spec: ArchSpec, train_set: ImageSet, history: list[EpochRecord], outcome: dict[str, Any]
) -> Document:
    options = spec.check(config.options)
    return Document(
        format=FORMAT,
        architecture=spec.name,
        options=options,
        input_shape=train_set.shape,
        dataset=train_set.id,
        split="train",
        excluded_classes=config.exclude_classes,
        held_out="the 1,000 test digits of mnist-5k" if train_set.id == "mnist" else "",
        training=TrainingRecord(
            epochs=len(history),
            batch_size=config.batch_size,
            learning_rate=0.0 if spec.closed_form else config.learning_rate or recipe_learning_rate(spec, options),
            weight_decay=0.0 if spec.closed_form else WEIGHT_DECAY,
            seed=config.seed,
            noise=NoiseRecord(config.noise.kind, config.noise.sigma, config.noise.mu, config.noise.clip),
            n_images=len(train_set),
            seconds=outcome["seconds"],
            device=outcome["device"],
            threads=torch.get_num_threads(),
        ),
        history=tuple(history),
        metrics=MetricsRecord(train_set.id, "test", 0, 0.0, 0.0, 0.0),
        reference=(0.0,) * N_QUANTILES,
        explained_variance=outcome.get("explained_variance", ()),
        versions={name: version(name) for name in ("torch", "numpy", "safetensors")},
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _mix(*parts: int) -> int:
    """One 63-bit seed from several small numbers; nearby ones give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))
