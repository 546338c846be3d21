"""Merges batch normalisation of a trained network into the layer before it, for speed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.models.layers import (
    NORM_EPSILON,
    BatchNorm,
    Conv,
    ConvTranspose,
    Layer,
    Layers,
    Linear,
    Plan,
    Skip,
)

Tensors = dict[str, npt.NDArray[np.float32]]
Numbers = npt.NDArray[np.float64]


def folded(plan: Plan, tensors: Tensors) -> tuple[Plan, Tensors]:
    """An equivalent plan with fewer layers, for evaluation only.

    Each BatchNorm right after a Linear, Conv or ConvTranspose becomes part of its weights; one that
    follows anything else stays. tensors: of plan; those returned are of the plan returned.
    Rounding to float32 is all that changes: it is done once, at the end.
    """
    encoder, encoder_tensors = _folded("encoder", plan.encoder, tensors)
    decoder, decoder_tensors = _folded("decoder", plan.decoder, tensors)
    locator, locator_tensors = _folded("locator", plan.locator, tensors)
    return (
        replace(plan, encoder=encoder, decoder=decoder, locator=locator),
        encoder_tensors | decoder_tensors | locator_tensors,
    )


def scale_and_shift(tensors: Tensors, name: str) -> tuple[Numbers, Numbers]:
    """Factor and offset of a trained BatchNorm, (n,) each; name: "encoder.2"."""
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / np.sqrt(variance + NORM_EPSILON)
    return scale, bias - mean * scale


def _folded(part: str, layers: Layers, tensors: Tensors) -> tuple[Layers, Tensors]:
    """The layers whose tensors are named "part.0.weight" and so on, and their new tensors."""
    kept: list[Layer] = []
    found: Tensors = {}
    for i, layer in enumerate(layers):
        last = kept[-1] if kept else None
        if isinstance(layer, BatchNorm) and isinstance(last, Linear | Conv | ConvTranspose):
            name = f"{part}.{len(kept) - 1}"
            found |= _scaled(last, name, found, scale_and_shift(tensors, f"{part}.{i}"))
            kept[-1] = replace(last, bias=True)
        elif isinstance(layer, Skip):
            inner, new = _folded(f"{part}.{i}", layer.layers, tensors)
            old, name = f"{part}.{i}.", f"{part}.{len(kept)}."
            found |= {name + each.removeprefix(old): values for each, values in new.items()}
            kept.append(Skip(inner))
        else:
            names = layer.tensors()
            found |= {f"{part}.{len(kept)}.{name}": tensors[f"{part}.{i}.{name}"] for name in names}
            kept.append(layer)
    return tuple(kept), found


def _scaled(
    layer: Linear | Conv | ConvTranspose,
    name: str,
    tensors: Tensors,
    norm: tuple[Numbers, Numbers],
) -> Tensors:
    """Weight and bias of a layer whose outputs are then multiplied and moved."""
    scale, shift = norm
    weight = tensors[f"{name}.weight"].astype(np.float64)
    bias = tensors[f"{name}.bias"].astype(np.float64) if layer.bias else np.zeros(len(scale))
    outputs = 1 if isinstance(layer, ConvTranspose) else 0  # the axis
    along = [1] * weight.ndim
    along[outputs] = len(scale)
    return {
        f"{name}.weight": (weight * scale.reshape(along)).astype(np.float32),
        f"{name}.bias": (bias * scale + shift).astype(np.float32),
    }
