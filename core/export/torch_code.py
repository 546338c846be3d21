"""A plan's layers as the text of PyTorch modules; network.py makes the modules themselves."""

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

ACTIVATIONS = {"relu": "ReLU", "silu": "SiLU", "gelu": "GELU", "tanh": "Tanh"}
BOUND_CLASS = '''

class Bound(nn.Module):
    """Any number into [0, 1]."""

    def forward(self, a):
        return torch.sigmoid(a + a)
'''
SKIP_CLASS = '''

class Skip(nn.Sequential):
    """A plus what the layers make of a."""

    def forward(self, a):
        return a + super().forward(a)
'''


def sequence(layers: Layers) -> str:
    """The expression `nn.Sequential(...)`, over several lines; it may name BOUND_CLASS's class."""
    return "nn.Sequential(\n" + "".join(f"    {_module(layer)},\n" for layer in layers) + ")"


def uses_bound(plan: Plan) -> bool:
    """Whether the text of the plan's layers needs BOUND_CLASS before it."""
    return any(isinstance(layer, Bound) for layer in (*plan.decoder, *plan.locator))


def uses_skip(plan: Plan) -> bool:
    """Whether the text of the plan's layers needs SKIP_CLASS before it."""
    return any(isinstance(layer, Skip) for layer in plan.encoder)


def _module(layer: Layer) -> str:
    match layer:
        case Linear(n_in, n_out, bias):
            return f"nn.Linear({n_in}, {n_out}{_no_bias(bias)})"
        case Conv(c_in, c_out, bias, stride):
            return f"nn.Conv2d({c_in}, {c_out}, 3, stride={stride}, padding=1{_no_bias(bias)})"
        case ConvTranspose(c_in, c_out, grow, bias):
            size = f"3, stride=2, padding=1, output_padding={grow}"
            return f"nn.ConvTranspose2d({c_in}, {c_out}, {size}{_no_bias(bias)})"
        case BatchNorm(n, spatial):
            return f"nn.BatchNorm{2 if spatial else 1}d({n})"
        case Activation(name):
            return f"nn.{ACTIVATIONS[name]}()"
        case Bound():
            return "Bound()"
        case Reshape(shape):
            return f"nn.Unflatten(1, {shape})" if len(shape) > 1 else "nn.Flatten()"
        case Skip(layers):
            return f"Skip({', '.join(map(_module, layers))})"


def _no_bias(bias: bool) -> str:
    return "" if bias else ", bias=False"
