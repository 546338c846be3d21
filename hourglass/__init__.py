"""Hourglass as a library: trained autoencoders and images, as NumPy arrays.

>>> import hourglass
>>> model = hourglass.Autoencoder.load("mnist-dense-32")
>>> digits = hourglass.load("mnist-5k")
>>> errors = model.errors(digits.pixels(slice(0, 100)))  # (100,) mean squared, pixels in [0, 1]
>>> detector = hourglass.Detector(arch="pca", latent_dim=16).fit(digits.images)
>>> strange = detector.anomaly_scores(digits.images[:100])  # (100,), higher = stranger

Imports neither Streamlit nor PyTorch; training needs PyTorch.
"""

from typing import TYPE_CHECKING, Any

from core.anomaly.scores import SCORES
from core.checkpoints import available as models
from core.config import HourglassError
from core.data.catalogue import catalogue, load
from core.inference import Autoencoder
from core.noise import Noise

if TYPE_CHECKING:
    from hourglass.detector import Detector

__version__ = "0.1.0"
__all__ = [
    "Autoencoder",
    "Detector",
    "HourglassError",
    "Noise",
    "catalogue",
    "load",
    "models",
    "scores",
]


def scores() -> dict[str, str]:
    """The names of all scores, and what each says."""
    return {score.name: score.explanation for score in SCORES}


def __getattr__(name: str) -> Any:
    """Detector, with scikit-learn, which takes half a second that looking does not need."""
    if name == "Detector":
        from hourglass.detector import Detector

        return Detector
    raise AttributeError(f"module 'hourglass' has no attribute {name!r}")
