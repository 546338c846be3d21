"""The architectures as data: all code that lists, builds or tests models uses ARCHITECTURES.

To add one, write a module with `plan(input_shape, options) -> Plan` and add its `ArchSpec` here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.config import OptionError
from core.models import conv, dense, pca, repair, vae
from core.models.layers import Plan
from core.noise import Noise
from core.settings import Option

InputShape = tuple[int, int, int]


@dataclass(frozen=True)
class ArchSpec:
    """An architecture: what it is called, what it is, how it is built and within which bounds.

    closed_form: fitted without gradient descent.  noise: what it is trained with unless another
    noise is asked for.
    """

    name: str
    title: str
    explanation: str
    builder: Callable[[InputShape, dict[str, Any]], Plan]
    options: tuple[Option, ...]
    closed_form: bool = False
    noise: Noise = Noise()

    def check(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All options in canonical form, defaults filled in.

        Raises OptionError if one is unknown or out of bounds.
        """
        known = {option.name for option in self.options}
        if unknown := set(options) - known:
            raise OptionError(
                f"{self.name} has no option {min(unknown)!r}: it has {', '.join(sorted(known))}."
            )
        return {
            option.name: option.check(options.get(option.name, option.default))
            for option in self.options
        }

    def plan(self, input_shape: InputShape, options: Mapping[str, Any]) -> Plan:
        """The layers for images of (C, H, W), C from 1 to 16 and H and W from 16 to 512.

        Raises OptionError if a bound is broken, or if the model would have more than
        MAX_PARAMETERS.
        """
        c, h, w = input_shape
        if not (1 <= c <= 16 and 16 <= h <= 512 and 16 <= w <= 512):
            raise OptionError(
                f"Images of {c} x {h} x {w} do not fit: "
                "use 1 to 16 channels and sides from 16 to 512."
            )
        plan = self.builder((c, h, w), self.check(options))
        if plan.n_parameters() > MAX_PARAMETERS:
            raise OptionError(
                f"This {self.name} would have {plan.n_parameters():,} parameters; "
                f"choose smaller widths or D' to stay under {MAX_PARAMETERS:,}."
            )
        return plan


MAX_PARAMETERS = 100_000_000

_LATENT = "D', the count of numbers in the code"
_ACTIVATION = Option(
    "activation", "choice", "silu", "the nonlinearity", choices=("relu", "silu", "gelu", "tanh")
)
_BATCH_NORM = Option("batch_norm", "bool", True, "normalise each layer over the batch")
_BOUNDED = Option("bounded", "bool", True, "sigmoid output in [0, 1]; off = linear output")
_WIDTHS = Option(
    name="widths",
    kind="widths",
    default=[512, 256],
    explanation="sizes of the hidden layers",
    low=1,
    high=8192,
)

ARCHITECTURES: tuple[ArchSpec, ...] = (
    ArchSpec(
        name="pca",
        title="PCA (linear)",
        explanation="The linear autoencoder: the optimal encoder and decoder without "
        "nonlinearities, computed in closed form.",
        builder=pca.plan,
        options=(
            Option(
                name="latent_dim", kind="int", default=32, explanation=_LATENT, low=1, high=4096
            ),
        ),
        closed_form=True,
    ),
    ArchSpec(
        name="dense",
        title="Dense",
        explanation="Fully connected layers down to a code of D' numbers and up again; "
        "overcomplete if D' is larger than the number of pixels.",
        builder=dense.plan,
        options=(
            Option(
                name="latent_dim", kind="int", default=32, explanation=_LATENT, low=1, high=16384
            ),
            _WIDTHS,
            _ACTIVATION,
            _BATCH_NORM,
            _BOUNDED,
            Option("code_activation", "bool", False, "apply the nonlinearity to the code too"),
        ),
    ),
    ArchSpec(
        name="conv",
        title="Convolutional",
        explanation="Stride-2 convolutions down to a block of small feature maps and up again; "
        "preserves the positions in the image.",
        builder=conv.plan,
        options=(
            Option(
                name="latent_dim",
                kind="int",
                default=0,
                explanation=_LATENT + "; 0 keeps the block of feature maps",
                low=0,
                high=4096,
            ),
            Option(
                name="widths",
                kind="widths",
                default=[32, 64, 64, 64],
                explanation="channels of each stage, which halves height and width",
                low=1,
                high=512,
                at_least=1,
            ),
            _ACTIVATION,
            _BATCH_NORM,
            _BOUNDED,
        ),
    ),
    ArchSpec(
        name="vae",
        title="Variational",
        explanation="Encodes to a distribution close to N(0, 1), so that "
        "any point near the origin decodes to a plausible image.",
        builder=vae.plan,
        options=(
            Option(name="latent_dim", kind="int", default=2, explanation=_LATENT, low=1, high=1024),
            _WIDTHS,
            _ACTIVATION,
            _BATCH_NORM,
            _BOUNDED,
            Option(
                name="beta",
                kind="float",
                default=0.05,
                explanation="weight of the KL divergence from N(0, 1)",
                low=0,
                high=100,
            ),
        ),
    ),
    ArchSpec(
        name="repair",
        title="Repair",
        explanation="Convolutions with skip connections: trained with drawn defects, it repairs "
        "images and says where it had to.",
        builder=repair.plan,
        noise=Noise("defects", 1.0),
        options=(
            Option(
                name="widths",
                kind="widths",
                default=[16, 32, 32, 32],
                explanation="channels of each stage, which halves height and width",
                low=1,
                high=512,
                at_least=2,
            ),
            _ACTIVATION,
        ),
    ),
)
BY_NAME: Mapping[str, ArchSpec] = MappingProxyType({spec.name: spec for spec in ARCHITECTURES})


def architecture(name: str) -> ArchSpec:
    """The architecture called `name`, or OptionError."""
    if name not in BY_NAME:
        raise OptionError(
            f"There is no architecture {str(name)[:60]!r}: choose one of {', '.join(BY_NAME)}."
        )
    return BY_NAME[name]
