"""Step 5: a small code and a large one under noise N(mu, sigma)."""

import streamlit as st

from core.noise import Noise
from core.robustness import crossings
from pages.ui.figures.text import noise_name, plain
from pages.ui.learn import noise_figure, parts
from pages.ui.learn.parts import GoOn
from pages.ui.noise import controls
from pages.ui.robust import chart as robust_chart
from pages.ui.session import widgets
from pages.ui.session.registry import ROBUSTNESS

OUTPUTS = {
    "bounded": ("mnist-dense-2", "mnist-overcomplete"),
    "linear": ("mnist-pca-2", "mnist-overcomplete-linear"),
}


def draw() -> None:
    """Draw the switches, the sentences and the curves."""
    with parts.row_of_controls():
        output = _output()
        mu = _mu()
        clip = controls.clip_switch()
    cards = parts.models(OUTPUTS[output])
    noise = Noise("gaussian", 0.0, mu, clip)
    found = noise_figure.study(cards, noise)
    small, large = cards
    (pair,) = crossings.pairs(found.models, found.sigmas, found.metric)
    parts.say(
        f"Noise N(μ, σ) is added to every pixel. One model has D' = {small.latent_dim}, the other "
        f"D' = {large.latent_dim:,} for {small.input_shape[1] * small.input_shape[2]} pixels"
        f"{'' if small.noise or large.noise else '; neither was trained with noise'}. Which is "
        "nearer to the clean image?",
        f"With {output} output and {plain(noise_name(noise))}, on {noise_figure.measured_on()}: "
        f"**{plain(crossings.crossing_sentence(pair))}** {plain(robust_chart.summary(found))}",
        "The answer depends on the output layer and on clipping (noisy pixels limited to [0, 1]): "
        f"try all switches.{_remark(small.architecture.closed_form)}",
    )
    sigma = noise_figure.draw(
        cards, noise, noise_figure.chart(found, cards), f"learn_enduring_{output}"
    )
    way = parts.on_digits(
        large, models=[card.name for card in cards], **ROBUSTNESS.open("Curves"),
        **noise_figure.onwards(noise, sigma), **noise_figure.measured_there(),
    )  # fmt: skip
    parts.go_on(GoOn("Robustness: more models, the same noise", "pages/robustness.py", way))


def _remark(linear: bool) -> str:
    return " (Here the small one is PCA, whose output is linear.)" if linear else ""


def _output() -> str:
    help_text = "Bounded: a sigmoid keeps every pixel in [0, 1]. Linear: any number is possible"
    return parts.one_of("output", "Output of the networks", list(OUTPUTS), help_text)


def _mu() -> float:
    return widgets.number(
        st.slider,
        "Mean μ",
        -0.5,
        0.5,
        key="mu",
        default=0.0,
        step=0.05,
        width=200,
        help="Mean of the noise: above 0 it brightens the image, below 0 it darkens it",
    )
