"""What a page that stands alone carries: models, images, their places and errors, and the facts.

`pages/ui/components/takeaway` makes one HTML file of it, which computes without a server. Weights
are rounded to whole multiples of a step where codes and images stay those of the server: that packs
better than float16.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.checkpoints import Card, Checkpoint, trained_on
from core.config import DataError
from core.data import catalogue
from core.data.named import digits
from core.export.browser import (
    HALF_SHARE,
    PROBES,
    TOLERANCE,
    BrowserModel,
    browser_model,
    code_and_image_error,
    refusal,
)
from core.images import steps
from core.images.imagesets import ImageSet
from core.inference import Autoencoder
from core.metrics import psnr_text
from core.models.folding import folded
from core.noise import KINDS
from core.principal import Axes, principal_axes
from core.text import one_line, visible

FORMAT = 1
MAX_IMAGES = 1000
MAX_MODELS = 2
FEW = 0.01  # of the codes leave the range of a bar on either side, as a few reach very far
MAX_AXES = 8  # principal axes of the codes that the map can show
RATE = 0.01  # of a model's own test images are above the threshold at first
FINENESS = (8.75, 10.0)  # binary digits of a tensor's standard deviation that are tried, in turn
SMALLEST = 1e-30  # a step: of a tensor that is all zeros
LONGEST = 300  # characters of a text from a checkpoint
Array = npt.NDArray[np.float32]


def refused(cards: Sequence[Card], most: int = MAX_MODELS) -> str:
    """Why these models cannot run in one page, as a sentence; "" if they can.  most: models."""
    if len(cards) > most:
        return f"A page carries at most {most} models: choose fewer."
    if len({card.input_shape for card in cards}) > 1:
        return "Models in one page take the same images: choose two with one size and colours."
    for card in cards:
        if why := refusal(card.plan):
            return why
    return ""


def set_of(card: Card, data_root: Path | None = None) -> str:
    """The set whose test images a page carries: the model's own, or the part of it that ships.

    Raises DataError with what to do if it is not known here.
    """
    known = trained_on.required(card)
    here = {info.id for info in catalogue.catalogue(data_root) if info.available}
    return digits.ID if known == catalogue.MNIST and known not in here else known


def title_of(dataset: str, data_root: Path | None = None) -> str:
    """What a set is called: its title in the catalogue, or the last part of its path."""
    titles = {info.id: info.title for info in catalogue.catalogue(data_root)}
    return titles.get(dataset) or _text(Path(dataset).name)


def name_of(checkpoints: Sequence[Checkpoint]) -> str:
    """The title of the page: the names of its models."""
    return _text(" and ".join(one.card.name for one in checkpoints))


def content(
    checkpoints: Sequence[Checkpoint], images: ImageSet, title: str, *, is_compact: bool = True
) -> bytes:
    """The content of a page, as shared/message.js reads it, deflated (zlib).

    images: of the models' shape, the first MAX_IMAGES of them are taken.  title: of their set.
    is_compact: weights are rounded as far as images allow, and packed well, which takes seconds.
    Raises DataError if refused() says why, or if there are fewer than two images.
    """
    if why := refused([one.card for one in checkpoints], len(checkpoints)):
        raise DataError(why)
    if len(images) < 2:
        raise DataError("A page needs at least two images: choose a set or a part that has them.")
    taken = images.take(slice(0, MAX_IMAGES))
    body = _Body()
    header = {
        "format": FORMAT,
        "made": datetime.now(UTC).strftime("%Y-%m-%d"),
        "title": name_of(checkpoints),
        "set": _images(taken, title, body),
        "models": [_model(one, taken.pixels(), body, is_compact) for one in checkpoints],
        "is_digit": steps.kind_of(images.id) == "digit",
    }
    text = json.dumps(header).encode()
    whole = len(text).to_bytes(4, "little") + text + bytes(body.content)
    return zlib.compress(whole, 9 if is_compact else 1)


class _Body:
    """Arrays one after the other, each at a multiple of four bytes."""

    def __init__(self) -> None:
        self.content = bytearray()

    def put(self, array: npt.NDArray[Any]) -> dict[str, Any]:
        """Append an array; returns where it is.  array: uint8, int16 or float32."""
        name = {"uint8": "u1", "int16": "i2", "float32": "f4"}[array.dtype.name]
        self.content.extend(bytes(-len(self.content) % 4))
        place = {"type": name, "at": len(self.content), "length": array.size}
        self.content.extend(np.ascontiguousarray(array).tobytes())
        return place


def _images(images: ImageSet, title: str, body: _Body) -> dict[str, Any]:
    labels = np.full(len(images), -1) if images.labels is None else images.labels
    x = np.rint(255 * images.pixels()).astype(np.uint8)  # with the region that is ignored filled
    return {
        "title": _text(title),
        "split": images.split,
        "n": len(images),
        "shape": images.shape,
        "classes": [_text(name) for name in images.class_names],
        "ids": [_text(name) for name in images.ids.tolist()],
        "labels": body.put(labels.astype(np.int16)),
        "images": body.put(x),
    }


def _model(checkpoint: Checkpoint, x: Array, body: _Body, is_compact: bool) -> dict[str, Any]:
    card = checkpoint.card
    server = Autoencoder(checkpoint)
    z = server.encode(x)
    axes = _axes_of(z)
    low, high = np.quantile(z, (FEW, 1 - FEW), axis=0).astype(np.float32)
    errors = np.square(server.decode(z) - x).mean(axis=(1, 2, 3))
    return {
        "network": _network(checkpoint, x, body, FINENESS if is_compact else ()),
        "name": _text(card.name),
        "title": _text(card.title),
        "sayings": [_text(words) for words in (card.warning, card.health_words) if words],
        "facts": [(name, _text(value)) for name, value in _facts(card).items()],
        "trained_noise": float(card.noise.sigma) if card.noise else 0.0,
        "threshold": float(np.quantile(card.reference, 1 - RATE)),
        "errors": body.put(errors.astype(np.float32)),
        "axes": _axes(axes, z, body),
        "low": body.put(low),
        "high": body.put(high),
    }


def _axes_of(z: Array) -> Axes:
    """The axes of the map: principal ones, but the code's own numbers where it has one or two."""
    k = z.shape[1]
    if k > 2:
        return principal_axes(z, min(MAX_AXES, k, len(z)))
    variances = z.var(axis=0, dtype=np.float64)
    shares = variances / max(float(variances.sum()), SMALLEST)
    return Axes(np.zeros(k), np.eye(k), shares)


def _axes(axes: Axes, z: Array, body: _Body) -> dict[str, Any]:
    return {
        "n": len(axes.directions),
        "shares": [round(float(share), 4) for share in axes.shares],
        "origin": body.put(axes.origin.astype(np.float32)),
        "directions": body.put(axes.directions.astype(np.float32)),
        "coordinates": body.put(axes.coordinates(z).astype(np.float32)),
    }


def _facts(card: Card) -> dict[str, str]:
    measured = card.metrics
    noise = f"{KINDS[card.noise.kind].title}, σ {card.noise.sigma:g}" if card.noise else "none"
    return {
        "architecture": card.title,
        "numbers in a code (D')": f"{card.latent_dim:,}",
        "parameters": f"{card.n_parameters:,}",
        "trained on": card.dataset_title,
        "noise in training": noise,
        "passes over the training images": f"{card.epochs:,}",
        "test MSE": f"{measured['mse']:.5f}",
        "test PSNR": psnr_text(measured["psnr"], 1),
        "test SSIM": f"{measured['ssim']:.3f}",
        "measured": trained_on.origin_of_numbers(card),
        "sha256": card.sha256,
    }


def _text(words: str) -> str:
    return visible(one_line(words, LONGEST))


# --- weights --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rounded:
    """Weights as whole multiples of steps.  multiples: (n,) int16.  steps: (first, n, step)."""

    multiples: npt.NDArray[np.int16]
    steps: list[tuple[int, int, float]]


def _network(
    checkpoint: Checkpoint, x: Array, body: _Body, tried: Sequence[float]
) -> dict[str, Any]:
    """The model as core.export.browser describes it, its numbers in two parts: weights, others."""
    for fineness in tried:
        if (rounded := _fitting(checkpoint, x, fineness)) is not None:
            model = browser_model(checkpoint, x[:0])
            parts = _planes(rounded.multiples.view(np.uint8), body)
            return {"header": model.header, "steps": rounded.steps, **parts, **_others(model, body)}
    model = browser_model(checkpoint, x)
    n_bytes = model.header["weights"] * (2 if model.header["half"] else 4)
    raw = np.frombuffer(model.body, np.uint8, n_bytes)
    parts = _planes(raw, body, 2 if model.header["half"] else 4)
    return {"header": model.header, "steps": [], **parts, **_others(model, body)}


def _planes(raw: npt.NDArray[np.uint8], body: _Body, size: int = 2) -> dict[str, Any]:
    """Numbers of `size` bytes, all first bytes, then all second ones: that deflates better."""
    return {"size": size, "planes": body.put(raw.reshape(-1, size).T)}


def _others(model: BrowserModel, body: _Body) -> dict[str, Any]:
    others = np.frombuffer(model.body[-4 * model.header["others"] :], "<f4")
    return {"others": body.put(others if model.header["others"] else others[:0])}


def _fitting(checkpoint: Checkpoint, x: Array, fineness: float) -> _Rounded | None:
    """The weights rounded, or None if that changes what the model makes of images."""
    plan, tensors = folded(checkpoint.card.plan, checkpoint.tensors)
    steps_of = {name: _step(t, fineness) for name, t in tensors.items() if t.ndim > 1}
    whole = {name: np.rint(tensors[name] / step) for name, step in steps_of.items()}
    tried = {name: (k * steps_of[name]).astype(np.float32) for name, k in whole.items()}
    rounded = Checkpoint(replace(checkpoint.card, plan=plan), tensors | tried)
    if code_and_image_error(checkpoint, rounded, x[:PROBES]) > HALF_SHARE * TOLERANCE:
        return None
    found: list[tuple[int, int, float]] = []
    ordered = [name for name in _order(checkpoint) if name in whole]
    at = 0
    for name in ordered:
        found.append((at, whole[name].size, float(steps_of[name])))
        at += whole[name].size
    multiples = np.concatenate([whole[name].ravel() for name in ordered]).astype("<i2")
    return _Rounded(multiples, found)


def _step(values: npt.NDArray[Any], fineness: float) -> np.float32:
    """The step of a tensor: a share of its standard deviation, or more if it reaches far."""
    least = float(np.abs(values).max()) / np.iinfo(np.int16).max
    return np.float32(max(float(values.std()) / 2**fineness, least, SMALLEST))


def _order(checkpoint: Checkpoint) -> list[str]:
    """The names of the tensors in the order in which browser_model() writes weights."""
    plan, _ = folded(checkpoint.card.plan, checkpoint.tensors)
    parts = {"encoder": plan.encoder, "decoder": plan.decoder}
    return [f"{part}.{i}.weight" for part, layers in parts.items() for i in range(len(layers))]
