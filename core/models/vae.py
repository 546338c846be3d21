"""Variational autoencoder: the code is a distribution, drawn towards N(0, 1)."""

from dataclasses import replace
from typing import Any

from core.models import dense
from core.models.layers import Linear, Plan


def plan(input_shape: tuple[int, int, int], options: dict[str, Any]) -> Plan:
    """The dense autoencoder with mu and logvar in place of the code.

    Training minimises MSE + beta * KL / D: a Gaussian likelihood with variance beta / 2 a pixel.
    Source: Kingma & Welling 2014.
    """
    base = dense.plan(input_shape, options | {"code_activation": False})
    code = base.encoder[-1]
    assert isinstance(code, Linear)
    twice = replace(code, n_out=2 * code.n_out)
    return replace(
        base, encoder=(*base.encoder[:-1], twice), variational=True, beta=options["beta"]
    )
