"""The content of the Reconstruct page for a first visitor, who opens the app without a link."""

import numpy as np

from core.data import catalogue
from core.noise import Noise
from pages.ui import cache
from pages.ui.components.component import Packed
from pages.ui.frame import sidebar
from pages.ui.noise import controls
from pages.ui.noise import sweeps as noise_sweeps
from pages.ui.noise.sweeps import Shown

TITLE = "Reconstruct"
PURPOSE = (
    "The same images clean, with noise, and as each model reconstructs them. "
    "Drag σ, the amount of noise; click an image to enlarge it."
)


def packed() -> Packed | None:
    """The slider and its pictures as the page shows them; None if no model fits.

    They are stored in the cache of the pages, so that the first visitor need not wait for them.
    """
    name = sidebar.DEFAULT_DATASET
    shape = next(info.input_shape for info in catalogue.catalogue() if info.id == name)
    fitting = [card for card in cache.cards() if card.input_shape == shape]
    if not fitting:
        return None
    default = sidebar.default_model(fitting)
    main = next(card for card in fitting if card.name == default)
    n = controls.default_count(large=max(shape) >= controls.LARGE)
    images = controls.pick(cache.dataset(name, "test"), (), n, 0)
    shown = Shown(
        dataset=name,
        split="test",
        ids=tuple(np.asarray(images.ids).tolist()),
        noise=Noise(),
        seed=0,
    )
    return noise_sweeps.packed_sweep(shown, (main, *controls.rivals(main, fitting)))
