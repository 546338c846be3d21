"""Step 6: one architecture trained with noise on its input, and without."""

import streamlit as st

from core.checkpoints import Card
from core.noise import Noise
from core.robustness.curves import Study
from core.text import counted
from pages.ui.learn import noise_figure, parts
from pages.ui.learn.parts import GoOn

PAIRS = {
    "overcomplete": ("mnist-overcomplete", "mnist-denoising"),
    "convolutional": ("mnist-conv", "mnist-conv-denoising"),
}
PLAIN = r"\text{plain:}\quad \min_f\; \mathbb{E}_x\; \ell\big(f(x),\, x\big)"
DENOISING = (
    r"\begin{gathered}"
    r"\text{denoising:}\quad \min_f\; \mathbb{E}_{x,\,s}\; \ell\big(f(x + s),\, x\big) \\"
    r"s \sim \mathcal{N}(0, \sigma^2)\text{ in every pixel}"
    r"\end{gathered}"
)


def draw() -> None:
    """Draw the two losses, and the errors of the two networks."""
    with parts.row_of_controls():
        pair = _pair()
    copying, denoising = cards = parts.models(PAIRS[pair])
    noise = Noise("gaussian", 0.0, denoising.noise.mu, denoising.noise.clip)
    found = noise_figure.study(cards, noise)
    left, right = st.columns(2)
    left.latex(PLAIN)
    right.latex(DENOISING)
    said = st.empty()
    sigma = noise_figure.draw(
        cards, noise, noise_figure.chart(found, cards), f"learn_denoise_{pair}"
    )
    said.markdown("  \n".join(words(copying, denoising, found, sigma)))
    way = parts.on_digits(denoising, compare=[copying.name], **noise_figure.onwards(noise, sigma))
    parts.go_on(GoOn("Reconstruct: the two side by side", "pages/reconstruct.py", way))


def words(copying: Card, denoising: Card, found: Study, sigma: float) -> tuple[str, str]:
    """Two sentences: the two networks, and their errors at this sigma and without noise."""
    without, with_noise = (
        [noise_figure.at(curve, found, amount) for amount in (sigma, 0.0)] for curve in found.models
    )
    return (
        (
            f"ℓ is the mean squared error. `{copying.name}` and `{denoising.name}` have the same "
            f"architecture and were trained for {copying.epochs} and "
            f"{counted(denoising.epochs, 'epoch')}; the second was given noise of "
            f"σ = {denoising.noise.sigma:g}, and had to return the **clean** image, so that "
            "copying its input was no solution."
        ),
        (
            f"**At σ = {sigma:.2f} the error on {noise_figure.measured_on()} is "
            f"{without[0]:.4f} and {with_noise[0]:.4f}: "
            f"{_times(without[0], with_noise[0])}.** Without noise it is {without[1]:.4f} and "
            f"{with_noise[1]:.4f}: {_times(without[1], with_noise[1])}."
        ),
    )


def _times(plain: float, denoised: float) -> str:
    if denoised <= plain:
        return f"training with noise makes it {plain / denoised:.1f} times smaller"
    return f"training with noise makes it {denoised / plain:.1f} times larger"


def _pair() -> str:
    help_text = "Two networks of one architecture, one of them trained with noise"
    return parts.one_of("denoisers", "Networks", list(PAIRS), help_text)
