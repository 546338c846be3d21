"""Hourglass as a library: trained autoencoders and images, as NumPy arrays.

>>> import hourglass
>>> model = hourglass.Autoencoder.load("mnist-dense-32")
>>> digits = hourglass.load("mnist-5k")
>>> errors = model.errors(digits.pixels(slice(0, 100)))  # (100,) mean squared, pixels in [0, 1]

Imports neither Streamlit nor PyTorch; training needs PyTorch.
"""

from core.checkpoints import available as models
from core.config import HourglassError
from core.data.catalogue import catalogue, load
from core.inference import Autoencoder
from core.noise import Noise

__version__ = "0.1.0"
__all__ = ["Autoencoder", "HourglassError", "Noise", "catalogue", "load", "models"]
